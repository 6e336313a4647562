"""Two laws of steps N against batch size b.

    hyperbola     1/N = p - q/b          N = A b / ((eps^2 - C) b - B), p = (eps^2 - C)/A, q = B/A; b* = 2 q/p
    exponential   N = T ln((K - c/b) / (1 - c/b))

The hyperbola is Sato & Iiduka's (2023): a bound A/N + B/b + C on the mean gap is set equal to eps^2. The exponential
law is what holds where progress is exponential, as for SGD on a quadratic: with E|z_n|^2 = r^n (d - s/b) + s/b and the
target eps^2, T = -1/ln r, c = s/eps^2, and K = d/eps^2 is known: the first distance over the target. Both have a
smallest batch size b_min (q/p, c) below which the target is never met; b* = 2 b_min for the hyperbola. The two may
differ by a factor of two in b*, so both are always fitted (`fitting`).
"""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy import optimize, special

from equipoise.studies.reaches import Reach

Array = np.ndarray[Any, np.dtype[np.float64]]


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


def _logit(share: float) -> float:
    share = min(max(share, 1e-4), 1 - 1e-4)
    return math.log(share / (1 - share))
