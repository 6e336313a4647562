"""How long both players' gradients are, and how far gradients of independent batches agree.

With g_1 ... g_K a player's gradients on K independent batches at the same weights:

    cosine       mean of cos(g_i, g_j) over pairs: 1 where a batch says all, 0 where it is noise
    consensus    |mean g| / mean |g|: the same in one number, 1/sqrt(K) where gradients are pure noise

Of a penalised discriminator the penalty's gradient is set beside that of the adversarial loss.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from equipoise.core import vectors
from equipoise.games import LossTerms
from equipoise.training.diagnosis.fields import Gradient, gradient_of, inner, loss_terms
from equipoise.training.diagnosis.position import NotMeasuredError, Position
from equipoise.training.noise import unchanged_buffers


@dataclass(frozen=True)
class PlayerGradient:
    """One player's gradients.

    Attributes:
        norm: mean |g| over batches.
        mean_norm: |mean g|.
        cosine: mean cosine between gradients of two batches; None where a gradient vanishes.
        angle: the same in degrees.
        consensus: |mean g| / mean |g|; None likewise.
        penalty_norm: mean norm of the penalty's gradient; None without a penalty.
        penalty_cosine: mean cosine between the penalty's and the adversarial gradient; None likewise.
    """

    norm: float
    mean_norm: float
    cosine: float | None
    angle: float | None
    consensus: float | None
    penalty_norm: float | None
    penalty_cosine: float | None


@dataclass(frozen=True)
class Gradients:
    """Both players' gradients.

    Attributes:
        disc: the discriminator's.
        gen: the generator's.
        num_batches: K.
    """

    disc: PlayerGradient
    gen: PlayerGradient
    num_batches: int


def measure_gradients(position: Position) -> Gradients:
    """Gradients on fresh independent batches."""
    position.require_finite()
    game, number = position.session.board.game, position.settings.num_batches
    streams, disc, gen = position.streams("gradients"), _Tally(), _Tally()
    with unchanged_buffers(game):
        for done, batch in enumerate(position.batches("gradients", number), start=1):
            disc_terms, gen_terms = loss_terms(position, batch, streams)
            disc.add(disc_terms, list(game.disc.parameters()))
            gen.add(gen_terms, list(game.gen.parameters()))
            position.on_progress("gradients", done, number)
    return Gradients(disc.finish(), gen.finish(), number)


class _Tally:
    """Sums over batches, so that no more than two gradients are held."""

    def __init__(self) -> None:
        self._sum: Gradient = []
        self._unit_sum: Gradient = []
        self._norms: list[float] = []
        self._penalties: list[tuple[float, float | None]] = []

    def add(self, terms: LossTerms, parameters: list[Tensor]) -> None:
        gradient = gradient_of(terms.total, parameters)
        norm = float(vectors.norm(gradient))
        if not math.isfinite(norm):
            raise NotMeasuredError("A gradient is not finite.")
        self._norms.append(norm)
        self._sum = _sum(self._sum, gradient)
        if norm:
            self._unit_sum = _sum(self._unit_sum, list(torch._foreach_div(gradient, norm)))
        if terms.penalty is not None and terms.penalty.requires_grad:
            self._add_penalty(gradient_of(terms.penalty, parameters), gradient)

    def _add_penalty(self, penalty: Gradient, total: Gradient) -> None:
        adversarial = list(torch._foreach_sub(total, penalty))
        norms = float(vectors.norm(penalty)), float(vectors.norm(adversarial))
        cosine = inner(penalty, adversarial) / (norms[0] * norms[1]) if norms[0] and norms[1] else None
        self._penalties.append((norms[0], cosine))

    def finish(self) -> PlayerGradient:
        number, norm = len(self._norms), sum(self._norms) / len(self._norms)
        mean_norm = float(vectors.norm(self._sum)) / number
        cosine = None
        if all(self._norms):
            square = inner(self._unit_sum, self._unit_sum)
            cosine = min(max((square - number) / (number * (number - 1)), -1.0), 1.0)
        cosines = [cosine for _, cosine in self._penalties if cosine is not None]
        return PlayerGradient(
            norm,
            mean_norm,
            cosine,
            None if cosine is None else math.degrees(math.acos(cosine)),
            mean_norm / norm if norm else None,
            sum(length for length, _ in self._penalties) / number if self._penalties else None,
            sum(cosines) / len(cosines) if cosines else None,
        )


def _sum(total: Gradient, more: Gradient) -> Gradient:
    return list(torch._foreach_add(total, more)) if total else more
