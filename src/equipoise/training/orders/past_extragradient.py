"""Extrapolation from the past: the extragradient method at half its price.

    z'_n    = z_n - h F(z'_(n-1))      the extrapolation, along the gradient of the round before
    z_(n+1) = z_n - h F(z'_n)

(Popov 1980; Gidel et al. 2019, algorithm 3.) One gradient evaluation of either player and one batch per round. The
first round has no past, so it does not extrapolate. The sequence z'_n obeys the recursion of the ``optimistic`` order;
what is kept and evaluated here is z_n. The extrapolation is the optimiser's own step, as in ``extragradient``.
"""

from typing import Any

from equipoise.games import LossTerms
from equipoise.training.orders.order import JointGradient, Match, Order, on_device_of
from equipoise.training.player import copied


class PastExtragradient(Order):
    """Both players extrapolate along their last gradients.

    Extra discriminator updates are plain, as in `Extragradient`, and leave the remembered gradient alone.

    Args:
        num_disc_steps: discriminator updates per round.
        extrapolation: length of the extrapolation relative to the update; 0 is simultaneous descent.
    """

    def __init__(self, num_disc_steps: int = 1, extrapolation: float = 1.0) -> None:
        super().__init__(num_disc_steps)
        self.extrapolation = extrapolation
        self._previous: JointGradient | None = None

    def play(self, match: Match) -> tuple[LossTerms, LossTerms]:
        """Play one round; the loss terms are those at the extrapolated point, the only ones there are."""
        match.update_disc_alone(self.num_disc_steps - 1)
        batch = next(match.batches)
        if self._previous is None:
            terms, ahead = match.joint_gradient(batch)
        else:
            with match.extrapolated(self._previous, self.extrapolation):
                terms, ahead = match.joint_gradient(batch)
        # A copy, because what is applied belongs to the optimiser, and hooks such as clipping write to it.
        self._previous = JointGradient(*copied(tuple(ahead)))
        match.apply(ahead)
        return terms

    def state_dict(self) -> dict[str, Any]:
        """The gradients that the next round extrapolates along."""
        return {} if self._previous is None else self._previous._asdict()

    def load_state_dict(self, state: dict[str, Any], match: Match) -> None:
        """Go on from a saved state."""
        self._previous = None
        if state:
            disc, gen = on_device_of(match.disc, state["disc"]), on_device_of(match.gen, state["gen"])
            self._previous = JointGradient(disc, gen)
