"""Running count, mean and scatter matrix, taken in block by block and in place.

    scatter = sum (x - mean)(x - mean)^T

A block is first centred on the running mean and then on its own, so that numbers far from zero keep their digits. Its
scatter joins the rest by the pairwise formula of Chan, Golub & LeVeque (1979); the term between the two means,
(n_a n_b / n)(m_b - m_a)(m_b - m_a)^T, is one more row of the block, so one symmetric update (BLAS ``syrk``) does it
all. Only one triangle is written until the whole is asked for.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.metrics.factors import Matrix

_STRIP = 256


class Scatter:
    """Sums over the examples seen so far.

    Args:
        dimension: d.
        dtype: of the products inside a block; they are added up in float64.
    """

    def __init__(self, dimension: int, dtype: type[np.floating]) -> None:
        self.dtype = dtype
        self.count = 0
        self.mean = np.zeros(dimension)
        # BLAS takes columns first; the lower triangle of this is written.
        self._triangle = np.zeros((dimension, dimension), order="F")

    def copy(self) -> "Scatter":
        """One that can go its own way."""
        twin = Scatter.__new__(Scatter)
        twin.dtype, twin.count, twin.mean = self.dtype, self.count, self.mean.copy()
        twin._triangle = self._triangle.copy(order="F")
        return twin

    def absorb(self, rows: NDArray[Any], work: NDArray[Any]) -> None:
        """Take in ``rows`` (n, d).

        Args:
            rows: finite; may be the first n rows of ``work``.
            work: at least (n + 1, d) of the type of the products; it is overwritten.
        """
        block = work[: len(rows) + 1]
        step, count = self._centre(rows, block[:-1]), self.count + len(rows)
        block[-1] = np.sqrt(self.count * len(rows) / count) * step
        self.mean = self.mean + (len(rows) / count) * step
        self.count = count
        self._add(block)

    def covariance(self) -> Matrix:
        """The scatter over count - 1, (d, d), both triangles; this object is used up."""
        whole = self._triangle
        whole /= self.count - 1
        for start in range(0, len(whole), _STRIP):
            stop = start + _STRIP
            square = whole[start:stop, start:stop]
            square[:] = np.tril(square) + np.tril(square, -1).T
            whole[start:stop, stop:] = whole[stop:, start:stop].T
        # Symmetric: the transpose is the same matrix in C order.
        return whole.T

    def _centre(self, rows: NDArray[Any], out: NDArray[Any]) -> NDArray[np.float64]:
        """Write the rows less their mean; how far that mean is from the running one, (d,)."""
        if self.dtype is np.float32:
            # Differences in float32 would all be rounded the same way, so the mean is taken first.
            mean = rows.mean(axis=0, dtype=np.float64)
            np.subtract(rows, mean.astype(np.float32), out=out)
            return np.asarray(mean - self.mean)
        rough = self.mean if self.count else rows.mean(axis=0)
        np.subtract(rows, rough, out=out)
        rest = out.mean(axis=0)
        out -= rest
        return np.asarray((rough - self.mean) + rest)

    def _add(self, block: NDArray[Any]) -> None:
        from scipy.linalg import blas

        if self.dtype is np.float64:
            blas.dsyrk(1.0, block.T, 1.0, self._triangle, lower=1, overwrite_c=1)
        else:
            self._triangle += blas.ssyrk(1.0, block.T, lower=1)
