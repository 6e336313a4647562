"""The Frechet distance between two sets of features, each taken for a Gaussian.

    d^2 = |m_1 - m_2|^2 + tr C_1 + tr C_2 - 2 tr (C_1 C_2)^(1/2)

the squared 2-Wasserstein distance of the two Gaussians (Dowson & Landau 1982), proposed for generated images by
Heusel et al. (2017). It is called FID in the features of the 2015 Inception graph, elsewhere FD with its features.

The trace of the root is computed without a matrix root, in real arithmetic:

- C_2 = L L^T safely positive definite: the roots of the eigenvalues of L^T C_1 L, which are those of C_1 C_2. Where
  rounding could show in the roots of the small ones, or the matrices are small anyway, the next way is taken;
- otherwise, C_i = F_i F_i^T at any rank: the singular values of F_1^T F_2. No root is taken of a number that is zero
  but for rounding, so sets smaller than their dimension are measured as exactly as large ones;
- from fewer examples than features, X_i centred: the singular values of X_1 X_2^T, without any covariance.

Sampling biases the distance upwards, roughly in proportion to 1/N: a sample of a Gaussian in 64 dimensions is 12.2 from
that Gaussian at N = 100 and 0.11 at 10,000. Numbers at different N are not comparable.
"""

from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from equipoise.core.errors import UserError
from equipoise.metrics.factors import Matrix
from equipoise.metrics.moments import Moments
from equipoise.metrics.rows import Features, as_rows

_SMALL = 128
"""Up to this dimension the surest way costs nothing."""


def frechet_distance(samples: Moments, reference: Moments) -> float:
    """The squared distance d^2 >= 0, in squared units of the features.

    Symmetric up to rounding. The factor of a reference is kept with its `Moments`: each further distance to it costs
    one symmetric eigenproblem. The error is of the order of 1e-13 of the two traces.

    Args:
        samples: moments of the generated examples.
        reference: moments of the real ones.

    Raises:
        UserError: dimensions, feature networks or weights differ, or a covariance has negative variances. Where one
            protocol is unknown (a foreign file), dimensions alone are checked.

    >>> at_zero = Moments(np.zeros(2), np.eye(2))
    >>> frechet_distance(Moments(np.array([3.0, 4.0]), np.eye(2)), at_zero)
    25.0
    """
    _require_comparable(samples, reference)
    between_means = np.square(samples.mean - reference.mean).sum()
    traces = np.trace(samples.covariance) + np.trace(reference.covariance)
    return _total(between_means, traces, _trace_of_root(samples, reference, traces))


def frechet_distance_from_features(samples: Features, reference: Features | Moments) -> float:
    """The same from features themselves, without a covariance where there are no more examples than features.

    Args:
        samples: (N, d) features, N at least 2.
        reference: (M, d) features, or their moments.

    Raises:
        UserError: as `frechet_distance`, and as `Moments.from_features`.

    >>> frechet_distance_from_features(np.array([[0.0, 0.0], [2.0, 0.0]]), np.array([[3.0, 4.0], [5.0, 4.0]]))
    25.0
    """
    ours, theirs = _Factored.of(samples), _Factored.of(reference)
    if ours.mean.shape != theirs.mean.shape:
        raise UserError(f"Sets of {len(ours.mean)} and {len(theirs.mean)} features cannot be compared.")
    if ours.moments is not None and theirs.moments is not None:
        return frechet_distance(ours.moments, theirs.moments)
    between_means = np.square(ours.mean - theirs.mean).sum()
    roots = np.linalg.svd(ours.factor().T @ theirs.factor(), compute_uv=False)
    return _total(between_means, ours.trace + theirs.trace, roots.sum())


@dataclass(frozen=True)
class _Factored:
    """A set by its moments or, where it is small, by its centred rows (N, d) over sqrt(N - 1)."""

    mean: Matrix
    trace: float
    moments: Moments | None = None
    rows: Matrix | None = None

    @classmethod
    def of(cls, given: Features | Moments) -> Self:
        if isinstance(given, Moments):
            return cls(given.mean, float(np.trace(given.covariance)), given)
        rows = as_rows(given)
        if not 2 <= len(rows) <= rows.shape[1]:
            return cls.of(Moments.from_features(rows))
        mean = rows.mean(axis=0, dtype=np.float64)
        centred = (rows - mean) / np.sqrt(len(rows) - 1)
        return cls(mean, float(np.square(centred).sum()), rows=centred)

    def factor(self) -> Matrix:
        """(d, r)."""
        if self.rows is not None:
            return self.rows.T
        assert self.moments is not None
        return self.moments.factor if self.moments.cholesky is None else self.moments.cholesky


def distance_protocol(samples: Moments, reference: Moments) -> dict[str, Any]:
    """What must be equal before two distances are compared, as JSON: features, weights, data and both counts."""
    sides = {"samples": samples, "reference": reference}
    known = {side: asdict(moments.protocol) if moments.protocol else {} for side, moments in sides.items()}
    shared = known["reference"] or known["samples"]
    return {
        "features": shared.get("features"),
        "weights_hash": shared.get("weights_hash"),
        "num_samples": samples.count,
        "num_reference": reference.count,
        "data": known["reference"].get("data"),
        "split": known["reference"].get("split"),
        "seed": known["samples"].get("seed"),
    }


def _require_comparable(a: Moments, b: Moments) -> None:
    if a.protocol and b.protocol:
        a.protocol.require_comparable(b.protocol)
    if a.dimension != b.dimension:
        raise UserError(f"Moments of {a.dimension} and {b.dimension} features cannot be compared.")


def _total(between_means: float, traces: float, root: float) -> float:
    # Rounding can leave a few units in the last place of the traces below zero, where the distance is zero.
    return max(0.0, float(between_means + traces - 2 * root))


def _trace_of_root(samples: Moments, reference: Moments, traces: float) -> float:
    """Trace of (C_1 C_2)^(1/2)."""
    if _large_and_full(samples) and _large_and_full(reference) and reference.cholesky is not None:
        squares = _eigenvalues_of_product(samples.covariance, reference.cholesky)
        if _rounding_of_roots(squares) <= 1e-10 * traces:
            return float(np.sqrt(squares).sum())
    return float(np.linalg.svd(samples.factor.T @ reference.factor, compute_uv=False).sum())


def _large_and_full(moments: Moments) -> bool:
    return moments.dimension > _SMALL and (moments.count is None or moments.count > moments.dimension)


def _rounding_of_roots(squares: Matrix) -> float:
    """How far rounding can move the sum of the roots: each square is off by a unit of the largest, independently."""
    if squares[0] <= 0:
        return np.inf
    return float(np.finfo(np.float64).eps * squares[-1] * np.sqrt((0.25 / squares).sum()))


def _eigenvalues_of_product(covariance: Matrix, triangle: Matrix) -> Matrix:
    """Eigenvalues (d,) of L^T C L, ascending: those of C L L^T."""
    from scipy.linalg import blas, eigvalsh

    half = blas.dtrmm(1.0, triangle, covariance.T, side=1, lower=1)
    congruent = blas.dtrmm(1.0, triangle, half, lower=1, trans_a=1, overwrite_b=1)
    eigenvalues: Matrix = eigvalsh(congruent, check_finite=False, overwrite_a=True)
    return eigenvalues
