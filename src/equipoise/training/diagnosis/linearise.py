"""The game's gradient field at one point, and products with its Jacobian and both Hessians, without any matrix.

    v = (grad_D L_D, grad_G L_G)            J = dv / d(theta_D, theta_G)

with L the total losses, penalties included, on fixed batches, latents and penalty points, averaged over the batches.
The discriminator comes first, as in `AnalyticGame.jacobian`. v is computed once with a graph; each product J'w is then
one backward pass through that graph: no forward pass, no differences. J' has the eigenvalues of J. The Hessians are
the diagonal blocks of J, and symmetric, so that they need no transposition.

Batch normalisation takes the statistics of its batch, as in training, and these are differentiated; the singular
vectors of spectral normalisation and the mask of dropout are held fixed. Everything is in the precision of the
parameters, without autocast. Weight clipping has no part in v.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from equipoise.core.batches import Batch
from equipoise.core.seeding import Streams
from equipoise.games import Game

Vector = NDArray[np.float64]


class Linearisation:
    """v at the point where the players stand, with its graph.

    Buffers that a forward pass changes (batch statistics, spectral vectors) must not be put back while this is in use:
    the graph refers to them. Use it inside `equipoise.training.noise.unchanged_buffers`. A product that is not finite
    raises FloatingPointError.

    Args:
        game: what is played.
        batches: real examples, of equal sizes.
        streams: randomness of all batches.

    >>> from equipoise.games import quadratic
    >>> at_origin = Linearisation(quadratic(0.5), [Batch(torch.empty(1, 0))], Streams(0))
    >>> at_origin.transposed(np.array([1.0, 0.0])).tolist()
    [0.5, -1.0]
    """

    def __init__(self, game: Game[Any], batches: Iterable[Batch], streams: Streams) -> None:
        self._players = [list(game.disc.parameters()), list(game.gen.parameters())]
        self._parameters = self._players[0] + self._players[1]
        sizes = [sum(parameter.numel() for parameter in player) for player in self._players]
        self.num_disc, self.num_gen, self.size = sizes[0], sizes[1], sum(sizes)
        self._parts = [_field(game, batch, streams, self._players) for batch in batches]
        self.epsilon = float(torch.finfo(self._parameters[0].dtype).eps)

    @property
    def field(self) -> Vector:
        """v, (m + n,)."""
        return sum((_joined(part) for part in self._parts), np.zeros(self.size)) / len(self._parts)

    def transposed(self, vector: Vector) -> Vector:
        """J'w of ``vector`` w (m + n,)."""
        return self._product(vector, 0, self.size, self._parameters)

    def disc_hessian(self, vector: Vector) -> Vector:
        """Second derivative of the discriminator's loss in its own parameters, times ``vector`` (m,)."""
        return self._product(vector, 0, self.num_disc, self._players[0])

    def gen_hessian(self, vector: Vector) -> Vector:
        """The generator's, times ``vector`` (n,)."""
        return self._product(vector, self.num_disc, self.size, self._players[1])

    def _product(self, vector: Vector, start: int, stop: int, inputs: Sequence[Tensor]) -> Vector:
        """Derivative in ``inputs`` of the inner product of ``vector`` with entries ``start`` to ``stop`` of v."""
        whole = np.zeros(self.size)
        whole[start:stop] = np.asarray(vector, dtype=np.float64).reshape(-1)
        weights = _split(whole, self._parameters)
        total = np.zeros(sum(each.numel() for each in inputs))
        for part in self._parts:
            chosen = [(own, weight) for own, weight in zip(part, weights, strict=True) if own.requires_grad]
            if chosen:
                total += _joined(_derivatives(chosen, inputs))
        if not np.isfinite(total).all():
            raise FloatingPointError("The second derivatives of the losses are not finite.")
        return total / len(self._parts)


def _field(game: Game[Any], batch: Batch, streams: Streams, players: Sequence[Sequence[Tensor]]) -> list[Tensor]:
    terms = game.terms(batch, game.generate(batch, streams), streams)
    parts: list[Tensor] = []
    for own, parameters in zip(terms, players, strict=True):
        parts += torch.autograd.grad(
            own.total, parameters, create_graph=True, allow_unused=True, materialize_grads=True
        )
    return parts


def _derivatives(chosen: list[tuple[Tensor, Tensor]], inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
    return torch.autograd.grad(
        [own for own, _ in chosen],
        inputs,
        [weight for _, weight in chosen],
        retain_graph=True,
        allow_unused=True,
        materialize_grads=True,
    )


def _joined(tensors: Iterable[Tensor]) -> Vector:
    flat = torch.cat([tensor.detach().reshape(-1) for tensor in tensors])
    return flat.cpu().double().numpy()


def _split(vector: Vector, pattern: Sequence[Tensor]) -> list[Tensor]:
    flat = torch.from_numpy(vector).to(pattern[0].dtype).to(pattern[0].device)
    parts = torch.split(flat, [each.numel() for each in pattern])
    return [part.view(each.shape) for part, each in zip(parts, pattern, strict=True)]
