"""Tests of paired differences that assume nothing but symmetry, and Holm's correction for several of them.

If two arms do equally well, a seed's difference is as likely as its negative. The exact test counts among all 2^n ways
to set the signs those that give as large a sum as the one found (Fisher 1935). n pairs can give no p below 2/2^n: with
5 seeds 0.0625, whatever the arms do.
"""

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats

Array = np.ndarray[tuple[int], np.dtype[np.float64]]

MOST_EXACT = 14
"""Pairs up to which all signs are counted; above, `_NUM_DRAWN` of them are drawn."""
_NUM_DRAWN = 19_999


def sign_flip_p(differences: Sequence[float], alternative: str = "two-sided", seed: int = 0) -> float:
    """The p-value of differences (n,) that would be symmetric around 0 if nothing were behind them.

    The statistic is the sum of the differences, or, where one of them is infinite (a run diverged), of Wilcoxon's
    signed ranks, in which infinite differences share the highest. Which of the two it is does not depend on the signs,
    so that the test stays exact.

    Args:
        differences: one for each pair; infinite where one of the two runs diverged, 0 where both did.
        alternative: two-sided; less (the differences lie below 0) or greater.
        seed: of the drawn signs, for more than 14 pairs.

    >>> sign_flip_p([1.0, 2.0, 3.0, 4.0, 5.0])
    0.0625
    >>> sign_flip_p([-1.0, -2.0, -float("inf")], alternative="less")
    0.125
    """
    found: Array = np.asarray(differences, float)
    assert found.ndim == 1
    assert len(found) >= 1
    assert not np.isnan(found).any()
    values = statistic(found)
    if not values.any() or (len(values) == 1 and alternative == "two-sided"):
        return 1.0
    if len(values) == 1:  # SciPy takes two or more
        return 0.5 if (values[0] < 0) == (alternative == "less") else 1.0
    test = stats.permutation_test(
        (values,),
        lambda sample, axis: np.sum(sample, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=math.inf if len(values) <= MOST_EXACT else _NUM_DRAWN,
        alternative=alternative,
        random_state=np.random.default_rng(seed),
    )
    return float(test.pvalue)


def statistic(differences: Sequence[float] | Array) -> Array:
    """What is summed (n,): the differences, or their signed ranks where one of them is infinite."""
    found: Array = np.asarray(differences, float)
    return found if np.isfinite(found).all() else signed_ranks(found)


def signed_ranks(differences: Sequence[float] | Array) -> Array:
    """Ranks (n,) of the absolute differences with the signs of the differences; zeros stay 0, ties share their rank.

    >>> signed_ranks([0.5, -2.0, float("inf"), 0.0]).tolist()
    [2.0, -3.0, 4.0, 0.0]
    """
    found = np.asarray(differences, float)
    ranks: Array = np.sign(found) * stats.rankdata(np.abs(found))
    return ranks


def smallest_p(num_pairs: int, *, sides: int = 2) -> float:
    """The least p-value that ``num_pairs`` pairs can give.

    >>> [smallest_p(number) for number in (3, 5, 6)]
    [0.25, 0.0625, 0.03125]
    """
    return sides * 0.5**num_pairs


def pairs_for_p(level: float) -> int:
    """The fewest pairs whose least two-sided p-value is at most ``level``.

    >>> pairs_for_p(0.05), pairs_for_p(0.05 / 21)
    (6, 10)
    """
    return math.ceil(math.log2(2 / level))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values (1979): all that are at most 0.05 may be believed together, erring in 5 % of studies.

    The k-th smallest of m is multiplied by m - k + 1, and none is smaller than one before it.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    adjusted = [0.0] * len(p_values)
    reached = 0.0
    for passed, position in enumerate(sorted(range(len(p_values)), key=lambda number: p_values[number])):
        reached = max(reached, min(1.0, (len(p_values) - passed) * p_values[position]))
        adjusted[position] = reached
    return adjusted
