"""Lookahead for games: play k rounds of any order, then go back part of the way, with both players at once.

    after every k rounds:   z <- s + alpha (z - s),   s <- z        z the (fast) weights, s the slow ones

(Zhang et al. 2019; Chavdarova et al. 2021 for GANs.) A linear order whose round is z <- M z becomes
(1 - alpha) I + alpha M^k over k rounds: a rotation that grows slowly is averaged into a contraction.

Optimisers keep their state when the weights go back, as in the paper; buffers of the networks are not averaged.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from equipoise.core import vectors
from equipoise.games import LossTerms
from equipoise.training.orders.alternating import Alternating
from equipoise.training.orders.order import Match, Order


class Lookahead(Order):
    """A wrapper around another order; gradients, batches and discriminator steps are those of the other.

    Args:
        num_disc_steps: discriminator updates per round of the inner order.
        inner: makes the inner order from the number of discriminator steps.
        every: rounds between two steps back, k.
        weight: of the fast weights, alpha in (0, 1]; 1 is the inner order.
    """

    def __init__(
        self,
        num_disc_steps: int = 1,
        inner: Callable[[int], Order] = Alternating,
        every: int = 5,
        weight: float = 0.5,
    ) -> None:
        super().__init__(num_disc_steps)
        self.inner, self.every, self.weight = inner(num_disc_steps), every, weight
        self._num_rounds = 0
        self._slow: tuple[tuple[Tensor, ...], ...] = ()  # of disc and gen; empty before the first round

    @property
    def num_batches(self) -> int:
        """As many as the inner order takes."""
        return self.inner.num_batches

    def play(self, match: Match) -> tuple[LossTerms, LossTerms]:
        """Play one round of the inner order; after every k-th one, step back."""
        self._slow = self._slow or weights(match)
        terms = self.inner.play(match)
        self._num_rounds += 1
        if self._num_rounds % self.every == 0:
            self._step_back(match)
        return terms

    def _step_back(self, match: Match) -> None:
        for player, slow in zip((match.disc, match.gen), self._slow, strict=True):
            vectors.lerp_(player.parameters, slow, 1 - self.weight)
        match.game.constrain_disc()
        self._slow = weights(match)

    def state_dict(self) -> dict[str, Any]:
        """The slow weights of (disc, gen), the rounds played and what the inner order remembers."""
        return {"slow": self._slow, "num_rounds": self._num_rounds, "inner": self.inner.state_dict()}

    def load_state_dict(self, state: dict[str, Any], match: Match) -> None:
        """Go on from a saved state."""
        self._slow = weights(match) if state["slow"] else ()
        for slow, saved in zip(self._slow, state["slow"], strict=True):
            torch._foreach_copy_(slow, saved)
        self._num_rounds = state["num_rounds"]
        self.inner.load_state_dict(state["inner"], match)


def weights(match: Match) -> tuple[tuple[Tensor, ...], ...]:
    """Copies of the weights of (disc, gen)."""
    players = (match.disc, match.gen)
    return tuple(tuple(weight.detach().clone() for weight in player.parameters) for player in players)
