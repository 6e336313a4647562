"""Examples that measurements look at: made by the averaged generator, and drawn evenly from a set of real ones."""

from collections.abc import Iterator

import torch
from torch import Tensor

from equipoise.core.seeding import derived_seed
from equipoise.data import Source
from equipoise.training.diagnosis.position import NotMeasuredError, Position
from equipoise.training.guarding.probe import largest


def generated(position: Position, name: str) -> Iterator[Tensor]:
    """``num_samples`` examples of the averaged generator, batch by batch.

    Raises:
        NotMeasuredError: they, or the generator's weights, are not finite.
    """
    if not bool(largest(list(position.session.average.module.parameters())).isfinite()):
        raise NotMeasuredError("The weights of the averaged generator are not finite.")
    number, size = position.settings.num_samples, position.session.settings.evaluation.batch_size
    generator = torch.Generator(position.session.device).manual_seed(_seed(position, name))
    for start in range(0, number, size):
        part = position.session.generate(min(size, number - start), generator)
        if not bool(part.isfinite().all()):
            raise NotMeasuredError("The generator makes numbers that are not finite.")
        yield part
        position.on_progress(f"{name}: generated examples", start + len(part), number)


def rows_of(position: Position, source: Source, most: int, name: str) -> Tensor:
    """Numbers of at most ``most`` examples of a finite set, drawn evenly, in random order."""
    assert source.num_examples is not None, "an endless source gives fresh examples, not a part of a set"
    draw = torch.Generator().manual_seed(_seed(position, name))
    return torch.randperm(source.num_examples, generator=draw)[:most]


def real(position: Position, source: Source, rows: Tensor, name: str) -> Iterator[Tensor]:
    """The examples numbered ``rows`` of a finite set, batch by batch in the order of the set, not of ``rows``."""
    wanted, start = rows.sort().values, 0
    for batch in source.ordered(position.session.settings.evaluation.batch_size, position.session.device):
        here = wanted[(wanted >= start) & (wanted < start + len(batch.examples))] - start
        start += len(batch.examples)
        if len(here):
            yield batch.examples[here.to(batch.examples.device)]
        position.on_progress(f"{name}: {source.name}", start, source.num_examples or start)


def in_order_of(rows: Tensor, values: Tensor) -> Tensor:
    """``values``, as `real` gives them, brought into the order of ``rows``.

    >>> in_order_of(torch.tensor([7, 2, 5]), torch.tensor([20, 50, 70]))
    tensor([70, 20, 50])
    """
    return values[rows.argsort().argsort().to(values.device)]


def _seed(position: Position, name: str) -> int:
    return derived_seed(position.settings.seed, f"diagnosis/{name}")
