"""Eigenvalues of the game's Jacobian and of both Hessians at a checkpoint, and the verdict on the point.

What is linearised are the losses on a fixed sample of examples and latents, in training mode: eigenvalues that are
small beside the noise of that sample say little, and another ``seed`` shows how much they move.
"""

import functools
import math
from dataclasses import dataclass

import numpy as np
from torch import nn

from equipoise.networks import dropouts
from equipoise.training.diagnosis.eigenvalues import Budget, of_general, of_symmetric
from equipoise.training.diagnosis.linearise import Linearisation
from equipoise.training.diagnosis.position import NotMeasuredError, Position
from equipoise.training.diagnosis.verdict import Ends, Verdict, judge
from equipoise.training.noise import unchanged_buffers


@dataclass(frozen=True)
class Spectrum:
    """The game near a checkpoint, to first order.

    Attributes:
        verdict: what the point is like.
        jacobian: eigenvalues of the Jacobian of both gradients; positive real parts attract.
        disc_hessian: of the discriminator's loss in its own parameters; real.
        gen_hessian: of the generator's; real.
        disc_gradient: norm of the discriminator's gradient on the sample.
        gen_gradient: the generator's.
        num_disc: parameters of the discriminator.
        num_gen: parameters of the generator.
        num_examples: of the sample; 0 of a game without examples.
        notes: what to bear in mind.
    """

    verdict: Verdict
    jacobian: Ends
    disc_hessian: Ends
    gen_hessian: Ends
    disc_gradient: float
    gen_gradient: float
    num_disc: int
    num_gen: int
    num_examples: int
    notes: tuple[str, ...]

    def moving(self, disc_noise: float, gen_noise: float) -> tuple[str, ...]:
        """The players whose gradient is longer than twice what the sample's noise makes it at a stationary point.

        Args:
            disc_noise: tr(Sigma) of the discriminator, the variance of one example's gradient.
            gen_noise: the generator's.
        """
        players = (("discriminator", self.disc_gradient, disc_noise), ("generator", self.gen_gradient, gen_noise))
        return tuple(
            name
            for name, gradient, noise in players
            if gradient > max(2 * math.sqrt(max(noise, 0.0) / max(self.num_examples, 1)), 1e-6)
        )


def measure_spectrum(position: Position) -> Spectrum:
    """Linearise the game where it stands."""
    position.require_finite()
    game, settings = position.noiseless_game, position.settings
    batches = position.batches("spectrum", settings.jacobian_batches)
    with unchanged_buffers(game):
        near = Linearisation(game, batches, position.streams("spectrum"))
        field = near.field
        if not np.isfinite(field).all():
            raise NotMeasuredError("The gradients are not finite.")
        try:
            jacobian, disc, gen = spectra(near, _budget(position))
        except FloatingPointError as error:
            raise NotMeasuredError(str(error)) from error
    disc_gradient, gen_gradient = (float(np.linalg.norm(part)) for part in np.split(field, [near.num_disc]))
    return Spectrum(
        judge(jacobian, disc, gen),
        jacobian,
        disc,
        gen,
        disc_gradient,
        gen_gradient,
        near.num_disc,
        near.num_gen,
        sum(len(batch.examples) for batch in batches) if position.session.board.source else 0,
        notes(position),
    )


def spectra(near: Linearisation, budget: Budget) -> tuple[Ends, Ends, Ends]:
    """Of the Jacobian, the discriminator's Hessian and the generator's."""
    jacobian = of_general(near.transposed, near.size, budget, "Jacobian")
    disc = of_symmetric(near.disc_hessian, near.num_disc, budget, "Discriminator's Hessian")
    gen = of_symmetric(near.gen_hessian, near.num_gen, budget, "Generator's Hessian")
    sizes = (near.size, near.num_disc, near.num_gen)
    found = zip((jacobian, disc, gen), sizes, strict=True)
    one, two, three = (Ends.of(each, size, near.epsilon) for each, size in found)
    return one, two, three


def _budget(position: Position) -> Budget:
    settings = position.settings
    return Budget(
        settings.num_eigenvalues,
        settings.max_products,
        settings.accuracy,
        settings.dense_up_to,
        settings.seed,
        functools.partial(position.on_progress),
    )


def notes(position: Position) -> tuple[str, ...]:
    """What a linearisation of this game leaves out."""
    session, found = position.session, []
    modules = [*session.board.game.disc.modules(), *session.board.game.gen.modules()]
    if any("SpectralNorm" in type(module).__name__ for module in modules):
        found.append("The singular vectors of spectral normalisation are held fixed.")
    if dropouts(session.board.game.disc):
        found.append("The mask of dropout is held fixed.")
    if session.settings.game.clip is not None:
        found.append("Weight clipping is left out.")
    if session.settings.training.precision != "fp32":
        found.append("Taken in float32, not in the bfloat16 of training.")
    if any(isinstance(module, nn.ReLU | nn.LeakyReLU) for module in modules):
        found.append("Kinks of ReLU have no curvature at a point, so that the Hessians see less than long steps do.")
    return tuple(found)
