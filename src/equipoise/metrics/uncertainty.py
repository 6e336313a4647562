"""How sure a distance is: an interval around it, and the bias of its sample sizes beside it.

Two ways to an interval, by what a distance allows.

Contributions: to first order a distance moves by the mean of one number for each example, its influence (Hampel 1974;
the infinitesimal jackknife of Jaeckel 1972). The examples' numbers are resampled, not the examples, so a thousand
bootstrap draws cost no further distance.

Replicates: the distance is taken anew with each of G groups of examples left out on both sides (the delete-a-group
jackknife), with variance (G - 1) / G sum (d_g - mean)^2 and Student's quantile.

Either covers what other samples *of the same sizes* would give. Most distances are larger for small samples than for
large ones; that bias is apart, in `Interval.bias`, where it can be told. A warning or note says where neither is to be
trusted.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from equipoise.core.errors import SampleSizeWarning, UserError
from equipoise.metrics.rows import Features, paired_rows

Vector = NDArray[np.float64]

NUM_DRAWS = 1000
"""Bootstrap draws: the ends of a 95 % interval are then known to about a tenth of a standard error."""
NUM_GROUPS = 10
"""Groups that a jackknife leaves out in turn."""
FEWEST = 10_000
"""Examples under which distances that depend on their number come with a warning."""


@dataclass(frozen=True)
class Interval:
    """A distance with what other samples of the same sizes would give.

    Attributes:
        value: the distance, as measured.
        low: lower end.
        high: upper end.
        level: of all such intervals, the fraction meant to hold the mean over samples of these sizes.
        standard_error: of the value.
        method: "influence", "gaussian" (influence of normal laws with these moments), "u-statistic", "jackknife" or
            "wilson".
        num_samples: N.
        num_reference: M; None where a foreign file does not say.
        bias: about how much the value is above that of endless samples; None where there is no estimate.
        notes: sentences on what limits the number.
    """

    value: float
    low: float
    high: float
    level: float
    standard_error: float
    method: str
    num_samples: int | None
    num_reference: int | None
    bias: float | None = None
    notes: tuple[str, ...] = ()

    def corrected(self) -> "Interval":
        """The same with the bias taken off, as an estimate of the distance of endless samples.

        Raises:
            UserError: the bias is not known.
        """
        if self.bias is None:
            raise UserError("This distance has no estimate of its bias; compare values of the same sizes instead.")
        ends = {name: getattr(self, name) - self.bias for name in ("value", "low", "high")}
        return replace(self, **ends, bias=0.0)

    def noted(self, notes: tuple[str, ...], bias: float | None = None) -> "Interval":
        """The same with more notes, and with a bias where one is known."""
        return replace(self, notes=self.notes + notes, bias=self.bias if bias is None else bias)

    def warn(self) -> "Interval":
        """Itself, after a `SampleSizeWarning` for its notes, if there are any."""
        if self.notes:
            warnings.warn(" ".join(self.notes), SampleSizeWarning, stacklevel=3)
        return self


def from_contributions(
    value: float,
    contributions: Sequence[tuple[Vector, int]],
    level: float,
    seed: int,
    bounds: tuple[float, float] = (0.0, np.inf),
) -> Interval:
    """Interval from the influence of each example, by the bootstrap of their means.

    Args:
        value: the distance.
        contributions: for each side, the influences of its examples (or of some of them, drawn evenly) and the number
            of examples that the side has.
        level: in (0, 1).
        seed: of the draws.
        bounds: ends that the distance cannot pass.
    """
    _check_level(level)
    draw = np.random.default_rng(seed)
    moved = np.sum([_resampled_means(each, count, draw) for each, count in contributions], axis=0)
    error = float(np.sqrt(sum(each.var() / count for each, count in contributions)))
    # Turned round (the basic bootstrap): where resampled values are above the value, the value is above the truth.
    tails = np.quantile(moved, [(1 + level) / 2, (1 - level) / 2])
    low, high = _bounded(value - tails, value, bounds)
    counts = [count for _, count in contributions]
    return Interval(value, low, high, level, error, "influence", counts[0], counts[-1])


def from_error(value: float, error: float, counts: tuple[int, int], level: float, method: str) -> Interval:
    """Interval of a distance whose standard error is known and whose law is near normal; it has no bounds."""
    from scipy.stats import norm

    _check_level(level)
    reach = float(norm.ppf((1 + level) / 2)) * error
    return Interval(value, value - reach, value + reach, level, error, method, *counts)


def from_replicates(
    value: float,
    replicates: Vector,
    counts: tuple[int, int],
    level: float,
    bounds: tuple[float, float] = (0.0, np.inf),
) -> Interval:
    """Interval from the distances with each of G groups left out, (G,)."""
    from scipy.stats import t

    _check_level(level)
    num_groups = len(replicates)
    error = float(np.sqrt((num_groups - 1) * replicates.var()))
    reach = float(t.ppf((1 + level) / 2, num_groups - 1)) * error
    low, high = _bounded(np.array([value - reach, value + reach]), value, bounds)
    return Interval(value, low, high, level, error, "jackknife", *counts)


def jackknife(
    measure: Callable[[Features, Features], float],
    samples: Features,
    reference: Features,
    level: float,
    seed: int,
    bounds: tuple[float, float] = (0.0, np.inf),
) -> Interval:
    """Interval of any distance of two sets of features, by leaving out each of ``NUM_GROUPS`` groups on both sides.

    For smooth distances that have no cheaper way: it costs ten distances.

    Args:
        measure: the distance; it must not depend on the order of examples.
        samples: (N, d), N at least ``NUM_GROUPS``.
        reference: (M, d), likewise.
        level: in (0, 1).
        seed: of the groups.
        bounds: ends that the distance cannot pass.
    """
    sides = paired_rows(samples, reference, fewest=2 * NUM_GROUPS)
    draw = torch.Generator().manual_seed(seed)
    x, y = (each[torch.randperm(len(each), generator=draw).to(each.device)] for each in sides)
    value = measure(x, y)
    groups = [torch.arange(len(each), device=each.device) % NUM_GROUPS for each in (x, y)]
    replicates = np.array([measure(x[groups[0] != left], y[groups[1] != left]) for left in range(NUM_GROUPS)])
    bias = float((NUM_GROUPS - 1) * (replicates.mean() - value))
    found = from_replicates(value, replicates, (len(x), len(y)), level, bounds)
    return found.noted(size_notes(len(x), len(y)), bias).warn()


def size_notes(num_samples: int | None, num_reference: int | None, dimension: int | None = None) -> tuple[str, ...]:
    """What is to be said of a distance that depends on the number of examples.

    Args:
        num_samples: N, None where it is not known.
        num_reference: M, None where it is not known.
        dimension: d of a distance that needs covariances; None where it needs none.

    >>> size_notes(500, 20_000)
    ('500 samples: under 10,000 the value depends much on their number, so compare it at equal numbers only.',)
    """
    notes = []
    for side, count in (("samples", num_samples), ("reference examples", num_reference)):
        if count is None:
            continue
        if dimension is not None and count < 2 * dimension:
            notes.append(
                f"{count:,} {side} are fewer than twice the {dimension:,} features: the covariance is poorly known, "
                f"and bias and interval are too."
            )
        elif count < FEWEST:
            notes.append(
                f"{count:,} {side}: under {FEWEST:,} the value depends much on their number, so compare it at equal "
                f"numbers only."
            )
    return tuple(notes)


def _resampled_means(influences: Vector, count: int, draw: np.random.Generator) -> Vector:
    """Means of ``count`` draws with replacement, less the mean, ``NUM_DRAWS`` times."""
    centred = influences - influences.mean()
    means = np.array([centred[draw.integers(len(centred), size=len(centred))].mean() for _ in range(NUM_DRAWS)])
    scaled: Vector = means * np.sqrt(len(centred) / count)
    return scaled


def _bounded(ends: Vector, value: float, bounds: tuple[float, float]) -> tuple[float, float]:
    low, high = np.clip(ends, *bounds)
    return min(float(low), value), max(float(high), value)


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise UserError(f"An interval of level {level} was asked for; give a number between 0 and 1, such as 0.95.")
