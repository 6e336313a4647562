"""The kernel distance of two sets of features (KID in Inception features; Binkowski et al. 2018).

    MMD^2 = E k(x, x') + E k(y, y') - 2 E k(x, y)        k(x, y) = (x . y / d + 1)^3

over independent x, x' of one set and y, y' of the other: the squared distance of the mean embeddings, zero where the
moments up to the third agree. Unbiased: means over pairs of *different* examples, so that the expectation does not
depend on N, and values below zero are right where the sets are alike.

Two estimates. `kernel_distance` uses all pairs, by blocks, with symmetric halves computed once; there is nothing random
in it, and its standard error comes from the same sums (the two-sample U-statistic's variance, first and second order:
Hoeffding 1948; Sutherland et al. 2017). `subset_kernel_distance` is the published way: the mean over random subsets.
Products are made in the type of the features, sums in float64.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from equipoise.core.errors import UserError
from equipoise.metrics.rows import Features, paired_rows

BLOCK = 1024
"""Rows and columns of a block of the kernel matrix: 8 MiB in float64."""


@dataclass(frozen=True)
class KernelDistance:
    """An estimate of MMD^2, in units of the kernel.

    Attributes:
        value: unbiased estimate; may be below zero.
        standard_error: of the value over new samples of both sets.
        num_samples: N.
        num_reference: M.
    """

    value: float
    standard_error: float
    num_samples: int
    num_reference: int


@dataclass(frozen=True)
class SubsetKernelDistance:
    """The mean of MMD^2 over random subsets.

    Attributes:
        value: mean over the subsets.
        std: standard deviation between subsets, which other packages print as plus-minus.
        standard_error: of the mean over the choice of subsets, std / sqrt(num_subsets); not over new samples.
        num_subsets: how many were drawn.
        subset_size: examples of each side in each of them.
        seed: they were drawn with it.
    """

    value: float
    std: float
    standard_error: float
    num_subsets: int
    subset_size: int
    seed: int


def kernel_distance(samples: Features, reference: Features) -> KernelDistance:
    """The unbiased MMD^2 over all pairs, in memory for a block beyond the features.

    Args:
        samples: (N, d) features, N at least 4.
        reference: (M, d).

    Raises:
        UserError: fewer than 4 examples on a side, dimensions differ, or a number is not finite.

    >>> ours, theirs = torch.arange(4.0)[:, None], torch.arange(1.0, 5.0)[:, None]
    >>> round(kernel_distance(ours, theirs).value, 6)
    21.666667
    """
    x, y = paired_rows(samples, reference, fewest=4)
    xx, yy, xy = _same_side(x), _same_side(y), _both_sides(x, y)
    value = xx.mean + yy.mean - 2 * xy.mean
    return KernelDistance(value, _standard_error(xx, yy, xy), len(x), len(y))


def subset_kernel_distance(
    samples: Features, reference: Features, num_subsets: int = 100, subset_size: int = 1000, seed: int = 0
) -> SubsetKernelDistance:
    """The mean unbiased MMD^2 of random subsets, each drawn without replacement, as it is published.

    Args:
        samples: (N, d) features.
        reference: (M, d).
        num_subsets: at least 2.
        subset_size: examples of each side, at least 2 and at most N and M.
        seed: of the draw.

    Raises:
        UserError: fewer examples than a subset needs, dimensions differ, or a number is not finite.
    """
    if num_subsets < 2 or subset_size < 2:
        raise UserError(f"At least 2 subsets of 2 are needed, but {num_subsets} of {subset_size} were asked for.")
    x, y = paired_rows(samples, reference)
    if subset_size > min(len(x), len(y)):
        raise UserError(
            f"Subsets of {subset_size} were asked for, but the sets have {len(x)} and {len(y)} examples; give a "
            f"smaller subset size, or use all pairs."
        )
    draw = torch.Generator().manual_seed(seed)
    values = torch.tensor([_subset_value(x, y, subset_size, draw) for _ in range(num_subsets)], dtype=torch.float64)
    std = float(values.std())
    return SubsetKernelDistance(float(values.mean()), std, std / num_subsets**0.5, num_subsets, subset_size, seed)


def _subset_value(x: Tensor, y: Tensor, size: int, draw: torch.Generator) -> float:
    a, b = (each[torch.randperm(len(each), generator=draw)[:size].to(each.device)] for each in (x, y))
    return _within(a) + _within(b) - 2 * float(polynomial_kernel(a, b).mean())


def _within(x: Tensor) -> float:
    """Mean kernel of pairs of different examples."""
    kernel = polynomial_kernel(x, x)
    return float((kernel.sum() - kernel.diagonal().sum()) / (len(x) * (len(x) - 1)))


def polynomial_kernel(x: Tensor, y: Tensor) -> Tensor:
    """The cubic kernel (x . y / d + 1)^3 of all pairs, (N, M) float64.

    >>> polynomial_kernel(torch.tensor([[1.0, 1.0]]), torch.tensor([[1.0, 1.0], [0.0, 0.0]]))
    tensor([[8., 1.]], dtype=torch.float64)
    """
    inner = (x @ y.T).double().div_(x.shape[1]).add_(1)
    return inner.square().mul_(inner)


@dataclass(frozen=True)
class _Pairs:
    """Means over the pairs of one kind.

    Attributes:
        mean: of the kernel.
        rows: its mean for each example of the first set, (N,).
        columns: for each of the second, (M,).
        variance: of the kernel after the means of rows and columns are taken off (the second-order part).
    """

    mean: float
    rows: Tensor
    columns: Tensor
    variance: float


def _same_side(x: Tensor) -> _Pairs:
    """Pairs of different examples of one set."""
    sums, squares = x.new_zeros(len(x), dtype=torch.float64), 0.0
    for rows, columns in _upper_blocks(len(x)):
        kernel = polynomial_kernel(x[rows], x[columns])
        if rows == columns:
            kernel.diagonal().zero_()
            sums[rows] += kernel.sum(dim=1)
            squares += float(kernel.square().sum())
        else:
            sums[rows] += kernel.sum(dim=1)
            sums[columns] += kernel.sum(dim=0)
            squares += 2 * float(kernel.square().sum())
    means = sums / (len(x) - 1)
    mean = float(means.mean())
    spread = squares / (len(x) * (len(x) - 1)) - 2 * float(means.square().mean()) + mean**2
    return _Pairs(mean, means, means, max(0.0, spread))


def _both_sides(x: Tensor, y: Tensor) -> _Pairs:
    """Pairs of an example of each set."""
    rows_sum, columns_sum = x.new_zeros(len(x), dtype=torch.float64), x.new_zeros(len(y), dtype=torch.float64)
    squares = 0.0
    for rows in _slices(len(x)):
        for columns in _slices(len(y)):
            kernel = polynomial_kernel(x[rows], y[columns])
            rows_sum[rows] += kernel.sum(dim=1)
            columns_sum[columns] += kernel.sum(dim=0)
            squares += float(kernel.square().sum())
    rows_mean, columns_mean = rows_sum / len(y), columns_sum / len(x)
    mean = float(rows_mean.mean())
    first_order = float(rows_mean.square().mean() + columns_mean.square().mean())
    return _Pairs(mean, rows_mean, columns_mean, max(0.0, squares / (len(x) * len(y)) - first_order + mean**2))


def _standard_error(xx: _Pairs, yy: _Pairs, xy: _Pairs) -> float:
    """Root of 4 V_x / N + 4 V_y / M + 2 S_xx / N^2 + 2 S_yy / M^2 + 4 S_xy / N M.

    V is the variance of an example's mean kernel to its own set less that to the other; what the finite sets add to
    its estimate is taken off. S is the second-order part, all that is left where the two sets follow one law.
    """
    num_x, num_y = len(xx.rows), len(yy.rows)
    noise_x = xx.variance / num_x + xy.variance / num_y
    noise_y = yy.variance / num_y + xy.variance / num_x
    first_x = max(0.0, float((xx.rows - xy.rows).var()) - noise_x)
    first_y = max(0.0, float((yy.rows - xy.columns).var()) - noise_y)
    second = 2 * xx.variance / num_x**2 + 2 * yy.variance / num_y**2 + 4 * xy.variance / (num_x * num_y)
    return float((4 * first_x / num_x + 4 * first_y / num_y + second) ** 0.5)


def _slices(count: int) -> list[slice]:
    return [slice(start, min(start + BLOCK, count)) for start in range(0, count, BLOCK)]


def _upper_blocks(count: int) -> Iterator[tuple[slice, slice]]:
    blocks = _slices(count)
    return ((rows, columns) for number, rows in enumerate(blocks) for columns in blocks[number:])
