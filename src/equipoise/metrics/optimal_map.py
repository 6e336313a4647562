"""The optimal map between two normal laws, and what it says about the Frechet distance: derivative, variance, bias.

The map from N(m_a, C_a) to N(m_b, C_b) is x -> m_b + T (x - m_a), with C_b = T C_a T (Olkin & Pukelsheim 1982). With
L^T C_a L = V S^2 V^T for a factor C_b = L L^T,

    T = L V S^-1 V^T L^T = A A^T        A = L V S^(-1/2)
    T^-1 = B B^T                        B = C_a L V S^(-3/2)

so one symmetric eigenproblem gives both. The distance changes with the two covariances as I - T and I - T^-1, hence the
influence of one example x of the first set is

    2 (m_a - m_b).(x - m_a) + (x - m_a)^T (I - T) (x - m_a) - tr (I - T) C_a

Below full rank, T is that between the directions which both sets have: the pseudo-inverse.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from equipoise.metrics.factors import Matrix
from equipoise.metrics.moments import Moments

Vector = NDArray[np.float64]

_RELATIVE_FLOOR = 1e-6
"""Roots this far below the largest are taken for zero: they carry nothing, and dividing by them does harm."""


@dataclass(frozen=True)
class OptimalMap:
    """T and its inverse, in factors.

    Attributes:
        roots: (r,) the diagonal S: the roots of the eigenvalues of C_a C_b.
        forward: (d, r) A.
        backward: (d, r) B.
        samples: moments of the first set.
        reference: moments of the second.
    """

    roots: Vector
    forward: Matrix
    backward: Matrix
    samples: Moments
    reference: Moments

    def flipped(self) -> "OptimalMap":
        """The same seen from the other set."""
        return OptimalMap(self.roots, self.backward, self.forward, self.reference, self.samples)

    def influences(self, rows: NDArray[np.floating]) -> Vector:
        """Influence (N,) of examples (N, d) of the first set, in units of the distance."""
        return self.influences_and_bias(rows)[0]

    def influences_and_bias(self, rows: NDArray[np.floating]) -> tuple[Vector, float]:
        """Influences (N,) of examples (N, d) of the first set, and what `gaussian_bias` gives for any other law.

        The bias takes the fourth moments of the examples instead of those of a normal law.
        """
        centred = rows - self.samples.mean
        projected = np.square(centred @ self.forward)
        along = 2 * centred @ (self.samples.mean - self.reference.mean)
        squares = np.square(centred).sum(axis=1) - projected.sum(axis=1)
        total = np.trace(self.samples.covariance)
        projected /= self.roots
        fourth = projected.T @ projected / len(rows) - np.eye(len(self.roots))
        bias = total + (_pairs(self.roots) * fourth).sum() / 2
        return along + squares - (total - self.roots.sum()), float(bias)

    def gaussian_variance(self) -> float:
        """Variance of the influence if the first set is normal: 4 d^T C_a d + 2 tr ((I - T) C_a)^2."""
        step, covariance = self.samples.mean - self.reference.mean, self.samples.covariance
        along = 4 * step @ covariance @ step
        squares = np.square(covariance).sum() - 2 * np.square(covariance @ self.forward).sum()
        return float(max(0.0, along + 2 * (squares + np.square(self.roots).sum())))

    def gaussian_bias(self) -> float:
        """N times the bias that N examples of a normal first set cause, to first order.

        tr C_a + 1/2 (sum_ij s_i s_j / (s_i + s_j) + 1/2 sum_i s_i): the second derivative of the trace of the root.
        """
        return float(np.trace(self.samples.covariance) + (_pairs(self.roots).sum() + self.roots.sum() / 2) / 2)


def optimal_map(samples: Moments, reference: Moments) -> OptimalMap:
    """The map from the first normal law to the second, at any rank, for one eigenproblem or singular value problem."""
    if samples.cholesky is not None and reference.cholesky is not None:
        half = samples.covariance @ reference.cholesky
        squares, vectors = np.linalg.eigh(reference.cholesky.T @ half)
        roots = np.sqrt(np.maximum(squares, 0))
        forward, backward = reference.cholesky @ vectors, half @ vectors
        kept = roots > _RELATIVE_FLOOR * roots.max()
        roots = roots[kept]
        return OptimalMap(roots, forward[:, kept] * roots**-0.5, backward[:, kept] * roots**-1.5, samples, reference)
    left, roots, right = np.linalg.svd(reference.factor.T @ samples.factor, full_matrices=False)
    kept = roots > _RELATIVE_FLOOR * max(roots.max(initial=0.0), np.finfo(float).tiny)
    roots = roots[kept]
    forward, backward = (
        (factor @ vectors[:, kept]) * roots**-0.5
        for factor, vectors in ((reference.factor, left), (samples.factor, right.T))
    )
    return OptimalMap(roots, forward, backward, samples, reference)


def _pairs(roots: Vector) -> Matrix:
    """s_i s_j / (s_i + s_j), (r, r)."""
    pairs: Matrix = np.outer(roots, roots) / np.add.outer(roots, roots)
    return pairs
