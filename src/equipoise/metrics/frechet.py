"""The Frechet distance between two sets of features, each taken for a Gaussian.

    d^2 = |m_1 - m_2|^2 + tr C_1 + tr C_2 - 2 tr (C_1 C_2)^(1/2)

the squared 2-Wasserstein distance of the two Gaussians (Dowson & Landau 1982), proposed for generated images by
Heusel et al. (2017). It is called FID in the features of the 2015 Inception graph, elsewhere FD with its features.

The trace of the root is computed without a matrix root, in real arithmetic:

- both covariances safely positive definite, C_2 = L L^T: the roots of the eigenvalues of L^T C_1 L, which are those of
  C_1 C_2;
- otherwise, C_i = F_i F_i^T at any rank: the singular values of F_1^T F_2. No root is taken of a number that is zero
  but for rounding, so sets smaller than their dimension are measured as exactly as large ones.

Sampling biases the distance upwards, roughly in proportion to 1/N: a sample of a Gaussian in 64 dimensions is 12.2 from
that Gaussian at N = 100 and 0.11 at 10,000. Numbers at different N are not comparable.
"""

from dataclasses import asdict
from typing import Any

import numpy as np

from equipoise.core.errors import UserError
from equipoise.metrics.factors import Matrix
from equipoise.metrics.moments import Moments


def frechet_distance(samples: Moments, reference: Moments) -> float:
    """The squared distance d^2 >= 0, in squared units of the features.

    Symmetric up to rounding. The factor of a covariance is kept with its `Moments`: against one reference, each further
    distance costs one symmetric eigenproblem. The error is of the order of 1e-13 of the two traces.

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
    # Rounding can leave a few units in the last place of the traces below zero, where the distance is zero.
    return max(0.0, float(between_means + traces - 2 * _trace_of_root(samples, reference)))


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


def _trace_of_root(samples: Moments, reference: Moments) -> float:
    """Trace of (C_1 C_2)^(1/2)."""
    if samples.cholesky is not None and reference.cholesky is not None:
        roots = np.sqrt(np.maximum(_eigenvalues_of_product(samples.covariance, reference.cholesky), 0))
    else:
        roots = np.linalg.svd(samples.factor.T @ reference.factor, compute_uv=False)
    return float(roots.sum())


def _eigenvalues_of_product(covariance: Matrix, triangle: Matrix) -> Matrix:
    """Eigenvalues (d,) of L^T C L, ascending: those of C L L^T."""
    from scipy.linalg import blas, eigvalsh

    half = blas.dtrmm(1.0, triangle, covariance.T, side=1, lower=1)
    congruent = blas.dtrmm(1.0, triangle, half, lower=1, trans_a=1, overwrite_b=1)
    eigenvalues: Matrix = eigvalsh(congruent, check_finite=False, overwrite_a=True)
    return eigenvalues
