"""The Frechet distance of endless samples, extrapolated from one finite set (Chong & Forsyth 2020).

The bias of the distance falls as 1/N. The distance of the first n samples to the reference is taken for fifteen sizes
n, and a straight line in 1/n is carried on to zero:

    d^2(n) = d^2(infinity) + slope / n

The samples are put in one random order. Moments of the first n are running sums, so all sizes take one pass, and the
factor of the reference is made once. The reference keeps its own share of the bias: use all real examples there are.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from equipoise.core.errors import UserError
from equipoise.metrics.frechet import frechet_distance
from equipoise.metrics.moments import Moments, MomentsAccumulator
from equipoise.metrics.optimal_map import optimal_map
from equipoise.metrics.rows import Features, as_rows
from equipoise.metrics.uncertainty import Interval, Vector, from_contributions, size_notes


@dataclass(frozen=True)
class ExtrapolatedDistance:
    """The intercept of the line, in squared units of the features; rounding and noise can put it below zero.

    Attributes:
        value: distance at infinite N.
        standard_error: of the intercept, from the scatter of the sizes about the line. The sizes share samples, so it
            leaves out most of what another set of samples would change.
        slope: of the line: the bias of n samples is slope / n.
        finite_value: distance of all samples, as measured.
        sizes: the n.
        distances: d^2(n) of each.
        seed: the order was drawn with it.
    """

    value: float
    standard_error: float
    slope: float
    finite_value: float
    sizes: tuple[int, ...]
    distances: tuple[float, ...]
    seed: int


def extrapolated_distance(
    samples: Features, reference: Moments, num_sizes: int = 15, smallest: int | None = None, seed: int = 0
) -> ExtrapolatedDistance:
    """Frechet distance to the reference, extrapolated to an infinite number of samples.

    Args:
        samples: (N, d) features.
        reference: moments of all real examples.
        num_sizes: how many sizes, evenly spaced, at least 3.
        smallest: least size; 5,000, as published, where the samples are at least twice as many, otherwise N / 10 or
            2 d, whichever is more. Below twice the dimension the line bends.
        seed: of the order.

    Raises:
        UserError: too few samples for so many sizes, dimensions differ, or a number is not finite.

    >>> drawn = np.random.default_rng(0).standard_normal((2000, 8))
    >>> found = extrapolated_distance(drawn, Moments(np.zeros(8), np.eye(8)))
    >>> abs(found.value) < found.finite_value
    True
    """
    rows = as_rows(samples)
    sizes = _sizes(len(rows), rows.shape[1], num_sizes, smallest)
    order = np.random.default_rng(seed).permutation(len(rows))
    distances = [frechet_distance(each, reference) for each in _moments_of_first(rows, order, sizes)]
    value, slope, error = _line(1 / sizes, np.array(distances))
    return ExtrapolatedDistance(value, error, slope, distances[-1], tuple(sizes.tolist()), tuple(distances), seed)


def extrapolated_interval(samples: Features, reference: Features, level: float = 0.95, seed: int = 0) -> Interval:
    """The extrapolated distance with an interval for new samples and a new reference.

    The intercept is a weighted sum of d^2(n), and each d^2(n) moves by the mean influence of the first n samples; so an
    example's influence on the intercept is its influence on the distance times the weights of the sizes it is part of.

    Args:
        samples: (N, d) features.
        reference: (M, d).
        level: in (0, 1).
        seed: of the order and of the resampling.

    Raises:
        UserError: as `extrapolated_distance`.

    Warns:
        SampleSizeWarning: as `frechet_interval`.
    """
    ours, theirs = as_rows(samples), as_rows(reference)
    moments = Moments.from_features(theirs)
    found = extrapolated_distance(ours, moments, seed=seed)
    transport = optimal_map(Moments.from_features(ours), moments)
    order = np.random.default_rng(seed).permutation(len(ours))
    mine = transport.influences(ours[order]) * _shares(np.array(found.sizes))
    sides = [(mine, len(ours)), (transport.flipped().influences(theirs), len(theirs))]
    notes = size_notes(len(ours), len(theirs), ours.shape[1])
    return from_contributions(found.value, sides, level, seed, (-np.inf, np.inf)).noted(notes).warn()


def _shares(sizes: NDArray[np.int64]) -> Vector:
    """For each of N samples in order, N times its weight in the intercept: sum over sizes that hold it of w_n / n."""
    weights = intercept_weights(sizes) / sizes
    # The last size counts for all samples, the one before for fewer, and so on.
    from_behind = weights[::-1].cumsum()[::-1]
    shares: Vector = np.repeat(from_behind, np.diff(sizes, prepend=0)) * sizes[-1]
    return shares


def intercept_weights(sizes: NDArray[np.int64]) -> Vector:
    """Weights (K,) of the distances in the intercept of the line through (1/n, d^2(n)); they sum to 1."""
    inverse = 1 / sizes
    centred = inverse - inverse.mean()
    weights: Vector = 1 / len(sizes) - inverse.mean() * centred / np.square(centred).sum()
    return weights


def _sizes(count: int, dimension: int, num_sizes: int, smallest: int | None) -> NDArray[np.int64]:
    if smallest is None:
        smallest = 5000 if count >= 10_000 else max(count // 10, min(2 * dimension, count // 2))
    if num_sizes < 3 or smallest < 2 or count - smallest < num_sizes:
        raise UserError(
            f"{num_sizes} sizes from {smallest} to {count} samples were asked for; at least 3 different sizes from 2 "
            f"on are needed: give more samples or a smaller least size."
        )
    return np.linspace(smallest, count, num_sizes).astype(np.int64)


def _moments_of_first(
    rows: NDArray[np.floating], order: NDArray[np.int64], sizes: NDArray[np.int64]
) -> Iterator[Moments]:
    accumulator = MomentsAccumulator()
    for start, stop in zip([0, *sizes[:-1]], sizes, strict=True):
        accumulator.update(rows[order[start:stop]])
        yield accumulator.finish()


def _line(x: Vector, y: Vector) -> tuple[float, float, float]:
    """Intercept, slope and standard error of the intercept of least squares."""
    centred = x - x.mean()
    slope = (centred @ y) / (centred @ centred)
    intercept = y.mean() - slope * x.mean()
    residual = np.square(y - intercept - slope * x).sum() / (len(x) - 2)
    error = np.sqrt(residual * (1 / len(x) + x.mean() ** 2 / (centred @ centred)))
    return float(intercept), float(slope), float(error)
