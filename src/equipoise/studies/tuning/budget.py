"""What a budget of trials buys: the mean best of k trials, and the ratio of two arms' budgets, with intervals.

Of n trials with scores y, any k are a search that might have been. The mean of their best over all such searches is a
sum over order statistics, without any drawing,

    E[min of k] = sum_i y_(i) C(n - i, k - 1) / C(n, k),    i = 1 .. n - k + 1,

which is unbiased for the mean best of k fresh trials (a U-statistic; the estimate with replacement of Dodge et al. 2019
is not, Tang et al. 2020). Hazimeh & Ponomareva 2023 draw 5,000 samples of size k instead, whose interval is that of the
drawing alone and shrinks with its number.

Ours is over the trials: the jackknife of the logarithm, with Student's quantile at Satterthwaite's degrees of freedom.
The influence of a trial on the best of k goes with U^k, U uniform, whose kurtosis grows with k, so that few of the
trials carry the variance. From 16 trials on it holds the truth in 92 to 97 % of cases up to k = n/2, in 87 % at
worst where a third of the trials diverges, and less beyond, where the searches share most of their trials: there the
curve has no interval. `benchmarks/tuning.py` measures it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln
from scipy.stats import t as student

from equipoise.studies.interval import Interval

Array = NDArray[np.float64]
LEVEL = 0.95
_LEAST = 1e-12  # a distance of 0 has no logarithm
_FEWEST = 8


def mean_best(scores: Sequence[float]) -> Array:
    """Mean of the least of k scores, drawn without replacement, for k = 1 .. n.

    >>> mean_best([3.0, 1.0, 2.0]).round(3).tolist()
    [2.0, 1.333, 1.0]
    """
    return _weights(len(scores)) @ np.sort(np.asarray(scores, dtype=np.float64))


def _weights(number: int) -> Array:
    """C(n - i, k - 1) / C(n, k) in row k and column i, both from 1; (n, n)."""
    k, i = np.arange(1, number + 1)[:, None], np.arange(1, number + 1)[None, :]
    possible = i + k <= number + 1
    rest = np.where(possible, number - i - k + 1, 0)
    logarithms = gammaln(number - i + 1) - gammaln(k) - gammaln(rest + 1)
    logarithms -= gammaln(number + 1) - gammaln(k + 1) - gammaln(number - k + 1)
    weights: Array = np.where(possible, np.exp(logarithms), 0.0)
    return weights


@dataclass(frozen=True)
class BudgetCurve:
    """The mean best of k trials, for k = 1 .. n.

    Attributes:
        means: by k; an `Interval` each, without ends beyond n/2.
    """

    means: tuple[Interval, ...]


def budget_curve(scores: Sequence[float], *, intervals: bool = True) -> BudgetCurve:
    """What 1 .. n of the trials with these scores buy on average.

    Args:
        scores: finite and not negative, smaller is better; of at least one trial.
        intervals: whether the trials are independent draws, so that there are any.
    """
    means = mean_best(scores)
    low, high = _ends(np.log(_floored(means)), _left_out(scores if intervals else ()))
    known = len(low)
    ends = [(math.exp(low[k]), math.exp(high[k])) if k < known else (None, None) for k in range(len(means))]
    return BudgetCurve(tuple(Interval(float(mean), *end) for mean, end in zip(means, ends, strict=True)))


def running_best(scores: Sequence[float]) -> BudgetCurve:
    """The best of the first 1 .. n trials: of a search whose trials follow from one another there is no mean.

    >>> [one.value for one in running_best([3.0, 1.0, 2.0]).means]
    [3.0, 1.0, 1.0]
    """
    return BudgetCurve(tuple(Interval(float(best)) for best in np.minimum.accumulate(scores)))


@dataclass(frozen=True)
class BudgetRatio:
    """How many trials one arm needs for what another has from ``num_trials``.

    Attributes:
        num_trials: of the other arm.
        reached: mean best that the other arm has from them.
        ratio: trials needed over ``num_trials``; infinite where the arm does not get there with all it has. An end is
            None where the trials are too few to tell: then the ratio may be as small, or as large, as anything.
    """

    num_trials: int
    reached: float
    ratio: Interval


def budget_ratio(
    scores: Sequence[float], others: Sequence[float], num_trials: int, *, intervals: bool = True
) -> BudgetRatio:
    """Trials that the arm with ``scores`` needs for the mean best that ``others`` have from ``num_trials``.

    The interval holds the budgets at which the two means cannot be told apart (a paired jackknife of their logarithms),
    among 1 .. n/2. Trial i of both arms is one draw of configuration, so that the two leave it out together.

    Args:
        scores: of the arm, as in `budget_curve`.
        others: of the other arm, of as many trials.
        num_trials: of the other arm; n/2 at most has an interval that holds what it says.
        intervals: as in `budget_curve`.

    >>> slow = [(1 + n) / 17 for n in range(16)]  # mean best of k: 1 / (k + 1)
    >>> round(budget_ratio([0.5 * score for score in slow], slow, 8).ratio.value, 2)
    0.44
    """
    assert len(scores) == len(others), "arms of one study have as many trials"
    assert 1 <= num_trials <= len(scores)
    means, reached = mean_best(scores), float(mean_best(others)[num_trials - 1])
    needed = _first_reached(means, reached)
    differences = np.log(_floored(means)) - math.log(max(reached, _LEAST))
    left_out = _left_out(scores if intervals else ())
    if len(left_out) and num_trials < len(scores):
        left_out = left_out - _left_out(others)[:, num_trials - 1 : num_trials]
        low, high = _ends(differences, left_out, least=num_trials)
    else:
        low = high = np.empty(0)
    better, worse = np.flatnonzero(high < 0), np.flatnonzero(low > 0)
    ends = (float(worse[-1] + 1) if len(worse) else None, float(better[0] + 1) if len(better) else None)
    return BudgetRatio(num_trials, reached, Interval(needed, *ends).times(1 / num_trials))


def _first_reached(means: Array, target: float) -> float:
    """The least k, interpolated on logarithms, at which the falling ``means`` are at or below ``target``."""
    met = np.flatnonzero(means <= target)
    if not len(met):
        return math.inf
    after = int(met[0])
    above, below = (math.log(max(means[k], _LEAST)) for k in (after - 1, after))
    if after == 0 or above == below:
        return float(after + 1)
    fraction = (above - math.log(max(target, _LEAST))) / (above - below)
    return math.exp(math.log(after) + fraction * math.log((after + 1) / after))


def _left_out(scores: Sequence[float]) -> Array:
    """Logarithms of `mean_best` of all scores but one, (n, n - 1); empty for so few that they say little."""
    number = len(scores)
    if number < _FEWEST:
        return np.empty((0, 0))
    ordered, order = np.sort(np.asarray(scores, dtype=np.float64)), np.argsort(scores)
    weights, found = _weights(number - 1), np.empty((number, number - 1))
    for place, trial in enumerate(order):
        found[trial] = np.log(_floored(weights @ np.delete(ordered, place)))
    return found


def _ends(estimates: Array, left_out: Array, least: int = 1) -> tuple[Array, Array]:
    """Ends of the jackknife's interval for k = 1 .. n/2; empty where there are too few trials.

    Args:
        estimates: for k = 1 .. n.
        left_out: the same without each trial, (n, n - 1).
        least: budget that the estimates depend on besides k.
    """
    number = len(left_out)
    if not number:
        return np.empty(0), np.empty(0)
    budgets = np.arange(1, number // 2 + 1)
    spread = np.sqrt((number - 1) / number * ((left_out - left_out.mean(0)) ** 2).sum(0))[: len(budgets)]
    freedom = _degrees_of_freedom(number, np.maximum(budgets, least))
    width = student.ppf((1 + LEVEL) / 2, freedom) * spread
    return estimates[: len(budgets)] - width, estimates[: len(budgets)] + width


def _degrees_of_freedom(number: int, budgets: NDArray[np.int64]) -> Array:
    """Satterthwaite's, 2 n / (kurtosis - 1) of U^k, at most n - 1."""
    first, second, third, fourth = (1 / (power * budgets + 1) for power in (1, 2, 3, 4))
    variance = second - first**2
    kurtosis = (fourth - 4 * first * third + 6 * first**2 * second - 3 * first**4) / variance**2
    return np.minimum(2 * number / (kurtosis - 1), number - 1)


def _floored(values: Array) -> Array:
    return np.maximum(values, _LEAST)


def curve_as_json(curve: BudgetCurve) -> dict[str, list[Any]]:
    """Columns k, mean, low, high."""
    means = curve.means
    columns: dict[str, list[Any]] = {"trials": list(range(1, len(means) + 1)), "mean": [one.value for one in means]}
    return columns | {"low": [one.low for one in means], "high": [one.high for one in means]}
