"""Simultaneous gradient descent: both gradients at the same point, then both steps."""

import torch

from equipoise.games import LossTerms
from equipoise.training.orders.order import Match, Order


class Simultaneous(Order):
    """Both players move from (theta_n, w_n), as in the theory of TTUR, of conjugate gradients and of the dual flow.

    Extra discriminator steps, if any, come before the shared one. Both losses come from one pass of each network.
    """

    def play(self, match: Match) -> tuple[LossTerms, LossTerms]:
        """Play the extra discriminator updates, then one update of both."""
        for _ in range(self.num_disc_steps - 1):
            batch = next(match.batches)
            with torch.no_grad(), match.precision():
                move = match.game.generate(batch, match.streams)
            match.update_disc(batch, move)
        batch = next(match.batches)
        with match.precision():
            move = match.game.generate(batch, match.streams)
            disc_terms, gen_terms = match.game.terms(batch, move, match.streams)
        disc_gradients = match.disc.gradients(disc_terms.total, retain_graph=True)
        match.gen.apply(match.gen.gradients(gen_terms.total))
        match.disc.apply(disc_gradients)
        match.game.constrain_disc()
        return disc_terms, gen_terms
