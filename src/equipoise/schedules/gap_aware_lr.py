"""The gap-aware rate for anyone's PyTorch loop.

    scheduler = GapAwareLR(disc_optimizer, ideal_loss=math.log(4))

    scheduler.step(disc_loss)       # after the discriminator's loss is known, before its optimiser's step
    disc_optimizer.step()

The factor is applied where it acts and nowhere else: a hook multiplies each group's rate just before the optimiser's
step, another puts the group's own rate back right after it. So ``group["lr"]`` is always the *base* rate to everyone
else, whoever sets it, in whatever order they are called: torch's schedulers, many of which multiply what they find,
warm-ups, a hand. Composition is base x their factor x ours, and nothing can compound.
"""

from typing import Any

from torch import Tensor
from torch.optim import Optimizer

from equipoise.core.errors import UserError
from equipoise.schedules.gap import GapCurve
from equipoise.schedules.gap_aware import GapAware


class GapAwareLR:
    """Multiplies an optimiser's rates by the gap-aware factor (Hazimeh & Ponomareva 2023), with the paper's defaults.

    Args:
        optimizer: the discriminator's. Weight decay that is coupled to the rate (AdamW) is scaled with it.
        ideal_loss: V*: log 4 for the standard and the non-saturating GAN with summed binary cross-entropies (log 2 if
            they are averaged), 0.5 for least squares, 0 for Wasserstein, 2 for hinge;
            `equipoise.games.ideal_value` finds that of another loss.
        above: x_max, in units of the loss; None for a tenth of the ideal value, or 0.1 where that is 0.
        below: x_min, likewise.
        max_factor: f_max.
        min_factor: h_min.
        interpolation: "exponential" or "linear".
        average: constant of the loss's moving average.
        late: whether the factor sees a loss one call late; None for: at once on the CPU, late on other devices, where
            the host would have to wait for the value.

    Raises:
        UserError: a value is out of its range, or the optimiser has another `GapAwareLR` already.

    >>> import torch
    >>> weight = torch.nn.Parameter(torch.zeros(()))
    >>> optimizer = torch.optim.SGD([weight], lr=0.1)
    >>> scheduler = GapAwareLR(optimizer, ideal_loss=0.0, average=0.0)
    >>> for loss in (0.0, 5.0, -5.0):
    ...     scheduler.step(loss)
    ...     weight.grad = torch.ones(())
    ...     before = weight.item()
    ...     optimizer.step()
    ...     print(f"{before - weight.item():.3f} {scheduler.get_last_lr()[0]:.3f} {optimizer.param_groups[0]['lr']}")
    0.100 0.100 0.1
    0.200 0.200 0.1
    0.010 0.010 0.1
    """

    def __init__(
        self,
        optimizer: Optimizer,
        *,
        ideal_loss: float,
        above: float | None = None,
        below: float | None = None,
        max_factor: float = 2.0,
        min_factor: float = 0.1,
        interpolation: str = "exponential",
        average: float = 0.95,
        late: bool | None = None,
    ) -> None:
        shape: dict[str, Any] = {"max_factor": max_factor, "min_factor": min_factor, "interpolation": interpolation}
        curve = GapCurve.around(ideal_loss, above=above, below=below, **shape)
        self.optimizer, self.gap = optimizer, GapAware(ideal_loss, curve, average=average, late=late)
        self._own_rates: list[Any] = []  # of the groups, while the scaled ones stand in their place
        self._last_rates = [group["lr"] for group in optimizer.param_groups]
        if any(isinstance(getattr(hook, "__self__", None), GapAwareLR) for hook in _hooks_before(optimizer)):
            raise UserError("This optimizer has a GapAwareLR already; make one per optimizer, and only one.")
        self._hooks = [
            optimizer.register_step_pre_hook(self._scale),
            optimizer.register_step_post_hook(self._put_back),
        ]

    @property
    def factor(self) -> float:
        """What the optimiser's next step will be multiplied by."""
        return self.gap.factor

    def step(self, disc_loss: float | Tensor) -> None:
        """Take in the discriminator's adversarial loss, without penalties; call it before every step of its optimiser.

        Under gradient accumulation hand in the mean over the accumulated batches, once.
        """
        self.gap.observe(disc_loss)

    def get_last_lr(self) -> list[float]:
        """The rates that the optimiser's newest step was taken with, by group."""
        return [float(rate) for rate in self._last_rates]

    def remove(self) -> None:
        """Leave the optimiser as it was."""
        for hook in self._hooks:
            hook.remove()

    def state_dict(self) -> dict[str, Any]:
        """The loss's average and the last rates; the base rates belong to the optimiser's state."""
        return {"gap": self.gap.state_dict(), "last_rates": self.get_last_lr()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self.gap.load_state_dict(state["gap"])
        self._last_rates = list(state["last_rates"])

    def _scale(self, *_: Any) -> None:
        if self._own_rates:  # the step before failed half-way, so the rates were not put back
            self._put_back()
        factor = self.factor
        self._own_rates = [group["lr"] for group in self.optimizer.param_groups]
        for group in self.optimizer.param_groups:
            group["lr"] = group["lr"] * factor
        self._last_rates = [group["lr"] for group in self.optimizer.param_groups]

    def _put_back(self, *_: Any) -> None:
        for group, rate in zip(self.optimizer.param_groups, self._own_rates, strict=True):
            group["lr"] = rate
        self._own_rates = []


def _hooks_before(optimizer: Optimizer) -> list[Any]:
    return list(optimizer._optimizer_step_pre_hooks.values())
