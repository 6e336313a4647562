"""The gap-aware factor of a player while it learns: the curve of ``gap`` at a moving average of its loss.

    V_hat <- 0.95 V_hat + 0.05 V_batch,   V_hat = V* at the start           (Hazimeh & Ponomareva 2023, algorithm 1)

V_batch is the player's adversarial loss on the batch of the update that is about to happen: penalties, weight decay and
auxiliary terms have no part in V*, so they stay out. The average is kept by the host in double precision; how the
loss gets there is ``reading``'s matter. Losses that are not finite are passed over: one overflow under mixed precision,
which a gradient scaler skips as well, would otherwise stay in the average for good.

In a process group of `torch.distributed` the loss is averaged over all processes first, or their rates would part.
"""

import math
from typing import Any

import torch
from torch import Tensor

from equipoise.core.errors import UserError
from equipoise.schedules.gap import GapCurve, gap_factor
from equipoise.schedules.reading import Reader


class GapAware:
    """Follows one player's loss.

    Args:
        ideal_loss: V*, of the same reduction as the losses to come (the sum of the real and the fake term).
        curve: the factor's shape; None for the paper's around ``ideal_loss``.
        average: constant of the moving average in [0, 1).
        late: see `Reader`.

    Attributes:
        loss: the moving average V_hat.

    Raises:
        UserError: the ideal value is not finite, or the constant is out of its range.

    >>> gap = GapAware(ideal_loss=math.log(4))
    >>> gap.factor
    1.0
    >>> for _ in range(100):
    ...     gap.observe(1.0)  # far below log 4 = 1.386: the discriminator is winning
    >>> round(gap.loss, 3), gap.factor
    (1.002, 0.1)
    """

    def __init__(
        self,
        ideal_loss: float,
        curve: GapCurve | None = None,
        *,
        average: float = 0.95,
        late: bool | None = None,
    ) -> None:
        if not math.isfinite(ideal_loss):
            raise UserError(f"The gap-aware factor was given ideal_loss={ideal_loss!r}; it has to be finite.")
        if not 0 <= average < 1:
            raise UserError(f"The gap-aware factor was given average={average!r}; it has to be in [0, 1).")
        self.ideal_loss, self.average = float(ideal_loss), average
        self.curve = curve or GapCurve.around(ideal_loss)
        self.loss = self.ideal_loss
        self._reader = Reader(late=late)

    @property
    def gap(self) -> float:
        """The moving average minus the ideal value: below 0 the player is ahead."""
        return self.loss - self.ideal_loss

    @property
    def factor(self) -> float:
        """What the base rate is to be multiplied by now."""
        return gap_factor(self.loss, self.ideal_loss, self.curve)

    def observe(self, loss: float | Tensor) -> None:
        """Take in the adversarial loss (a number, or a tensor of one element) of the update about to happen."""
        value = self._reader.read(averaged_over_processes(loss))
        if value is not None and math.isfinite(value):
            self.loss = self.average * self.loss + (1 - self.average) * value

    def state_dict(self) -> dict[str, Any]:
        """The average, and the loss that is still on its way; waits for it."""
        return {"loss": self.loss, "waiting": self._reader.waiting()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self.loss = state["loss"]
        self._reader.put_back(state["waiting"])


def averaged_over_processes(loss: float | Tensor) -> float | Tensor:
    """The mean of ``loss`` over the default process group, on every process; ``loss`` itself where there is none."""
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return loss
    mean = loss.detach().clone() if isinstance(loss, Tensor) else torch.tensor(loss, dtype=torch.float64)
    if mean.device.type == "cpu" and "gloo" not in torch.distributed.get_backend():
        mean = mean.to(torch.accelerator.current_accelerator())
    torch.distributed.all_reduce(mean)
    return mean / torch.distributed.get_world_size()
