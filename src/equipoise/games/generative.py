"""The generative adversarial game: a generator turns latents into examples, a discriminator scores them.

Images, points or text, with or without classes. Of text a real example is one-hot and a generated one a distribution
over the symbols at each place, so that every loss and penalty is differentiable in it as it stands. Labels of the real
batch, where there are any, are handed to both networks, and an unconditional network does not read them.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from equipoise.core import vectors
from equipoise.core.batches import Batch
from equipoise.core.seeding import Streams
from equipoise.games.game import Game, LossTerms
from equipoise.games.objective import Objective
from equipoise.games.penalties import Penalty

LatentSampler = Callable[[int, torch.Generator], Tensor]


class GenerativeGame(Game[Tensor]):
    """The game of a GAN; a move is a batch of generated examples (N, ...).

    Args:
        disc: (examples (N, ...), labels (N,) or None) -> scores (N,).
        gen: (latents (N, Z), labels (N,) or None) -> examples (N, ...).
        objective: both losses.
        sample_latents: (N, generator) -> latents (N, Z).
        penalty: slope penalty of the discriminator, or None.
        penalty_weight: what the penalty is multiplied by.
        clip: bound on every discriminator weight after its update, or None.
    """

    def __init__(
        self,
        disc: nn.Module,
        gen: nn.Module,
        objective: Objective,
        sample_latents: LatentSampler,
        penalty: Penalty | None = None,
        penalty_weight: float = 1.0,
        clip: float | None = None,
    ) -> None:
        self.disc, self.gen, self.objective = disc, gen, objective
        self.ideal_disc_loss, self.ideal_gen_loss = objective.ideal_disc_loss, objective.ideal_gen_loss
        self.sample_latents = sample_latents
        self.penalty, self.penalty_weight, self.clip = penalty, penalty_weight, clip

    def generate(self, batch: Batch, streams: Streams) -> Tensor:
        """As many generated examples as ``batch`` holds, from fresh latents of the stream "latents"."""
        latents = self.sample_latents(len(batch.examples), streams["latents"])
        fake: Tensor = self.gen(latents, batch.labels)
        return fake

    def disc_terms(self, batch: Batch, move: Tensor, streams: Streams) -> LossTerms:
        """The discriminator's loss; draws from the stream "penalty" if it has one."""
        fake = move.detach()
        real_scores, fake_scores = self._scores(batch.examples, batch), self._scores(fake, batch)
        return LossTerms(self.objective.disc_loss(real_scores, fake_scores), self._penalty(batch, fake, streams))

    def gen_terms(self, batch: Batch, move: Tensor, streams: Streams) -> LossTerms:
        """The generator's loss."""
        real_scores = None
        if self.objective.gen_reads_real_scores:
            with torch.no_grad():
                real_scores = self._scores(batch.examples, batch)
        return LossTerms(self.objective.gen_loss(self._scores(move, batch), real_scores))

    def terms(self, batch: Batch, move: Tensor, streams: Streams) -> tuple[LossTerms, LossTerms]:
        """Both losses from one pass of the discriminator over each half of the batch."""
        real_scores, fake_scores = self._scores(batch.examples, batch), self._scores(move, batch)
        disc_loss = self.objective.disc_loss(real_scores, fake_scores)
        gen_loss = self.objective.gen_loss(fake_scores, real_scores)
        return LossTerms(disc_loss, self._penalty(batch, move, streams)), LossTerms(gen_loss)

    def constrain_disc(self) -> None:
        """Clip the discriminator's weights, if the game asks for it."""
        if self.clip is not None:
            vectors.clamp_(list(self.disc.parameters()), self.clip)

    def _scores(self, examples: Tensor, batch: Batch) -> Tensor:
        # Losses are computed in float32 even where the networks run in bfloat16.
        return vectors.at_least_float32(self.disc(examples, batch.labels))

    def _penalty(self, batch: Batch, fake: Tensor, streams: Streams) -> Tensor | None:
        if self.penalty is None:
            return None

        def scorer(examples: Tensor) -> Tensor:
            return self._scores(examples, batch)

        return self.penalty_weight * self.penalty(scorer, batch.examples, fake, streams["penalty"])
