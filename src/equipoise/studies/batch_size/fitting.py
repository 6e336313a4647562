"""The laws of `laws` fitted by maximum likelihood, with censored runs.

Steps scatter in proportion to themselves, so residuals are those of ln N, with one standard deviation estimated beside
the law and, for each run, the error of its evaluation cadence. A censored run contributes the probability that it
takes longer than its budget. Laws are compared by the corrected Akaike criterion.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special, stats

from equipoise.core.errors import UserError
from equipoise.studies.batch_size.laws import Array, Law
from equipoise.studies.reaches import Reach

_SMALLEST_SCATTER = 1e-3
BOUND_OF_LOGIT = 12.0
"""Of the logit of b_min over the smallest batch size that met the target."""
_BIG = 1e12


@dataclass(frozen=True)
class Fit:
    """A law with its parameters.

    Attributes:
        law: which.
        parameters: unconstrained, see the law.
        smallest: smallest batch size at which the target was met.
        scatter: standard deviation of ln N beside the law.
        log_likelihood: at the parameters.
        aicc: corrected Akaike criterion; smaller is better; infinite with too few runs.
    """

    law: Law
    parameters: Array
    smallest: float
    scatter: float
    log_likelihood: float
    aicc: float

    @property
    def critical_batch(self) -> float:
        """b*, at which the gradient cost is least."""
        return self.law.critical_batch(self.parameters, self.smallest)

    def steps(self, sizes: Sequence[float]) -> list[float]:
        """N at ``sizes``; infinite where the law says that the target is never met."""
        found = np.exp(self.law.log_steps(self.parameters, np.asarray(sizes, float), self.smallest))
        return [float(steps) for steps in found]


def line(found: Sequence[Reach]) -> tuple[float, float]:
    """P and q of 1/N = p - q/b by least squares over the runs that arrived, weighted by N^2.

    The noise of N is roughly proportional to N, and so that of 1/N to 1/N: weights N^2 make all runs count alike.

    >>> p, q = line([Reach(size, 0, 1 / (0.01 - 0.05 / size)) for size in (8, 16, 64)])
    >>> round(2 * q / p, 6)
    10.0
    """
    steps = np.array([one.steps for one in found if one.met])
    inverse = 1 / np.array([one.batch_size for one in found if one.met])
    design = np.stack([np.ones_like(inverse), -inverse], axis=1) * steps[:, None]
    (p, q), *_ = np.linalg.lstsq(design, np.ones_like(steps), rcond=None)
    return float(p), float(q)


def fit(law: Law, found: Sequence[Reach]) -> Fit:
    """``law`` by maximum likelihood, censored runs included.

    Args:
        law: which.
        found: runs at two batch sizes or more, of which two met the target.

    Raises:
        UserError: the target was met at fewer than two batch sizes.
    """
    sizes_met = {one.batch_size for one in found if one.met}
    if len(sizes_met) < 2:
        raise UserError("A law needs batch sizes at which the target was met, two at least; choose an easier target.")
    smallest = float(min(sizes_met))
    likelihood = Likelihood(found, law, smallest)
    start = np.append(law.start(*_usable(line(found), found), smallest), math.log(0.2))
    best = optimize.minimize(likelihood.negative, start, method="L-BFGS-B", bounds=likelihood.bounds)
    count, number = law.num_parameters + 1, len(found)
    correction = 2 * count * (count + 1) / (number - count - 1) if number > count + 1 else math.inf
    return Fit(law, best.x[:-1], smallest, math.exp(best.x[-1]), -best.fun, 2 * count + 2 * best.fun + correction)


def lack_of_fit(fitted: Fit, found: Sequence[Reach]) -> float | None:
    """Probability of means at least as far from the law, were the law true: an F test against the scatter of seeds.

    None where it cannot be computed: a run is censored, a batch size has one run alone, or there are too few sizes.
    """
    logs = {size: [math.log(one.steps) for one in found if one.batch_size == size] for size in sizes_of(found)}
    freedom, within_freedom = len(logs) - fitted.law.num_parameters, len(found) - len(logs)
    if not all(one.met for one in found) or freedom < 1 or within_freedom < 1:
        return None
    law = dict(zip(logs, np.log(fitted.steps(list(logs))), strict=True))
    between = sum(len(values) * (np.mean(values) - law[size]) ** 2 for size, values in logs.items())
    within = sum(((np.array(values) - np.mean(values)) ** 2).sum() for values in logs.values())
    return float(stats.f.sf(between / freedom / max(within / within_freedom, 1e-12), freedom, within_freedom))


def sizes_of(found: Sequence[Reach]) -> list[int]:
    """The batch sizes, ascending."""
    return sorted({one.batch_size for one in found})


class Likelihood:
    """How likely runs are under a law; values are the law's parameters and the ln of the scatter.

    Args:
        found: the runs.
        law: which.
        smallest: see `Law.log_steps`.
    """

    def __init__(self, found: Sequence[Reach], law: Law, smallest: float) -> None:
        self.law, self.smallest = law, smallest
        self.sizes = np.array([one.batch_size for one in found], float)
        self.met = np.array([one.met for one in found])
        steps = np.array([one.steps for one in found])
        self.logs = np.log(steps)
        # An answer that is uniform between two evaluations has a standard deviation of half_width / sqrt(3).
        self.cadence = (np.array([one.half_width for one in found]) / steps) ** 2 / 3

    @property
    def bounds(self) -> list[tuple[float, float]]:
        """Of the values: the law's scale, the logit, ln of the scatter."""
        scale = (float(self.logs.min()) - 12, float(self.logs.max()) + 5)
        return [scale, (-BOUND_OF_LOGIT, BOUND_OF_LOGIT), (math.log(_SMALLEST_SCATTER), 2.0)]

    def of_each(self, values: Array) -> Array:
        """Negative log-likelihood of every run."""
        expected = self.law.log_steps(values[:-1], self.sizes, self.smallest)
        variance = math.exp(2 * values[-1]) + self.cadence
        found: Array = np.empty_like(variance)
        met, late = self.met, ~self.met
        residual = self.logs[met] - expected[met]
        found[met] = 0.5 * (residual**2 / variance[met] + np.log(2 * math.pi * variance[met]))
        found[late] = -special.log_ndtr((expected[late] - self.logs[late]) / np.sqrt(variance[late]))
        return found

    def information(self, parameters: Array, scatter: float) -> Array:
        """What every run says of the law's ln N at its size: minus the second derivative of its log-likelihood there.

        A run that met the target has 1/variance; one that is censored less, down to 0 where it is no surprise.
        """
        expected = self.law.log_steps(parameters, self.sizes, self.smallest)
        deviation = np.sqrt(scatter**2 + self.cadence)
        late = np.isfinite(expected) & ~self.met
        ahead = (expected[late] - self.logs[late]) / deviation[late]
        hazard = np.exp(stats.norm.logpdf(ahead) - special.log_ndtr(ahead))
        found: Array = np.where(self.met, deviation**-2.0, 0.0)
        found[late] = hazard * (ahead + hazard) / deviation[late] ** 2
        return found

    def negative(self, values: Array) -> float:
        """Negative log-likelihood of all."""
        total = float(self.of_each(values).sum())
        return total if math.isfinite(total) else _BIG


def _usable(pq: tuple[float, float], found: Sequence[Reach]) -> tuple[float, float]:
    """The line, or one through the fastest run where noise has turned its slope or its limit around."""
    p, q = pq
    fastest = min(one.steps for one in found if one.met)
    smallest = min(one.batch_size for one in found if one.met)
    p = p if p > 0 else 1 / fastest
    return p, min(max(q, 1e-3 * p * smallest), 0.99 * p * smallest)
