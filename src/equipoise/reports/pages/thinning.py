"""A hundred thousand records in the width of a picture: one point for each pixel column, with its extremes.

The steps are cut into equal columns. A column shows the mean of its finite values, and the least and the largest of
them as a band, so that a spike of one record is still seen; a column without finite values is a gap.
"""

from dataclasses import dataclass

import numpy as np

from equipoise.reports.pages.records import Vector


@dataclass(frozen=True)
class Line:
    """A curve as it is drawn.

    Attributes:
        steps: (N,) where the points stand.
        values: (N,) means; NaN is a gap.
        low: (N,) least values; the means themselves where nothing was thinned.
        high: (N,) largest values.
        num_missing: values that were not finite.
        first_missing: step of the first of them.
    """

    steps: Vector
    values: Vector
    low: Vector
    high: Vector
    num_missing: int = 0
    first_missing: float = float("nan")

    @property
    def finite(self) -> Vector:
        """The values that are no gaps."""
        return self.values[np.isfinite(self.values)]


def thinned(steps: Vector, values: Vector, num_columns: int = 400) -> Line:
    """A curve of at most ``num_columns`` points.

    Args:
        steps: (M,) in order.
        values: (M,) NaN where there is none.
        num_columns: at least 1.

    >>> thinned(np.arange(4.0), np.array([1.0, 3.0, np.nan, 5.0]), num_columns=2).values
    array([2., 5.])
    """
    missing = ~np.isfinite(values)
    num_missing, first = int(missing.sum()), float(steps[missing][0]) if missing.any() else float("nan")
    if len(steps) > num_columns:
        return Line(*_columns(steps, values, num_columns), num_missing, first)
    kept = np.where(missing, np.nan, values)
    return Line(steps, kept, kept, kept, num_missing, first)


def _columns(steps: Vector, values: Vector, num_columns: int) -> tuple[Vector, Vector, Vector, Vector]:
    extent = max(steps[-1] - steps[0], 1e-300)
    place = np.minimum(((steps - steps[0]) / extent * num_columns).astype(np.int64), num_columns - 1)
    starts = np.flatnonzero(np.diff(place, prepend=-1))
    is_finite = np.isfinite(values)
    counts = np.add.reduceat(is_finite.astype(np.float64), starts)
    lengths = np.diff(starts, append=len(steps))
    with np.errstate(invalid="ignore", over="ignore"):
        means = np.add.reduceat(np.where(is_finite, values, 0.0), starts) / np.where(counts > 0, counts, np.nan)
    low = np.minimum.reduceat(np.where(is_finite, values, np.inf), starts)
    high = np.maximum.reduceat(np.where(is_finite, values, -np.inf), starts)
    empty = counts == 0
    low[empty] = high[empty] = np.nan
    return np.add.reduceat(steps, starts) / lengths, np.clip(means, low, high), low, high
