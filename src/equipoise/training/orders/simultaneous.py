"""Simultaneous gradient descent: both gradients at the same point, then both steps."""

from equipoise.games import LossTerms
from equipoise.training.orders.order import Match, Order


class Simultaneous(Order):
    """Both players move from (theta_n, w_n), as in the theory of TTUR, of conjugate gradients and of the dual flow.

    Extra discriminator steps, if any, come before the shared one. Both losses come from one pass of each network.
    """

    def play(self, match: Match) -> tuple[LossTerms, LossTerms]:
        """Play the extra discriminator updates, then one update of both."""
        match.update_disc_alone(self.num_disc_steps - 1)
        terms, gradients = match.joint_gradient(next(match.batches))
        match.apply(gradients)
        return terms
