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
from equipoise.metrics.copying import Copying, copying
from equipoise.training.diagnosis.examples import generated, real, shuffled
from equipoise.training.diagnosis.position import NotMeasuredError, Position
from equipoise.training.measuring.example_sets import as_seen

MOST_TRAINING = 20_000
"""Examples of the training set that are looked at."""


@dataclass(frozen=True)
class Memorisation:
    """What was found.

    Attributes:
        test: the distances and their statistic.
        features: name of the feature network.
        held_out: what was held out: "split NAME" or "half of the training set".
        num_known: examples that the training set has.
    """

    test: Copying
    features: str
    held_out: str
    num_known: int


def measure_memorisation(position: Position) -> Memorisation:
    """Compare distances to the training set."""
    source, settings = position.session.board.source, position.session.settings
    if source is None:
        raise NotMeasuredError("A game between two points generates no examples.")
    if source.num_examples is None:
        raise NotMeasuredError("The real examples are drawn afresh for every batch, so that there are none to copy.")
    if len(source.example_shape) == 2:
        raise NotMeasuredError("Text has no features to measure distances in.")
    if settings.evaluation.features == "none":
        raise NotMeasuredError("The run's settings name no features to measure distances in (evaluation.features).")
    resize = settings.evaluation.resize if settings.evaluation.features in RESIZING_FEATURES else None
    network = build_features(settings.evaluation.features, position.session.device, resize)
    training, held_out, name = _sides(position, network, source)
    ours = torch.cat([network(as_seen(part)).cpu() for part in generated(position, "memorisation")])
    return Memorisation(copying(ours, held_out, training), network.name, name, source.num_examples)


def _sides(position: Position, network: FeatureNetwork, source: Source) -> tuple[Tensor, Tensor, str]:
    """Features of the set that may be copied, of the held-out examples, and what these are."""
    settings, number = position.session.settings, position.settings.num_samples
    split = settings.evaluation.reference_split
    if split not in (None, settings.data.split):
        other = build_source(settings.data, position.session.device, split=split)
        held_out = _features(position, network, other, number)
        return _features(position, network, source, MOST_TRAINING), held_out, f"split {split}"
    whole = _features(position, network, source, MOST_TRAINING)
    half = len(whole) // 2
    return whole[:half], whole[half : half + number], "half of the training set"


def _features(position: Position, network: FeatureNetwork, source: Source, most: int) -> Tensor:
    """Features (N, d) of at most ``most`` examples, drawn evenly, in random order so that halves are random."""
    rows = [network(part).cpu() for part in real(position, source, most, "memorisation")]
    return shuffled(position, torch.cat(rows), "memorisation")
