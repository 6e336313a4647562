"""Nearest examples by brute force, exact, in memory for one batch and the nearest found so far."""

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor


class Nearest(NamedTuple):
    """What lies nearest to each of Q queries.

    Attributes:
        distances: (Q, K) Euclidean, in order.
        places: (Q, K) positions among all that were looked at.
        examples: (Q, K, ...) the examples themselves.
        num_looked_at: how many there were.
    """

    distances: Tensor
    places: Tensor
    examples: Tensor
    num_looked_at: int


def nearest(queries: Tensor, batches: Iterable[Tensor], number: int, own_places: Tensor | None = None) -> Nearest:
    """The examples of ``batches`` that are nearest to each of ``queries``, by Euclidean distance.

    Args:
        queries: (Q, ...).
        batches: (N, ...) each, on the queries' device.
        number: K, examples for each query; fewer where there are not so many.
        own_places: (Q,) positions that do not count, such as a query's own among the examples; -1 for none.

    >>> nearest(torch.tensor([[0.0], [9.0]]), [torch.tensor([[1.0], [2.0]]), torch.tensor([[8.0]])], number=1).examples
    tensor([[[1.]],
    <BLANKLINE>
            [[8.]]])
    """
    own = torch.full((len(queries),), -1) if own_places is None else own_places
    shape = (len(queries), 0)
    squares, places = queries.new_zeros(shape), torch.zeros(shape, dtype=torch.long, device=queries.device)
    examples, start = queries.new_zeros((*shape, *queries.shape[1:])), 0
    for batch in batches:
        here = torch.arange(start, start + len(batch), device=queries.device)
        found = torch.cdist(queries.flatten(1).double(), batch.flatten(1).double()).square().to(squares.dtype)
        found[here == own.to(queries.device)[:, None]] = torch.inf
        squares, places = torch.cat([squares, found], 1), torch.cat([places, here.expand(len(queries), -1)], 1)
        squares, kept = squares.topk(min(number, squares.shape[1]), largest=False)
        places = places.gather(1, kept)
        examples = _kept(examples, batch, kept)
        start += len(batch)
    return Nearest(squares.sqrt(), places, examples, start)


def _kept(examples: Tensor, batch: Tensor, kept: Tensor) -> Tensor:
    """Of the examples kept so far (Q, K, ...) and those of a batch (N, ...), the ones at positions ``kept`` (Q, K')."""
    rows = torch.arange(len(kept), device=kept.device)[:, None]
    num_before = examples.shape[1]
    new = batch[(kept - num_before).clamp(min=0)]
    if not num_before:
        return new
    old = examples[rows, kept.clamp(max=num_before - 1)]
    is_new = (kept >= num_before).view(*kept.shape, *[1] * (batch.ndim - 1))
    return torch.where(is_new, new, old)
