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


def real(position: Position, source: Source, most: int, name: str) -> Iterator[Tensor]:
    """At most ``most`` examples of a finite set, drawn evenly from all of it, batch by batch in the set's order."""
    total = source.num_examples
    assert total is not None, "an endless source gives fresh examples, not a part of a set"
    draw = torch.Generator().manual_seed(_seed(position, name))
    wanted, start = torch.randperm(total, generator=draw)[:most].sort().values, 0
    for batch in source.ordered(position.session.settings.evaluation.batch_size, position.session.device):
        here = wanted[(wanted >= start) & (wanted < start + len(batch.examples))] - start
        start += len(batch.examples)
        if len(here):
            yield batch.examples[here.to(batch.examples.device)]
        position.on_progress(f"{name}: {source.name}", start, total)


def shuffled(position: Position, rows: Tensor, name: str) -> Tensor:
    """``rows`` in random order."""
    draw = torch.Generator().manual_seed(_seed(position, f"{name}/order"))
    return rows[torch.randperm(len(rows), generator=draw)]


def _seed(position: Position, name: str) -> int:
    return derived_seed(position.settings.seed, f"diagnosis/{name}")
