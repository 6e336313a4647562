"""The registry of distances: each by name, with its ideal value, its symmetry, and its interval.

`DISTANCES` is what commands choose from and what the conformance suite goes through. `interval` is the one function
that measures any of them with its uncertainty.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, Literal

from equipoise.core.errors import unknown
from equipoise.metrics.extrapolated import extrapolated_distance, extrapolated_interval
from equipoise.metrics.frechet import frechet_distance
from equipoise.metrics.frechet_interval import frechet_interval
from equipoise.metrics.kernel import kernel_distance
from equipoise.metrics.moments import Moments
from equipoise.metrics.neighbours import SCORES, neighbour_intervals, neighbour_scores
from equipoise.metrics.ngrams import ngram_divergence, ngram_interval
from equipoise.metrics.rows import Features
from equipoise.metrics.transport import exact_wasserstein, sliced_wasserstein
from equipoise.metrics.uncertainty import Interval, from_error, jackknife

Measure = Callable[[Any, Any], float]
Estimate = Callable[[Any, Any, float, int], Interval]


@dataclass(frozen=True)
class Distance:
    """One way to compare two sets.

    Attributes:
        name: in `DISTANCES`.
        measure: value from samples and reference, both of the form ``inputs``.
        estimate: the same with its interval, from samples, reference, level and seed.
        ideal: value where the sets are alike.
        larger_is_better: true of scores such as precision.
        symmetric: whether the two sides can be exchanged.
        exact_on_itself: whether a set is at the ideal from itself; otherwise two samples of one law are so on average.
        draws_order: whether the value depends on the order of examples, by way of a seed.
        all_pairs_in_memory: whether it needs a matrix of all pairs of examples.
        inputs: "features" (N, d), or "text": (N, L) integers or strings.
        fewest: samples that an interval needs at least.
    """

    name: str
    measure: Measure
    estimate: Estimate
    ideal: float = 0.0
    larger_is_better: bool = False
    symmetric: bool = True
    exact_on_itself: bool = True
    draws_order: bool = False
    all_pairs_in_memory: bool = False
    inputs: Literal["features", "text"] = "features"
    fewest: int = 2


def interval(name: str, samples: Any, reference: Any, level: float = 0.95, seed: int = 0) -> Interval:
    """Any distance with its interval, and its bias where that is known.

    Args:
        name: in `DISTANCES`.
        samples: (N, d) features, or text for the n-gram divergences.
        reference: (M, d), or text.
        level: of the interval, in (0, 1).
        seed: of whatever is drawn.

    Raises:
        UserError: an unknown name, or as the distance itself.

    Warns:
        SampleSizeWarning: too few examples for the value to be compared with those of other numbers of examples.

    >>> import numpy as np
    >>> ours, theirs = np.random.default_rng(0).standard_normal((2, 2000, 3))
    >>> found = interval("kernel", ours, theirs)
    >>> found.low < 0 < found.high
    True
    """
    if name not in DISTANCES:
        raise unknown("distance", name, DISTANCES)
    return DISTANCES[name].estimate(samples, reference, level, seed)


def _frechet(samples: Features, reference: Features) -> float:
    return frechet_distance(Moments.from_features(samples), Moments.from_features(reference))


def _frechet_interval(samples: Features, reference: Features, level: float, seed: int) -> Interval:
    ours, theirs = Moments.from_features(samples), Moments.from_features(reference)
    return frechet_interval(ours, theirs, samples, reference, level, seed)


def _extrapolated(samples: Features, reference: Features) -> float:
    return extrapolated_distance(samples, Moments.from_features(reference)).value


def _kernel_interval(samples: Features, reference: Features, level: float, seed: int) -> Interval:
    found = kernel_distance(samples, reference)
    counts = (found.num_samples, found.num_reference)
    return from_error(found.value, found.standard_error, counts, level, "u-statistic").noted((), bias=0.0)


def _neighbours(name: str) -> Distance:
    def measure(samples: Features, reference: Features) -> float:
        return float(getattr(neighbour_scores(samples, reference), name))

    def estimate(samples: Features, reference: Features, level: float, seed: int) -> Interval:
        return neighbour_intervals(samples, reference, level=level, seed=seed)[name]

    density = name == "density"
    return Distance(name, measure, estimate, 1.0, True, False, exact_on_itself=not density, fewest=11)


def _ngrams(order: int) -> Distance:
    def measure(samples: Any, reference: Any) -> float:
        return ngram_divergence(samples, reference, order, with_floor=False).value

    def estimate(samples: Any, reference: Any, level: float, seed: int) -> Interval:
        return ngram_interval(samples, reference, order, level, seed)

    return Distance(f"ngram-{order}", measure, estimate, inputs="text", fewest=1)


def _sliced(samples: Features, reference: Features) -> float:
    return sliced_wasserstein(samples, reference).value


def _exact(samples: Features, reference: Features) -> float:
    return exact_wasserstein(samples, reference).value


_ALL = (
    Distance("frechet", _frechet, _frechet_interval),
    Distance(
        "frechet-infinity",
        _extrapolated,
        extrapolated_interval,
        symmetric=False,
        exact_on_itself=False,
        draws_order=True,
        fewest=17,
    ),
    Distance("kernel", lambda x, y: kernel_distance(x, y).value, _kernel_interval, exact_on_itself=False, fewest=4),
    *(_neighbours(name) for name in SCORES),
    Distance("sliced-wasserstein", _sliced, partial(jackknife, _sliced), fewest=20),
    Distance("wasserstein", _exact, partial(jackknife, _exact), all_pairs_in_memory=True, fewest=20),
    *(_ngrams(order) for order in range(1, 7)),
)
DISTANCES: Mapping[str, Distance] = MappingProxyType({each.name: each for each in _ALL})
