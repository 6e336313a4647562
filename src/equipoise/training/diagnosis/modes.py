"""Which modes of a mixture, or classes of images, the averaged generator reaches, and in which shares.

Modes of a mixture are counted as `equipoise.metrics.modes` says. Classes are those of the run's own feature network,
where that is a classifier, and their shares are set beside those that it gives to real examples.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from equipoise.data import Mixture
from equipoise.metrics import ClassifierNetwork, Coverage, build_features, class_coverage, mode_coverage
from equipoise.training.diagnosis.examples import generated, real, rows_of
from equipoise.training.diagnosis.position import NotMeasuredError, Position
from equipoise.training.measuring.example_sets import as_seen
from equipoise.training.measuring.judging import mode_error

MOST_REAL = 10_000
"""Real examples by which the shares of the classes are known."""


@dataclass(frozen=True)
class Modes:
    """What is reached.

    Attributes:
        kind: "modes" or "classes".
        counts: generated examples of each.
        shares: share that each should have, in [0, 1].
        num_found: how many have at least one example.
        high_quality: share of examples within three standard deviations of a mode; 1 for classes.
        error: share of examples that would have to lie elsewhere for all shares to be right, in [0, 1].
        num_samples: generated examples.
    """

    kind: str
    counts: tuple[int, ...]
    shares: tuple[float, ...]
    num_found: int
    high_quality: float
    error: float
    num_samples: int


def measure_modes(position: Position) -> Modes:
    """Coverage by the averaged generator."""
    source, settings = position.session.board.source, position.session.settings
    if source is None:
        raise NotMeasuredError("A game between two points generates no examples.")
    if settings.game.adapts:
        raise NotMeasuredError("A domain-adversarial game generates no examples, so that there are no modes to reach.")
    if len(source.example_shape) == 2:
        raise NotMeasuredError("Text has no modes or classes that could be counted.")
    if isinstance(source, Mixture):
        found = _joined(mode_coverage(part, source.centres, source.std) for part in generated(position, "modes"))
        shares = (1 / found.num_modes,) * found.num_modes
        return _modes("modes", found, shares, mode_error(found))
    if settings.evaluation.features == "none":
        raise NotMeasuredError("The run's settings name no features that tell classes (evaluation.features).")
    network = build_features(settings.evaluation.features, position.session.device)
    if not isinstance(network, ClassifierNetwork):
        raise NotMeasuredError(f"The features {network.name!r} tell no classes.")
    found = _joined(class_coverage(network.classify(as_seen(part))) for part in generated(position, "modes"))
    rows = rows_of(position, source, MOST_REAL, "modes")
    wanted = _joined(class_coverage(network.classify(part)) for part in real(position, source, rows, "modes"))
    shares = tuple(count / wanted.num_samples for count in wanted.counts)
    parts = zip(found.counts, shares, strict=True)
    return _modes("classes", found, shares, sum(abs(count / found.num_samples - share) for count, share in parts) / 2)


def _modes(kind: str, found: Coverage, shares: tuple[float, ...], error: float) -> Modes:
    return Modes(kind, found.counts, shares, found.num_found, found.high_quality, error, found.num_samples)


def _joined(parts: Iterator[Coverage]) -> Coverage:
    total = next(parts)
    for part in parts:
        total = total + part
    return total
