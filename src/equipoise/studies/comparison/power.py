"""How many seeds would settle it: the power of a paired comparison, from the spread of the differences seen.

The power is that of the paired t test, to which the sign-flip test comes close in power for differences that are
roughly normal; below the number of pairs that can give a small enough p at all, it has none.
"""

import functools
import math

import numpy as np
from scipy import optimize, stats

from equipoise.studies.comparison.significance import pairs_for_p

POWER, MOST_SEEDS = 0.8, 1000
_NUM_QUANTILES = 1000


def power(effect: float, num_pairs: int, level: float = 0.05) -> float:
    """The chance that ``num_pairs`` pairs show a difference at a two-sided ``level``.

    Args:
        effect: the true mean difference in units of the differences' standard deviation.
        num_pairs: two or more.
        level: of the test.

    >>> round(power(1.0, 10), 3)
    0.803
    """
    freedom, shift = num_pairs - 1, abs(effect) * math.sqrt(num_pairs)
    # The noncentral t, averaged over quantiles of the estimated spread; SciPy's own gives NaN for large shifts.
    limits = stats.t.ppf(1 - level / 2, freedom) * _spreads(freedom)
    return float(np.mean(stats.norm.sf(limits - shift) + stats.norm.cdf(-limits - shift)))


@functools.lru_cache(maxsize=256)
def _spreads(freedom: int) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Quantiles, evenly spaced, of the ratio of an estimated standard deviation to the true one."""
    levels = (np.arange(_NUM_QUANTILES) + 0.5) / _NUM_QUANTILES
    found: np.ndarray[tuple[int], np.dtype[np.float64]] = np.sqrt(stats.chi2.ppf(levels, freedom) / freedom)
    return found


def seeds_needed(mean: float, spread: float, level: float = 0.05) -> int | None:
    """Seeds with which a difference as large as ``mean`` is shown with a power of 80 %; None if more than 1,000.

    Args:
        mean: the difference.
        spread: standard deviation of the differences over seeds.
        level: two-sided, of one comparison; divide it by the number of comparisons where there are several.

    >>> seeds_needed(1.0, 1.0)
    10
    """
    least = pairs_for_p(level)
    if spread == 0:
        return least if mean else None
    if power(mean / spread, MOST_SEEDS, level) < POWER:
        return None
    low, high = 1, MOST_SEEDS  # low is too few, high is enough
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power(mean / spread, middle, level) >= POWER else (middle, high)
    return max(high, least)


def detectable(spread: float, num_pairs: int, level: float = 0.05) -> float | None:
    """The least difference that ``num_pairs`` seeds show with a power of 80 %; None if they are too few for any.

    >>> round(detectable(1.0, 10), 2)
    1.0
    """
    if num_pairs < pairs_for_p(level):
        return None
    effect = optimize.brentq(lambda size: power(size, num_pairs, level) - POWER, 1e-6, 100.0)
    return float(effect * spread)
