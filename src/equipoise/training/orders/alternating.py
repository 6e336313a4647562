"""Alternating gradient descent: each player answers the other's newest parameters."""

import torch

from equipoise.games import LossTerms
from equipoise.training.orders.order import Match, Order


class Alternating(Order):
    """Discriminator first, as in most GAN code.

    The examples generated for the last discriminator update are used again for the generator's, whose parameters have
    not changed in between; so a round of one discriminator step costs one pass of the generator.
    """

    def play(self, match: Match) -> tuple[LossTerms, LossTerms]:
        """Play ``num_disc_steps`` discriminator updates, then one of the generator."""
        for remaining in reversed(range(self.num_disc_steps)):
            batch = next(match.batches)
            with torch.set_grad_enabled(remaining == 0), match.precision():
                move = match.game.generate(batch, match.streams)
            disc_terms = match.update_disc(batch, move)
        return disc_terms, match.update_gen(batch, move)


class AlternatingGenFirst(Order):
    """Generator first, as in the WGAN-GP code of the TTUR paper; the discriminator then answers the new generator."""

    def play(self, match: Match) -> tuple[LossTerms, LossTerms]:
        """Play one generator update, then ``num_disc_steps`` of the discriminator."""
        batch = next(match.batches)
        with match.precision():
            move = match.game.generate(batch, match.streams)
        gen_terms = match.update_gen(batch, move)
        for number in range(self.num_disc_steps):
            batch = next(match.batches) if number else batch
            with torch.no_grad(), match.precision():
                move = match.game.generate(batch, match.streams)
            disc_terms = match.update_disc(batch, move)
        return disc_terms, gen_terms
