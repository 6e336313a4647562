"""The interval of a critical batch size: all b* at which the law fits not clearly worse than at its best.

    2 (l_max - l(b*))  <=  r F(0.95; 1, nu)        l(b*): likelihood with everything but b* at its best

The deviance is taken beside an F quantile because the scatter is estimated from few seeds: nu are Satterthwaite's
degrees of freedom, the batch sizes weighted by how far each moves b*. The factor r makes up for scatter that is not
the law's, such as larger one at small batches or heavy tails: the variance of the logit of b* that the runs' own
scores show (the sandwich) over the one that the likelihood claims, but never below one (Rotnitzky & Jewell 1990;
Chandler & Bate 2007). A run that the fit follows shows less than its scatter, so its score is divided by 1 - leverage
(HC3, MacKinnon & White 1985): with few sizes met, the smallest alone decides b*. Censored runs take part in all of it.
"""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from scipy import optimize, stats

from equipoise.studies.batch_size.fitting import BOUND_OF_LOGIT, Fit, Likelihood, sizes_of
from equipoise.studies.batch_size.laws import Array
from equipoise.studies.interval import Interval
from equipoise.studies.reaches import Reach

_STEP = 1e-3
_MOST_LEVERAGE = 0.9


def critical_batch_interval(fitted: Fit, found: Sequence[Reach]) -> Interval:
    """b* of ``fitted`` with its 95 % interval; without one where there are too few runs to know the scatter.

    Args:
        fitted: the law at its maximum likelihood.
        found: the runs it was fitted to, censored ones included.
    """
    freedom = degrees_of_freedom(fitted, found)
    if freedom < 1:
        return Interval(fitted.critical_batch)
    likelihood = Likelihood(found, fitted.law, fitted.smallest)
    allowed = 0.5 * robustness(fitted, likelihood) * float(stats.f.ppf(0.95, 1, freedom))
    excess = _excess(fitted, likelihood, allowed)
    low, high = (_crossing(excess, float(fitted.parameters[-1]), direction) for direction in (-1.0, 1.0))
    ends = [fitted.law.critical_batch(np.array([fitted.parameters[0], end]), fitted.smallest) for end in (low, high)]
    return Interval(fitted.critical_batch, *ends)


def degrees_of_freedom(fitted: Fit, found: Sequence[Reach]) -> float:
    """Satterthwaite's; where no batch size has several runs, runs less parameters.

    A censored run tells of the scatter too; batch sizes at which no run met the target are left out.
    """
    arrived = {one.batch_size for one in found if one.met}
    counts = {size: sum(one.batch_size == size for one in found) for size in sizes_of(found) if size in arrived}
    several = {size: count for size, count in counts.items() if count > 1}
    influence = critical_batch_influence(fitted, several) ** 2 if several else np.zeros(0)
    if not influence.sum():
        return sum(counts.values()) - fitted.law.num_parameters - 1.0
    return float(influence.sum() ** 2 / (influence**2 / (np.array(list(several.values())) - 1)).sum())


def critical_batch_influence(fitted: Fit, counts: Mapping[int, int]) -> Array:
    """How ln b* moves with the noise of ln N at each batch size, in units of one run's standard deviation.

    Args:
        fitted: the law at its parameters.
        counts: runs that met the target by batch size.
    """
    sizes, weights = np.array(list(counts), float), np.array(list(counts.values()), float)
    law, smallest = fitted.law, fitted.smallest

    def outcome(values: Array) -> Array:
        return np.append(law.log_steps(values, sizes, smallest), math.log(law.critical_batch(values, smallest)))

    slopes = _derivative(outcome, fitted.parameters)
    steps, critical = slopes[:-1] * np.sqrt(weights)[:, None], slopes[-1]
    influence: Array = critical @ np.linalg.pinv(steps)
    return influence


def robustness(fitted: Fit, likelihood: Likelihood) -> float:
    """r: how much the logit of b* varies by the runs' own scores, over what the likelihood claims; at least 1."""
    place = np.append(fitted.parameters, math.log(fitted.scatter))
    scores = _derivative(likelihood.of_each, place) / (1 - leverages(fitted, likelihood))[:, None]

    def slope(values: Array) -> Array:
        total: Array = _derivative(likelihood.of_each, values).sum(0)
        return total

    information = _derivative(slope, place)
    claimed = np.linalg.pinv((information + information.T) / 2)
    shown = claimed @ (scores.T @ scores) @ claimed
    if claimed[-2, -2] <= 0:
        return 1.0
    return max(1.0, float(shown[-2, -2] / claimed[-2, -2]))


def leverages(fitted: Fit, likelihood: Likelihood) -> Array:
    """How far the law's value at each run follows that run, from 0 to 0.9; before the cut they sum to 2."""
    information = likelihood.information(fitted.parameters, fitted.scatter)
    known = information > 0
    sizes, roots = likelihood.sizes[known], np.sqrt(information[known])
    slopes = _derivative(lambda values: fitted.law.log_steps(values, sizes, fitted.smallest), fitted.parameters)
    weighted = slopes * roots[:, None]
    found: Array = np.zeros(len(likelihood.sizes))
    found[known] = np.einsum("ij,ji->i", weighted, np.linalg.pinv(weighted))
    return np.minimum(found, _MOST_LEVERAGE)


def _excess(fitted: Fit, likelihood: Likelihood, allowed: float) -> Callable[[float], float]:
    """Logit of b* -> how much more than ``allowed`` the best fit there loses; below 0 inside the interval."""
    start = np.array([fitted.parameters[0], math.log(fitted.scatter)])
    bounds = [likelihood.bounds[0], likelihood.bounds[-1]]

    def excess(logit: float) -> float:
        def loss(rest: Array) -> float:
            return likelihood.negative(np.array([rest[0], logit, rest[1]]))

        best = optimize.minimize(loss, start, method="L-BFGS-B", bounds=bounds)
        return float(best.fun + fitted.log_likelihood - allowed)

    return excess


def _crossing(excess: Callable[[float], float], centre: float, direction: float) -> float:
    """Where ``excess`` turns positive from ``centre`` on, or the bound of the logit."""
    length, inside = 0.25, centre
    while abs(inside) < BOUND_OF_LOGIT:
        outside = min(max(inside + direction * length, -BOUND_OF_LOGIT), BOUND_OF_LOGIT)
        if excess(outside) > 0:
            return float(optimize.brentq(excess, inside, outside, xtol=1e-4))
        inside, length = outside, 1.6 * length
    return inside


def _derivative(function: Callable[[Array], Array], place: Array) -> Array:
    """Central differences (outputs, parameters)."""
    moves = np.eye(len(place)) * _STEP
    return np.stack([(function(place + move) - function(place - move)) / (2 * _STEP) for move in moves], axis=-1)
