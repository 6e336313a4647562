"""Both players' gradients on a batch, without a graph, as lists laid out like their parameters."""

from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor

from equipoise.core.batches import Batch
from equipoise.core.seeding import Streams
from equipoise.games import LossTerms
from equipoise.training.diagnosis.position import Position
from equipoise.training.noise import unchanged_buffers

Gradient = list[Tensor]


def loss_terms(position: Position, batch: Batch, streams: Streams) -> tuple[LossTerms, LossTerms]:
    """Loss terms of (disc, gen) with their graphs, in the run's precision."""
    game = position.session.board.game
    with position.session.match.precision():
        return game.terms(batch, game.generate(batch, streams), streams)


def gradient_of(loss: Tensor, parameters: Iterable[Tensor]) -> Gradient:
    """Gradient of ``loss``, zeros where a parameter has no part in it; the graph is kept."""
    return list(
        torch.autograd.grad(loss, list(parameters), retain_graph=True, allow_unused=True, materialize_grads=True)
    )


def mean_field(position: Position, batches: Sequence[Batch], draw_streams: Callable[[], Streams]) -> Gradient:
    """The mean over batches of v = (grad_D L_D, grad_G L_G), without the noise of games between points.

    The same streams each time give the same field.
    """
    game = position.noiseless_game
    streams, total = draw_streams(), list[Tensor]()
    with unchanged_buffers(game):
        for batch in batches:
            with position.session.match.precision():
                disc, gen = game.terms(batch, game.generate(batch, streams), streams)
            both = gradient_of(disc.total, game.disc.parameters()) + gradient_of(gen.total, game.gen.parameters())
            total = list(torch._foreach_add(total, both)) if total else both
    return list(torch._foreach_div(total, float(len(batches))))


def inner(one: Sequence[Tensor], other: Sequence[Tensor]) -> float:
    """Inner product over all entries, summed in float64."""
    parts = [(a.double() * b.double()).sum() for a, b in zip(one, other, strict=True)]
    return float(torch.stack(parts).sum())
