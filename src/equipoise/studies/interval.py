"""A number of a study with its interval over training seeds."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.stats import binom

NEARLY = 0.93
"""Coverage that passes for 95 %: the least and the greatest of five values have 93.75 %."""


@dataclass(frozen=True)
class Interval:
    """A number with its interval; the ends are None where there are too few runs to tell."""

    value: float
    low: float | None = None
    high: float | None = None

    def times(self, factor: float) -> "Interval":
        """The interval of a multiple."""
        low, high = (None if end is None else end * factor for end in (self.low, self.high))
        return Interval(self.value * factor, low, high)


@dataclass(frozen=True)
class MedianInterval:
    """A median over seeds with the interval that two of its values span.

    Attributes:
        interval: of the median.
        coverage: how often such an interval holds the true median, whatever the distribution; 0 without ends.
    """

    interval: Interval
    coverage: float

    @property
    def trusted(self) -> Interval:
        """The interval as one of 95 %: without its ends where they hold less, as those of fewer than five values do."""
        return self.interval if self.coverage >= NEARLY else Interval(self.interval.value)


def median_interval(values: Sequence[float], level: float = 0.95) -> MedianInterval:
    """The median, and the narrowest interval between order statistics that holds it at ``level``, or the whole range.

    Of n values the true median lies between the j-th and the (n + 1 - j)-th with probability 1 - 2 P(B < j), where B is
    binomial(n, 1/2): exact for every continuous distribution, diverged runs (infinite) included. Five values reach
    94 %, six 97 %; fewer than three say nothing. A median between infinities of both signs is 0.

    >>> found = median_interval([4.0, 1.0, 3.0, 2.0, 5.0])
    >>> found.interval, round(found.coverage, 3)
    (Interval(value=3.0, low=1.0, high=5.0), 0.938)
    """
    ordered, number = sorted(values), len(values)
    middle = statistics.median(ordered)
    middle = 0.0 if math.isnan(middle) else middle
    if number < 3:
        return MedianInterval(Interval(middle), 0.0)
    holding = [j for j in range(1, number // 2 + 1) if 1 - 2 * binom.cdf(j - 1, number, 0.5) >= level]
    place = max(holding, default=1)
    coverage = float(1 - 2 * binom.cdf(place - 1, number, 0.5))
    return MedianInterval(Interval(middle, ordered[place - 1], ordered[number - place]), coverage)
