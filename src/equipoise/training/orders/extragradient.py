"""The extragradient method: look one step ahead, then step from where you stood along the gradient found there.

    z'      = z_n - h F(z_n)           the extrapolation; F is the pair of gradients, z the pair of players
    z_(n+1) = z_n - h F(z')

(Korpelevich 1976; Gidel et al. 2019 for GANs, with an optimiser's step in the place of -h F.) On a bilinear game it
shrinks the distance to the solution where simultaneous descent grows it.

Each extrapolation is the step that the player's own optimiser would take; its state moves on once per round, with
the second gradient. (ExtraAdam of Gidel et al. also feeds the first one to Adam's moments.) The two gradients are
taken on two batches and two moves, as their theorem needs; Mishchenko et al. (2020), who use one sample twice, are not
followed. Cost: two gradient evaluations of either player per round.
"""

from equipoise.games import LossTerms
from equipoise.training.orders.order import Match, Order


class Extragradient(Order):
    """Both players extrapolate, and both answer the extrapolated opponent.

    Extra discriminator updates come before the shared one. They face a generator that stands still, where there is
    no game to look ahead in, so they are plain and cost one gradient each.

    Args:
        num_disc_steps: discriminator updates per round.
        extrapolation: length of the extrapolation relative to the update. 0 is simultaneous descent with a second
            batch; above 1 explores further than it moves, which noise asks for (Hsieh et al. 2020).
    """

    def __init__(self, num_disc_steps: int = 1, extrapolation: float = 1.0) -> None:
        super().__init__(num_disc_steps)
        self.extrapolation = extrapolation

    @property
    def num_batches(self) -> int:
        """One for each discriminator update, and one for the extrapolation."""
        return self.num_disc_steps + 1

    def play(self, match: Match) -> tuple[LossTerms, LossTerms]:
        """Play one round; the loss terms are those before the extrapolation, at the weights that the run keeps."""
        match.update_disc_alone(self.num_disc_steps - 1)
        terms, here = match.joint_gradient(next(match.batches))
        with match.extrapolated(here, self.extrapolation):
            _, ahead = match.joint_gradient(next(match.batches), observed=False)
        match.apply(ahead)
        return terms
