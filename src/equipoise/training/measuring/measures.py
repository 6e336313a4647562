"""What can be measured between two observed sets: each measure says what it needs, and gives estimates by name.

A new measure is a function and a line in ``MEASURES``, and a name in `equipoise.config.evaluation`. The arithmetic
stands in `equipoise.metrics`.
"""

import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from equipoise.core.errors import SampleSizeWarning, UserError, unknown
from equipoise.metrics import (
    Interval,
    extrapolated_distance,
    frechet_distance,
    frechet_interval,
    inception_score,
    interval,
    kernel_distance,
    neighbour_intervals,
    neighbour_scores,
    sliced_wasserstein,
)
from equipoise.training.measuring.observing import Needs, Observed

Side = Literal["samples", "reference"]
Estimates = Mapping[str, float | Interval]
"""Values by name, with their interval where one was asked for and can be had."""
Estimate = Callable[[Observed, Observed, int], Estimates]
"""(samples, reference, seed) -> estimates."""

MOMENTS, ROWS, FEATURES, LOGITS = Needs(), Needs(rows=True), Needs(features=True), Needs(logits=True)


@dataclass(frozen=True)
class Measure:
    """A way to compare samples with a reference.

    Attributes:
        name: what settings and commands call it.
        value: gives its values alone.
        estimate: gives them with their intervals.
        of_samples: what it needs of the samples beside their moments.
        of_reference: what it needs of the reference beside its moments.
        for_interval: what the interval needs of both sides, as far as there is more than moments.
    """

    name: str
    value: Estimate
    estimate: Estimate
    of_samples: Needs = MOMENTS
    of_reference: Needs = MOMENTS
    for_interval: Needs = MOMENTS

    def needs(self, side: Side, *, intervals: bool) -> Needs:
        """What it needs of a side beside its moments."""
        needs = self.of_samples if side == "samples" else self.of_reference
        return needs | self.for_interval if intervals else needs


def _frechet(samples: Observed, reference: Observed, _: int) -> Estimates:
    return {"fd": frechet_distance(samples.moments, reference.moments)}


def _frechet_interval(samples: Observed, reference: Observed, seed: int) -> Estimates:
    found = frechet_interval(samples.moments, reference.moments, samples.rows, reference.rows, seed=seed)
    return {"fd": found}


def _extrapolated(samples: Observed, reference: Observed, seed: int) -> Estimates:
    return {"fd_infinity": extrapolated_distance(_features(samples), reference.moments, seed=seed).value}


def _extrapolated_interval(samples: Observed, reference: Observed, seed: int) -> Estimates:
    if reference.features is None:  # moments from a file
        return _extrapolated(samples, reference, seed)
    return {"fd_infinity": interval("frechet-infinity", _features(samples), reference.features, seed=seed)}


def _kernel(samples: Observed, reference: Observed, _: int) -> Estimates:
    return {"kid": kernel_distance(_features(samples), _features(reference)).value}


def _kernel_interval(samples: Observed, reference: Observed, seed: int) -> Estimates:
    return {"kid": interval("kernel", _features(samples), _features(reference), seed=seed)}


def _neighbours(samples: Observed, reference: Observed, _: int) -> Estimates:
    found = neighbour_scores(_features(samples), _features(reference))
    return {name: getattr(found, name) for name in ("precision", "recall", "density", "coverage")}


def _neighbour_intervals(samples: Observed, reference: Observed, seed: int) -> Estimates:
    return neighbour_intervals(_features(samples), _features(reference), seed=seed)


def _sliced(samples: Observed, reference: Observed, _: int) -> Estimates:
    found = sliced_wasserstein(_features(samples), _features(reference))
    return {"sliced_wasserstein": found.value}


def _sliced_interval(samples: Observed, reference: Observed, seed: int) -> Estimates:
    found = interval("sliced-wasserstein", _features(samples), _features(reference), seed=seed)
    return {"sliced_wasserstein": found}


def _inception_score(samples: Observed, _: Observed, seed: int) -> Estimates:
    assert samples.logits is not None
    found = inception_score(samples.logits, seed=seed)
    return {"is": found.value, "is_std": found.std}


_ALL = (
    Measure("fd", _frechet, _frechet_interval, for_interval=ROWS),
    Measure("fd-infinity", _extrapolated, _extrapolated_interval, of_samples=FEATURES, for_interval=FEATURES),
    Measure("kid", _kernel, _kernel_interval, FEATURES, FEATURES),
    Measure("is", _inception_score, _inception_score, of_samples=LOGITS),
    Measure("prdc", _neighbours, _neighbour_intervals, FEATURES, FEATURES),
    Measure("sliced-wasserstein", _sliced, _sliced_interval, FEATURES, FEATURES),
)
MEASURES: dict[str, Measure] = {measure.name: measure for measure in _ALL}
"""Every measure by the name that settings call it."""


def find_measures(names: Iterable[str]) -> list[Measure]:
    """The measures called ``names``, each once, in that order.

    Raises:
        UserError: there is none of a name, or no name is given.

    >>> [measure.name for measure in find_measures(["kid", "fd", "kid"])]
    ['kid', 'fd']
    """
    names = list(dict.fromkeys(names))
    if not names:
        raise UserError(f"No measure is named; choose from: {', '.join(MEASURES)}.")
    for name in names:
        if name not in MEASURES:
            raise unknown("measure", name, MEASURES)
    return [MEASURES[name] for name in names]


def needs_of(measures: Iterable[Measure], side: Side, *, intervals: bool) -> Needs:
    """What a pass over a side must keep for all of ``measures``."""
    needs = Needs()
    for measure in measures:
        needs |= measure.needs(side, intervals=intervals)
    return needs


def estimated(
    measures: Iterable[Measure], samples: Observed, reference: Observed, seed: int, *, intervals: bool
) -> Estimates:
    """The estimates of all ``measures``, by name; what is to be said of few samples stands in their notes alone."""
    found: dict[str, float | Interval] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SampleSizeWarning)
        for measure in measures:
            found |= (measure.estimate if intervals else measure.value)(samples, reference, seed)
    return found


def values_of(estimates: Estimates) -> dict[str, float]:
    """The values alone."""
    return {name: found.value if isinstance(found, Interval) else found for name, found in estimates.items()}


def intervals_of(estimates: Estimates) -> dict[str, Interval]:
    """The intervals, of those that have one."""
    return {name: found for name, found in estimates.items() if isinstance(found, Interval)}


def _features(observed: Observed) -> Tensor:
    assert observed.features is not None, "the measure has said that it needs them"
    return observed.features
