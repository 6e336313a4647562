"""What can be measured between two observed sets: each measure says what it needs, and gives values by name.

A new measure is a function and a line in ``MEASURES``. The arithmetic stands in `equipoise.metrics`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from equipoise.core.errors import UserError, unknown
from equipoise.metrics import frechet_distance
from equipoise.training.observing import Needs, Observed

Values = dict[str, Any]
Side = Literal["samples", "reference"]
Compute = Callable[[Observed, Observed, int], Values]
"""(samples, reference, seed) -> values by name."""


MOMENTS = Needs()


@dataclass(frozen=True)
class Measure:
    """A way to compare samples with a reference.

    Attributes:
        name: what settings call it.
        summary: what it is, for a person.
        compute: gives its values.
        of_samples: what it needs of the samples beside their moments.
        of_reference: what it needs of the reference beside its moments.
    """

    name: str
    summary: str
    compute: Compute
    of_samples: Needs = MOMENTS
    of_reference: Needs = MOMENTS

    def needs(self, side: Side) -> Needs:
        """What it needs of a side beside its moments."""
        return self.of_samples if side == "samples" else self.of_reference


def _frechet(samples: Observed, reference: Observed, seed: int) -> Values:
    return {"fd": frechet_distance(samples.moments, reference.moments)}


_ALL = [
    Measure("fd", "Frechet distance (FID in Inception features)", _frechet),
]
MEASURES: dict[str, Measure] = {measure.name: measure for measure in _ALL}
"""Every measure by the name that settings call it."""


def find_measures(names: Iterable[str]) -> list[Measure]:
    """The measures called ``names``, each once, in that order.

    Raises:
        UserError: there is none of a name, or no name is given.

    >>> [measure.name for measure in find_measures(["fd", "fd"])]
    ['fd']
    """
    names = list(dict.fromkeys(names))
    if not names:
        raise UserError(f"No measure is named; choose from: {', '.join(MEASURES)}.")
    for name in names:
        if name not in MEASURES:
            raise unknown("measure", name, MEASURES)
    return [MEASURES[name] for name in names]


def needs_of(measures: Iterable[Measure], side: Side) -> Needs:
    """What a pass over a side must keep for all of ``measures``."""
    needs = Needs()
    for measure in measures:
        needs |= measure.needs(side)
    return needs


def measured(measures: Iterable[Measure], samples: Observed, reference: Observed, seed: int) -> Values:
    """The values of all ``measures``, by name."""
    values: Values = {}
    for measure in measures:
        values |= measure.compute(samples, reference, seed)
    return values
