"""What a complete run leaves for whoever looks at it: a latent interpolation, and the nearest training examples.

samples/interpolation.png   of images: every row walks from one latent to another; of text interpolation.txt
samples/neighbours.png      of images: a sample, then the training examples nearest to it, row by row
samples/neighbours.json     their distances, and those that training examples have to one another

Latents come from generators of their own and data in order, so that nothing of the run is touched. Neighbours are
searched among all training examples, or as many as fit `MOST_VALUES`, by their pixels; the nearest of these are then
ordered by the features of the run's evaluation, where it has a feature network.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from equipoise.core.errors import EquipoiseError
from equipoise.core.files import replacing, write_json
from equipoise.core.seeding import derived_seed
from equipoise.data import Source
from equipoise.games import sample_latents
from equipoise.training.board import examples_of
from equipoise.training.lines import save_lines, vocabulary_of
from equipoise.training.measuring.evaluator import Evaluator
from equipoise.training.measuring.example_sets import as_seen
from equipoise.training.neighbours import Nearest, nearest
from equipoise.training.pictures import NUM_PICTURED_IMAGES, image_grid
from equipoise.training.run_folder import RunFolder
from equipoise.training.session import Session

NUM_WALKS, NUM_STOPS = 6, 9
NUM_SHOWN_SAMPLES, NUM_SHOWN_NEIGHBOURS = 8, 5
NUM_REAL, NUM_CANDIDATES = 16, 16
MOST_VALUES = 2**28
"""Numbers, one for each colour of each pixel, that the search looks at: all of 60,000 small images."""
_BATCH = 500


def closing_look(session: Session, evaluator: object, folder: RunFolder) -> str | None:
    """Write what a complete run leaves, as far as its examples are images or text.

    Args:
        session: as it ended.
        evaluator: of the run, whose features are used where it has any.
        folder: of the run.

    Returns:
        Why that failed, in words; None where it did not. A run does not fail over its pictures.
    """
    source = session.board.source
    if source is None or len(source.example_shape) == 1 or session.settings.game.kind != "generative":
        return None
    try:
        _save_interpolation(session, source, folder)
        if len(source.example_shape) == 3:
            _save_neighbours(session, source, evaluator if isinstance(evaluator, Evaluator) else None, folder)
    except (EquipoiseError, OSError, MemoryError, RuntimeError) as error:
        return getattr(error, "strerror", None) or str(error).partition("\n")[0] or type(error).__name__
    return None


def on_arcs(first: Tensor, last: Tensor, num_stops: int) -> Tensor:
    """Latents on the arcs from ``first`` to ``last``, whose lengths change evenly from the one to the other.

    On a straight line the middle would be shorter than normal latents that a generator saw while it was trained.

    Args:
        first: (N, Z).
        last: (N, Z).
        num_stops: S, both ends included.

    Returns:
        (N, S, Z).

    >>> round(on_arcs(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 3.0]]), 3)[0, 1].norm().item(), 4)
    2.0
    """
    lengths = [ends.norm(dim=1, keepdim=True).clamp(min=1e-12) for ends in (first, last)]
    a, b = first / lengths[0], last / lengths[1]
    angle = (a * b).sum(1, keepdim=True).clamp(-1, 1).acos().clamp(min=1e-6)[:, None]
    share = _shares(num_stops, first)
    on_sphere = (((1 - share) * angle).sin() * a[:, None] + (share * angle).sin() * b[:, None]) / angle.sin()
    latents: Tensor = on_sphere * torch.lerp(lengths[0][:, None], lengths[1][:, None], share)
    return latents


def on_lines(first: Tensor, last: Tensor, num_stops: int) -> Tensor:
    """The same on straight lines, which stay in the cube of uniform latents."""
    return torch.lerp(first[:, None], last[:, None], _shares(num_stops, first))


def _shares(num_stops: int, like: Tensor) -> Tensor:
    """Even numbers from 0 to 1, (1, S, 1)."""
    return torch.linspace(0, 1, num_stops, device=like.device, dtype=like.dtype)[None, :, None]


def _save_interpolation(session: Session, source: Source, folder: RunFolder) -> None:
    generator = _generator(session, "interpolation")
    ends = sample_latents(session.settings.game, 2 * NUM_WALKS, generator)
    walks = on_arcs if session.settings.game.latents == "normal" else on_lines
    latents = walks(ends[:NUM_WALKS], ends[NUM_WALKS:], NUM_STOPS).flatten(0, 1)
    examples = examples_of(session.average.module, session.settings, latents)
    if vocabulary := vocabulary_of(source):
        save_lines(folder.samples / "interpolation.txt", [examples], vocabulary)
        return
    with replacing(folder.samples / "interpolation.png") as temporary:
        image_grid(examples, num_columns=NUM_STOPS).save(temporary, format="PNG")


def _save_neighbours(session: Session, source: Source, evaluator: Evaluator | None, folder: RunFolder) -> None:
    # The first row of the sample picture, which draws as many latents.
    samples = session.generate(NUM_PICTURED_IMAGES, _generator(session, "samples"))[:NUM_SHOWN_SAMPLES]
    total = source.num_examples or 0
    looked_at = min(total, max(1, MOST_VALUES // samples[0].numel()))
    own = torch.linspace(0, looked_at - 1, min(NUM_REAL, looked_at)).long()
    real = _at(_examples(source, session, looked_at), own)  # fewer where images turn out unreadable
    queries, places = torch.cat([samples, real]), torch.cat([torch.full((len(samples),), -1), own[: len(real)]])
    found = nearest(queries, _examples(source, session, looked_at), NUM_CANDIDATES, places)
    distances, order = _ordered(queries, found, evaluator)
    shown = order[: len(samples), :NUM_SHOWN_NEIGHBOURS]
    rows = torch.cat([samples[:, None], found.examples[torch.arange(len(samples))[:, None], shown]], 1)
    with replacing(folder.samples / "neighbours.png") as temporary:
        image_grid(rows.flatten(0, 1), num_columns=rows.shape[1]).save(temporary, format="PNG")
    write_json(
        folder.samples / "neighbours.json",
        {
            "step": session.step,
            "space": evaluator.features.name if evaluator else "pixels",
            "num_training": total,
            "num_looked_at": found.num_looked_at,
            "distances": distances[: len(samples), 0].tolist(),
            "typical": distances[len(samples) :, 0].median().item(),
            "picture": "neighbours.png",
        },
    )


def _ordered(queries: Tensor, found: Nearest, evaluator: Evaluator | None) -> tuple[Tensor, Tensor]:
    """Distances (Q, K) of the candidates, and their order: by features where there are any, else by pixels."""
    if evaluator is None:
        distances = found.distances.double()
    else:
        here, there = (_features(evaluator, examples) for examples in (queries, found.examples.flatten(0, 1)))
        distances = (here[:, None] - there.view(*found.distances.shape, -1)).norm(dim=2)
        distances[found.distances.isinf()] = torch.inf
    return distances.sort(dim=1)


def _features(evaluator: Evaluator, examples: Tensor) -> Tensor:
    return torch.cat([evaluator.features(as_seen(part)) for part in torch.split(examples, _BATCH)]).double()


def _examples(source: Source, session: Session, number: int) -> Iterator[Tensor]:
    """The first ``number`` training examples, batch by batch."""
    for batch in source.ordered(_BATCH, session.device):
        yield batch.examples[:number]
        number -= len(batch.examples)
        if number <= 0:
            return


def _at(batches: Iterator[Tensor], places: Tensor) -> Tensor:
    """The examples at ``places``, in order, of all that ``batches`` hold."""
    start, found = 0, []
    for batch in batches:
        here = places[(places >= start) & (places < start + len(batch))] - start
        found.append(batch[here.to(batch.device)])
        start += len(batch)
    return torch.cat(found)


def _generator(session: Session, name: str) -> torch.Generator:
    return torch.Generator(session.device).manual_seed(derived_seed(session.settings.seed, name))
