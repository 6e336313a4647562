"""The seeded order in which a finite set is walked, epoch after epoch.

Permutation and flips of a whole epoch are drawn at its start, so that the state of a walk is the generator's state at
that moment and a count of batches, and so that a set that is decoded ahead of time is walked exactly as one in memory.
The remainder of an epoch that does not fill a batch is dropped; the next permutation is drawn over all examples again.
"""

from typing import Any

import torch
from torch import Tensor

from equipoise.core.errors import UserError
from equipoise.data.source import Loader

_GENERATOR, _POSITION, _NUM_EXAMPLES, _BATCH_SIZE = "generator", "position", "num_examples", "batch_size"


class EpochOrder:
    """Which examples make up each batch, and which of them are mirrored.

    Args:
        num_examples: size of the set.
        batch_size: examples a batch, at most ``num_examples``.
        generator: draws everything here.
        device: where indices and coins are wanted; by default where the generator draws.
        flip: whether to toss a coin for each example.
        name: what a person calls the set.

    Attributes:
        device: where indices and coins are.

    Raises:
        UserError: the batch is larger than the set.

    >>> order = EpochOrder(4, 2, torch.Generator().manual_seed(0), None, flip=False)
    >>> sorted(order.take()[0].tolist() + order.take()[0].tolist())
    [0, 1, 2, 3]
    """

    def __init__(
        self,
        num_examples: int,
        batch_size: int,
        generator: torch.Generator,
        device: torch.device | None,
        *,
        flip: bool,
        name: str = "",
    ) -> None:
        if batch_size > num_examples:
            raise UserError(
                f"training.batch_size is {batch_size}, but {f'data {name!r}' if name else 'the data set'} has "
                f"{num_examples} examples to train on; "
                f"choose at most {num_examples}."
            )
        self._num_examples, self._batch_size = num_examples, batch_size
        self._generator, self.device, self._flip = generator, device or generator.device, flip
        self._start_epoch()

    def _start_epoch(self) -> None:
        self._state_at_start = self._generator.get_state()
        on = self._generator.device
        order = torch.randperm(self._num_examples, generator=self._generator, device=on)
        whole = self._num_examples // self._batch_size * self._batch_size
        self._rows = order[:whole].view(-1, self._batch_size).to(self.device)
        self._coins: Tensor | None = None
        if self._flip:
            tosses = torch.rand((*self._rows.shape, 1, 1, 1), generator=self._generator, device=on)
            self._coins = (tosses < 0.5).to(self.device, torch.float32)
        self._position = 0

    def restart(self) -> None:
        """Leave this epoch and draw the next one from what the generator is now."""
        self._start_epoch()

    @property
    def finished(self) -> bool:
        """Whether every batch of the present epoch has been taken."""
        return self._position == len(self._rows)

    def take(self) -> tuple[Tensor, Tensor | None]:
        """Indices (N,) int64 of the next batch, and coins (N, 1, 1, 1) float32 in {0, 1}, or None without flips."""
        if self.finished:
            self._start_epoch()
        position, self._position = self._position, self._position + 1
        return self._rows[position], None if self._coins is None else self._coins[position]

    def upcoming(self) -> list[list[int]]:
        """Indices of the batches that `take` will give until the end of the epoch; at the end, those of the next."""
        if self.finished:
            self._start_epoch()
        rows: list[list[int]] = self._rows[self._position :].tolist()
        return rows

    def state_dict(self) -> dict[str, Any]:
        """The generator's state at the start of the epoch, the batches taken since, and what they were taken from."""
        return {
            _GENERATOR: self._state_at_start,
            _POSITION: self._position,
            _NUM_EXAMPLES: self._num_examples,
            _BATCH_SIZE: self._batch_size,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue where another order over the same set stood.

        Raises:
            UserError: the number of examples or the batch size is another.
        """
        if (state[_NUM_EXAMPLES], state[_BATCH_SIZE]) != (self._num_examples, self._batch_size):
            raise UserError(
                f"The checkpoint was made with {state[_NUM_EXAMPLES]} examples in batches of {state[_BATCH_SIZE]}, but "
                f"there are {self._num_examples} in batches of {self._batch_size}; resume with the same data and batch."
            )
        self._generator.set_state(state[_GENERATOR])
        self._start_epoch()
        self._position = state[_POSITION]


class EpochLoader(Loader):
    """A loader whose state is that of its order alone; the examples of a row are the subclass's business."""

    _order: EpochOrder

    def state_dict(self) -> dict[str, Any]:
        """See `Loader.state_dict`."""
        return self._order.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See `Loader.load_state_dict`."""
        self._order.load_state_dict(state)

    def restart(self) -> None:
        """See `Loader.restart`."""
        self._order.restart()
