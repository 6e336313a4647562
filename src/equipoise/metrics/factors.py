"""Factors C = F F^T of a covariance matrix, with or without full rank.

LAPACK's two Cholesky factorisations in float64: the plain one (``dpotrf``) for matrices that are safely positive
definite, the pivoted one (``dpstrf``) for the rest, which ends by itself where nothing but rounding is left. Nothing is
ever added to the diagonal, and no negative variance is passed over in silence.
"""

import numpy as np
from numpy.typing import NDArray

from equipoise.core.errors import NotMeasurableError

Matrix = NDArray[np.float64]

_EPSILON = float(np.finfo(np.float64).eps)
_ROUNDING_OF_SUMS = 2**14
"""Units in the last place by which sums over many examples may be off: a set on a line has no variance across it, and
rounding alone leaves some tens of units, of either sign."""


def cholesky_factor(covariance: Matrix) -> Matrix | None:
    """The lower triangular factor L (d, d), or None where the matrix is not safely positive definite.

    Safely: the smallest squared pivot is above 64 d eps times the largest, so that all of them stand clear of rounding.

    Args:
        covariance: (d, d) float64, symmetric.
    """
    from scipy.linalg import lapack

    # The transpose of a C-ordered symmetric matrix is the same matrix in LAPACK's order, without a rearranging copy.
    factor, info = lapack.dpotrf(covariance.T, lower=1, clean=1)
    if info != 0:
        return None
    pivots = np.diag(factor) ** 2
    well_conditioned: bool = pivots.min() > 64 * len(covariance) * _EPSILON * pivots.max()
    return factor if well_conditioned else None


def pivoted_factor(covariance: Matrix) -> Matrix:
    """A factor F (d, rank) with F F^T equal to the matrix, whatever its rank.

    Args:
        covariance: (d, d) float64, symmetric.

    Raises:
        NotMeasurableError: the matrix has a direction of negative variance, so it is the covariance of nothing.

    >>> pivoted_factor(np.ones((2, 2)))
    array([[1.],
           [1.]])
    """
    from scipy.linalg import lapack

    packed, pivots, rank, _ = lapack.dpstrf(covariance.T, lower=1)
    factor = np.empty((len(covariance), rank))
    factor[pivots - 1] = np.tril(packed)[:, :rank]
    variances = np.diag(covariance)
    remainder = np.abs(variances - np.square(factor).sum(axis=1)).max()
    if remainder > max(64 * len(covariance), _ROUNDING_OF_SUMS) * _EPSILON * np.abs(variances).max():
        raise NotMeasurableError(
            "The covariance has a direction of negative variance; compute the moments again in float64."
        )
    return factor
