"""Losses summed on the device and read by the host once per logging interval."""

import torch
from torch import Tensor

from equipoise.games import LossTerms

_ALWAYS = ("disc_loss", "disc_penalty", "gen_loss", "gen_penalty")
_WHERE_GIVEN = ("disc_auxiliary", "gen_auxiliary", "disc_accuracy", "gen_accuracy")
NAMES = _ALWAYS + _WHERE_GIVEN


class LossMeter:
    """Means of what the terms of both players hold since the last reading: losses unweighted, and accuracies.

    A term that a game does not have counts as 0, if it is a loss or a penalty, and is left out, if it is another.
    """

    def __init__(self, device: torch.device) -> None:
        self._sums = torch.zeros(len(NAMES), device=device)
        self._zero = torch.zeros((), device=device)
        self._num_rounds = 0
        self._given: set[str] = set(_ALWAYS)

    @torch.no_grad()
    def add(self, disc: LossTerms, gen: LossTerms) -> None:
        """Add one round's terms; no host read."""
        losses = (disc.adversarial, disc.penalty, gen.adversarial, gen.penalty)
        others = (disc.auxiliary, gen.auxiliary, disc.accuracy, gen.accuracy)
        self._given.update(name for name, term in zip(_WHERE_GIVEN, others, strict=True) if term is not None)
        self._sums += torch.stack([self._zero if term is None else term.detach() for term in losses + others])
        self._num_rounds += 1

    def read(self) -> dict[str, float]:
        """Means by name, read from the device; starts a new interval."""
        means = dict(zip(NAMES, (self._sums / max(self._num_rounds, 1)).tolist(), strict=True))
        self._sums.zero_()
        self._num_rounds = 0
        return {name: value for name, value in means.items() if name in self._given}

    def total(self) -> Tensor:
        """The sum of all terms since the last reading, a scalar on the device: finite only if every loss was."""
        return self._sums.sum()

    def state_dict(self) -> dict[str, Tensor | int]:
        """The open interval."""
        return {"sums": self._sums.clone(), "num_rounds": self._num_rounds}

    def load_state_dict(self, state: dict[str, Tensor | int]) -> None:
        """Go on with an open interval, also with one of before the terms that come last were kept."""
        sums, num_rounds = state["sums"], state["num_rounds"]
        assert isinstance(sums, Tensor)
        assert isinstance(num_rounds, int)
        self._sums.zero_()[: len(sums)].copy_(sums)
        self._num_rounds = num_rounds
