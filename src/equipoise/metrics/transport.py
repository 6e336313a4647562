"""Wasserstein distances between sets of points: along random lines for any number, exactly for a few.

    W_p(P, Q) = ( min over couplings of E |x - y|^p )^(1/p)

On a line the best coupling joins equal quantiles, so sorting solves it, for sets of different sizes too. The sliced
distance (Rabin et al. 2011; Bonneel et al. 2015) is the mean of W_p^p over directions, to the power 1/p. The exact
distance of two sets of N points is an assignment problem (`scipy.optimize.linear_sum_assignment`), cubic in N.

A sample is away from its own law: W_2 in d > 4 dimensions by about N^(-1/d). Sliced distances are off by N^(-1/2) in
any dimension.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from equipoise.core.errors import UserError
from equipoise.metrics.rows import Features, paired_rows

MOST_POINTS = 5000
"""Points of an exact distance: some ten seconds and 200 MB."""
_CHUNK = 16


@dataclass(frozen=True)
class SlicedWasserstein:
    """Sliced distance, in units of the points.

    Attributes:
        value: (mean over directions of W_p^p)^(1/p).
        standard_error: what the choice of directions leaves open; not what the choice of samples does.
        power: p.
        num_projections: directions.
        num_samples: N.
        num_reference: M.
        seed: the directions were drawn with it.
    """

    value: float
    standard_error: float
    power: int
    num_projections: int
    num_samples: int
    num_reference: int
    seed: int


@dataclass(frozen=True)
class ExactWasserstein:
    """Exact distance of two sets of the same size, in units of the points.

    Attributes:
        value: W_p.
        power: p.
        num_samples: N on each side.
    """

    value: float
    power: int
    num_samples: int


def sliced_wasserstein(
    samples: Features, reference: Features, num_projections: int = 256, power: int = 2, seed: int = 0
) -> SlicedWasserstein:
    """Wasserstein distance along random directions.

    Args:
        samples: (N, d) points.
        reference: (M, d).
        num_projections: directions, drawn evenly from the sphere, at least 2.
        power: p, 1 or 2.
        seed: of the directions.

    Raises:
        UserError: dimensions differ, a side is empty, or a number is not finite.

    >>> line = torch.arange(4.0)[:, None]
    >>> sliced_wasserstein(line, line + 3).value
    3.0
    """
    if num_projections < 2:
        raise UserError(f"{num_projections} directions were asked for; give at least 2.")
    _check_power(power)
    x, y = (each.double() for each in paired_rows(samples, reference, fewest=1))
    draw = torch.Generator().manual_seed(seed)
    directions = torch.randn(x.shape[1], num_projections, generator=draw, dtype=torch.float64).to(x.device)
    directions /= directions.norm(dim=0)
    chunks = -(-num_projections // _CHUNK)
    costs = torch.cat(
        [_line_costs(x @ some, y @ some, power) for some in torch.tensor_split(directions, chunks, dim=1)]
    )
    mean = float(costs.mean())
    error = float(costs.std()) / num_projections**0.5
    value = mean ** (1 / power)
    # The error of a root: that of the mean times the derivative.
    error = error * value / (power * mean) if mean else 0.0
    return SlicedWasserstein(value, error, power, num_projections, len(x), len(y), seed)


def exact_wasserstein(samples: Features, reference: Features, power: int = 2) -> ExactWasserstein:
    """Wasserstein distance of two sets of the same number of points, up to 5,000.

    Args:
        samples: (N, d) points.
        reference: (N, d).
        power: p, 1 or 2.

    Raises:
        UserError: the sets differ in size or dimension, are too large or empty, or a number is not finite.

    >>> exact_wasserstein(torch.tensor([[0.0, 0.0], [3.0, 4.0]]), torch.tensor([[3.0, 4.0], [0.0, 2.0]]), power=1).value
    1.0
    """
    from scipy.optimize import linear_sum_assignment

    _check_power(power)
    x, y = paired_rows(samples, reference, fewest=1)
    if len(x) != len(y) or len(x) > MOST_POINTS:
        raise UserError(
            f"Sets of {len(x)} and {len(y)} points were given; the exact distance takes equal numbers up to "
            f"{MOST_POINTS:,}: take fewer, or use the sliced distance."
        )
    # Without the shortcut of a matrix product: it would leave points at a distance from themselves.
    distances = torch.cdist(x.double(), y.double(), compute_mode="donot_use_mm_for_euclid_dist")
    costs = distances.pow(power).cpu().numpy()
    rows, columns = linear_sum_assignment(costs)
    return ExactWasserstein(float(costs[rows, columns].mean() ** (1 / power)), power, len(x))


def _line_costs(x: Tensor, y: Tensor, power: int) -> Tensor:
    """W_p^p on each of P lines, (P,), of points (N, P) and (M, P)."""
    x, y = x.sort(dim=0).values, y.sort(dim=0).values
    ours, theirs, weights = _quantile_coupling(len(x), len(y), x.device)
    return weights @ (x[ours] - y[theirs]).abs().pow(power)


def _quantile_coupling(num_x: int, num_y: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Which of N sorted points meets which of M, and how much of the mass they share.

    >>> _quantile_coupling(2, 3, torch.device("cpu"))[:2]
    (tensor([0, 0, 1, 1]), tensor([0, 1, 1, 2]))
    """
    # In units of 1 / (N M) both sides change at whole numbers.
    ends = np.union1d(np.arange(1, num_x + 1) * num_y, np.arange(1, num_y + 1) * num_x)
    starts = np.concatenate([[0], ends[:-1]])
    weights = (ends - starts) / (num_x * num_y)
    ours, theirs, shared = (torch.from_numpy(each).to(device) for each in (starts // num_y, starts // num_x, weights))
    return ours, theirs, shared


def _check_power(power: int) -> None:
    if power not in (1, 2):
        raise UserError(f"The power {power} was given; Wasserstein distances here take 1 or 2.")
