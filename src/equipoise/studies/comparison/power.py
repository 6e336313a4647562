"""How many seeds would settle it: the power of a paired comparison, from the spread of the differences seen.

The power is that of the sign-flip test for normal differences, by simulation where its signs are counted: there it has
up to 13 points less than the paired t test, because few pairs give few p-values. Beyond, the two agree, and it is the t
test's. Below the number of pairs that can give a small enough p at all, there is none.
"""

import functools
import math

import numpy as np
from scipy import optimize, stats

from equipoise.studies.comparison.significance import MOST_EXACT, pairs_for_p

Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
POWER, MOST_SEEDS = 0.8, 1000
_NUM_QUANTILES = 1000
_MOST_SIMULATED, _MOST_SUMS = 4000, 2**23
"""Studies that are simulated, and sums of signed differences in all of them."""


def power(effect: float, num_pairs: int, level: float = 0.05) -> float:
    """The chance that ``num_pairs`` pairs show a difference at a two-sided ``level``.

    Args:
        effect: the true mean difference in units of the differences' standard deviation.
        num_pairs: two or more.
        level: of the test.

    >>> power(100.0, 5), power(100.0, 6)
    (0.0, 1.0)
    >>> round(power(1.0, 20), 2)
    0.99
    """
    if num_pairs < pairs_for_p(level):
        return 0.0
    return _simulated(effect, num_pairs, level) if num_pairs <= MOST_EXACT else _of_t(effect, num_pairs, level)


def _simulated(effect: float, num_pairs: int, level: float) -> float:
    """The share of simulated studies that the exact sign-flip test finds; the same studies for every effect."""
    signs, noise, sums = _studies(num_pairs)
    found = np.abs(sums + effect * signs.sum(1)[:, None])  # (half of all ways to set the signs, studies)
    seen = np.abs((noise + effect).sum(1)) * (1 - 1e-9)
    as_far = (found >= seen).sum(0)
    return float(np.mean(as_far <= level * len(signs) * (1 + 1e-9)))


@functools.lru_cache(maxsize=2)
def _studies(num_pairs: int) -> tuple[Array, Array, Array]:
    """Signs with the first kept, normal differences, and the sums of these with those; seeded."""
    half = 2 ** (num_pairs - 1)
    signs = 1.0 - 2.0 * (np.arange(half)[:, None] >> np.arange(num_pairs) & 1)
    noise = np.random.default_rng(num_pairs).normal(size=(min(_MOST_SIMULATED, _MOST_SUMS // half), num_pairs))
    return signs, noise, signs @ noise.T


def _of_t(effect: float, num_pairs: int, level: float) -> float:
    freedom, shift = num_pairs - 1, abs(effect) * math.sqrt(num_pairs)
    # The noncentral t, averaged over quantiles of the estimated spread; SciPy's own gives NaN for large shifts.
    limits = stats.t.ppf(1 - level / 2, freedom) * _spreads(freedom)
    return float(np.mean(stats.norm.sf(limits - shift) + stats.norm.cdf(-limits - shift)))


@functools.lru_cache(maxsize=256)
def _spreads(freedom: int) -> Array:
    """Quantiles, evenly spaced, of the ratio of an estimated standard deviation to the true one."""
    levels = (np.arange(_NUM_QUANTILES) + 0.5) / _NUM_QUANTILES
    found: Array = np.sqrt(stats.chi2.ppf(levels, freedom) / freedom)
    return found


def seeds_needed(mean: float, spread: float, level: float = 0.05) -> int | None:
    """Seeds with which a difference as large as ``mean`` is shown with a power of 80 %; None if more than 1,000.

    Args:
        mean: the difference.
        spread: standard deviation of the differences over seeds.
        level: two-sided, of one comparison; divide it by the number of comparisons where there are several.

    >>> seeds_needed(0.5, 1.0)
    34
    """
    least = pairs_for_p(level)
    if spread == 0:
        return least if mean else None
    effect = abs(mean / spread)
    by_t = _seeds_of_t(effect, level)
    if by_t is None or by_t > MOST_EXACT:
        return by_t and max(by_t, least)
    counted = range(max(by_t, least), MOST_EXACT + 1)  # no test needs fewer seeds than the t test
    return next((number for number in counted if effect >= _least_effect(number, level)), max(MOST_EXACT + 1, least))


def _seeds_of_t(effect: float, level: float) -> int | None:
    if _of_t(effect, MOST_SEEDS, level) < POWER:
        return None
    low, high = 1, MOST_SEEDS  # low is too few, high is enough
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _of_t(effect, middle, level) >= POWER else (middle, high)
    return high


def detectable(spread: float, num_pairs: int, level: float = 0.05) -> float | None:
    """The least difference that ``num_pairs`` seeds show with a power of 80 %; None if they are too few for any.

    >>> round(detectable(1.0, 34), 2), detectable(1.0, 5)
    (0.5, None)
    """
    return None if num_pairs < pairs_for_p(level) else spread * _least_effect(num_pairs, level)


@functools.lru_cache(maxsize=256)
def _least_effect(num_pairs: int, level: float) -> float:
    found = optimize.brentq(lambda size: power(size, num_pairs, level) - POWER, 1e-6, 100.0, xtol=1e-3)
    return float(found)
