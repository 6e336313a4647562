"""Two laws of steps N against batch size b, fitted by maximum likelihood with censored runs.

    hyperbola     1/N = p - q/b          N = A b / ((eps^2 - C) b - B), p = (eps^2 - C)/A, q = B/A; b* = 2 q/p
    exponential   N = T ln((K - c/b) / (1 - c/b))

The hyperbola is Sato & Iiduka's (2023): a bound A/N + B/b + C on the mean gap is set equal to eps^2. The exponential
law is what holds where progress is exponential, as for SGD on a quadratic: with E|z_n|^2 = r^n (d - s/b) + s/b and the
target eps^2, T = -1/ln r, c = s/eps^2, and K = d/eps^2 is known: the first distance over the target. Both have a
smallest batch size b_min (q/p, c) below which the target is never met; b* = 2 b_min for the hyperbola. The two may
differ by a factor of two in b*, so both are always fitted.

Steps scatter in proportion to themselves, so residuals are those of ln N, with one standard deviation estimated beside
the law and, for each run, the error of its evaluation cadence. A censored run contributes the probability that it
takes longer than its budget. Laws are compared by the corrected Akaike criterion.
"""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy import optimize, special, stats

from equipoise.core.errors import UserError
from equipoise.studies.reaches import Reach

Array = np.ndarray[Any, np.dtype[np.float64]]
_SMALLEST_SCATTER = 1e-3
BOUND_OF_LOGIT = 12.0
"""Of the logit of b_min over the smallest batch size that met the target."""
_BIG = 1e12


class Law(Protocol):
    """Steps as a function of the batch size.

    Attributes:
        name: what it is called.
        num_parameters: how many numbers describe it.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def num_parameters(self) -> int: ...  # noqa: D102

    def log_steps(self, parameters: Array, sizes: Array, smallest: float) -> Array:
        """Ln N at ``sizes``; infinite at and below b_min.

        Args:
            parameters: unconstrained (num_parameters,); the last is the logit of b_min / smallest.
            sizes: batch sizes.
            smallest: the smallest batch size at which the target was met, which bounds b_min.
        """
        ...

    def start(self, p: float, q: float, smallest: float) -> Array:
        """Parameters near the line 1/N = p - q/b."""
        ...

    def critical_batch(self, parameters: Array, smallest: float) -> float:
        """b*, the batch size at which b N(b) is least."""
        ...


class Hyperbola:
    """1/N = p - q/b, described by ln(1/p) and the logit of b_min/smallest, where b_min = q/p."""

    name = "hyperbola"
    num_parameters = 2

    def log_steps(self, parameters: Array, sizes: Array, smallest: float) -> Array:
        """See `Law.log_steps`."""
        share = smallest * special.expit(parameters[-1]) / sizes
        return np.where(share < 1, parameters[0] - np.log1p(-np.minimum(share, 1 - 1e-15)), math.inf)

    def start(self, p: float, q: float, smallest: float) -> Array:
        """See `Law.start`."""
        return np.array([-math.log(p), _logit(q / p / smallest)])

    def critical_batch(self, parameters: Array, smallest: float) -> float:
        """b* = 2 b_min, exactly."""
        return 2 * smallest * float(special.expit(parameters[-1]))


@dataclass(frozen=True)
class Exponential:
    """N = T ln((K - c/b)/(1 - c/b)), described by ln T and the logit of c/smallest.

    K is not fitted, for as K falls to 1 the law becomes the hyperbola: it is what the runs had to shrink by.

    Attributes:
        shrinkage: K, first distance divided by the target.
    """

    shrinkage: float
    name: str = "exponential"
    num_parameters: int = 2

    def log_steps(self, parameters: Array, sizes: Array, smallest: float) -> Array:
        """See `Law.log_steps`."""
        share = smallest * special.expit(parameters[-1]) / sizes
        steps = np.log1p((self.shrinkage - 1) / (1 - np.minimum(share, 1 - 1e-15)))
        return np.where(share < 1, parameters[0] + np.log(steps), math.inf)

    def start(self, p: float, q: float, smallest: float) -> Array:
        """See `Law.start`."""
        return np.array([-math.log(p * math.log(self.shrinkage)), _logit(q / p / smallest)])

    def critical_batch(self, parameters: Array, smallest: float) -> float:
        """b* by search over the share b_min/b, which depends on K alone."""
        return smallest * float(special.expit(parameters[-1])) / _cheapest_share(self.shrinkage)


@functools.cache
def _cheapest_share(shrinkage: float) -> float:
    """b_min/b* of the exponential law."""

    def log_cost(logit: float) -> float:
        share = float(special.expit(logit))
        return math.log(math.log1p((shrinkage - 1) / (1 - share))) - math.log(share)

    return float(special.expit(optimize.minimize_scalar(log_cost, bounds=(-12, 12), method="bounded").x))


def laws(found: Sequence[Reach]) -> list[Law]:
    """The laws that can be fitted: the exponential one only where it is known what the runs had to shrink by."""
    shrinkages = [one.shrinkage for one in found if one.shrinkage > 1]
    known: list[Law] = [Exponential(float(np.median(shrinkages)))] if shrinkages else []
    return [Hyperbola(), *known]


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


def _logit(share: float) -> float:
    share = min(max(share, 1e-4), 1 - 1e-4)
    return math.log(share / (1 - share))
