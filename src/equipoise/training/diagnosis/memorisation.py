"""Does the generator copy its training set? Distances to it of generated and held-out examples, in features.

Where the run evaluates on another split, that one is held out and the whole training split is the set that may be
copied. Elsewhere the training set is halved at random: one half is the set, the other plays the held-out examples. A
generator that copies all of it evenly then copies the other half as often, so that the test has half its power, but it
stays a test: examples of a generator that learned the law lie as far from the one half as the other half does.

Of long training sets at most `MOST_TRAINING` examples are looked at, which takes power away in the same way.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from equipoise.config.evaluation import RESIZING_FEATURES
from equipoise.data import Source, build_source
from equipoise.metrics import FeatureNetwork, build_features
from equipoise.metrics.copying import Copying, copying, nearest
from equipoise.training.diagnosis.examples import generated, in_order_of, real, rows_of
from equipoise.training.diagnosis.position import NotMeasuredError, Position
from equipoise.training.measuring.example_sets import as_seen

MOST_TRAINING = 20_000
"""Examples of the training set that are looked at."""
NAME = "memorisation"
NUM_CLOSEST = 8
"""Pairs of a generated example and its nearest training example that are kept."""


@dataclass(frozen=True)
class Memorisation:
    """What was found.

    Attributes:
        test: the distances and their statistic.
        features: name of the feature network.
        held_out: what was held out: "split NAME" or "half of the training set".
        num_known: examples that the training set has.
        closest: of the generated examples nearest to the training set: (number of the generated example, number of the
            training example, distance), the nearest first.
    """

    test: Copying
    features: str
    held_out: str
    num_known: int
    closest: tuple[tuple[int, int, float], ...]


def measure_memorisation(position: Position) -> Memorisation:
    """Compare distances to the training set."""
    source, settings = position.session.board.source, position.session.settings
    if source is None:
        raise NotMeasuredError("A game between two points generates no examples.")
    if settings.game.adapts:
        raise NotMeasuredError("A domain-adversarial game generates no examples that could be copies.")
    if source.num_examples is None:
        raise NotMeasuredError("The real examples are drawn afresh for every batch, so that there are none to copy.")
    if len(source.example_shape) == 2:
        raise NotMeasuredError("Text has no features to measure distances in.")
    if settings.evaluation.features == "none":
        raise NotMeasuredError("The run's settings name no features to measure distances in (evaluation.features).")
    resize = settings.evaluation.resize if settings.evaluation.features in RESIZING_FEATURES else None
    network = build_features(settings.evaluation.features, position.session.device, resize)
    ours = torch.cat([network(as_seen(part)).cpu() for part in generated(position, NAME)])
    rows = rows_of(position, source, MOST_TRAINING, NAME)
    whole = _features(position, network, source, rows)
    training, held_out, name = _sides(position, network, whole)
    found = copying(ours, held_out, training)
    return Memorisation(found, network.name, name, source.num_examples, _closest(ours, whole, rows))


def _sides(position: Position, network: FeatureNetwork, whole: Tensor) -> tuple[Tensor, Tensor, str]:
    """Features of the set that may be copied, of the held-out examples, and what these are."""
    settings, number = position.session.settings, position.settings.num_samples
    split = settings.evaluation.reference_split
    if split in (None, settings.data.split):
        half = len(whole) // 2
        return whole[:half], whole[half : half + number], "half of the training set"
    other = build_source(settings.data, position.session.device, split=split)
    return whole, _features(position, network, other, rows_of(position, other, number, NAME)), f"split {split}"


def _features(position: Position, network: FeatureNetwork, source: Source, rows: Tensor) -> Tensor:
    """Features (N, d) of the examples numbered ``rows``, in their order."""
    parts = [network(part).cpu() for part in real(position, source, rows, NAME)]
    return in_order_of(rows, torch.cat(parts))


def _closest(ours: Tensor, whole: Tensor, rows: Tensor) -> tuple[tuple[int, int, float], ...]:
    distances, which = nearest(ours, whole)
    chosen = distances.argsort(stable=True)[:NUM_CLOSEST].tolist()
    return tuple((number, int(rows[which[number]]), float(distances[number])) for number in chosen)


def closest_pairs(position: Position, found: Memorisation) -> tuple[Tensor, Tensor]:
    """The images of ``found.closest``: generated ones (N, C, H, W), and the training examples nearest to them."""
    source = position.session.board.source
    assert source is not None
    numbers, rows = (torch.tensor(column) for column in list(zip(*found.closest, strict=True))[:2])
    picked, start = list[Tensor](), 0
    for part in generated(position, NAME):
        here = numbers.sort().values
        picked.append(part[here[(here >= start) & (here < start + len(part))] - start].cpu())
        start += len(part)
    several, place = torch.unique(rows, return_inverse=True)
    theirs = torch.cat([part.cpu() for part in real(position, source, several, NAME)])
    return in_order_of(numbers, torch.cat(picked)), theirs[place]
