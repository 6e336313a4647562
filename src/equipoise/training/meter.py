"""Losses summed on the device and read by the host once per logging interval."""

import torch
from torch import Tensor

from equipoise.games import LossTerms

NAMES = ("disc_loss", "disc_penalty", "gen_loss", "gen_penalty")


class LossMeter:
    """Means of the adversarial and penalty terms of both players since the last reading."""

    def __init__(self, device: torch.device) -> None:
        self._sums = torch.zeros(len(NAMES), device=device)
        self._zero = torch.zeros((), device=device)
        self._num_rounds = 0

    @torch.no_grad()
    def add(self, disc: LossTerms, gen: LossTerms) -> None:
        """Add one round's terms; no host read."""
        terms = (disc.adversarial, disc.penalty, gen.adversarial, gen.penalty)
        self._sums += torch.stack([self._zero if term is None else term.detach() for term in terms])
        self._num_rounds += 1

    def read(self) -> dict[str, float]:
        """Means by name, read from the device; starts a new interval."""
        means = dict(zip(NAMES, (self._sums / max(self._num_rounds, 1)).tolist(), strict=True))
        self._sums.zero_()
        self._num_rounds = 0
        return means

    def total(self) -> Tensor:
        """The sum of all terms since the last reading, a scalar on the device: finite only if every loss was."""
        return self._sums.sum()

    def state_dict(self) -> dict[str, Tensor | int]:
        """The open interval."""
        return {"sums": self._sums.clone(), "num_rounds": self._num_rounds}

    def load_state_dict(self, state: dict[str, Tensor | int]) -> None:
        """Go on with an open interval."""
        sums, num_rounds = state["sums"], state["num_rounds"]
        assert isinstance(sums, Tensor)
        assert isinstance(num_rounds, int)
        self._sums.copy_(sums)
        self._num_rounds = num_rounds
