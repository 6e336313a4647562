"""Eigenvalues at the ends of a spectrum, from products with the matrix alone: ARPACK by SciPy, residuals by ourselves.

Small matrices are written out and solved whole. Of large ones the eigenvalue of largest magnitude comes first; its
size, the *scale*, is what accuracy is relative to. The ends are then sought for the matrix plus twice the scale times
the identity: the same vectors and the same order, but no eigenvalue near 0, relative to which ARPACK would otherwise
measure its error and never end.

The residual |A x - l x| of a unit vector x says that l is an exact eigenvalue of a matrix that differs from A by no
more than that (in norm). Of a symmetric matrix, l itself is then off by no more; of another, by more where eigenvectors
are nearly parallel.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import ArpackError, ArpackNoConvergence, LinearOperator, eigs, eigsh

from equipoise.training.diagnosis.linearise import Vector

Product = Callable[[Vector], Vector]
Complex = NDArray[np.complex128]
OnProduct = Callable[[str, int, int], None]
"""Called with what is sought, products taken, and how many there may be."""
ENDS = {
    "SR": "smallest real part",
    "LR": "largest real part",
    "LI": "largest imaginary part",
    "LM": "largest magnitude",
}
ROUGH = 0.05
"""Accuracy of the scale, which is only what others are measured by."""
ENDS |= {"SA": "smallest", "LA": "largest"}


@dataclass(frozen=True)
class Budget:
    """How much a search may cost.

    Attributes:
        num_eigenvalues: to find at each end.
        max_products: of one search; it takes no fewer than about num_eigenvalues + 7.
        accuracy: relative to the eigenvalue of largest magnitude.
        dense_up_to: rows up to which the whole matrix is solved.
        seed: of the vector that a search starts from.
        on_product: told of progress.
    """

    num_eigenvalues: int = 4
    max_products: int = 600
    accuracy: float = 1e-3
    dense_up_to: int = 500
    seed: int = 0
    on_product: OnProduct | None = None


@dataclass(frozen=True)
class Eigenvalues:
    """Eigenvalues of a real matrix.

    Attributes:
        values: found, complex (k,), by falling real part; each pair of conjugates with both its members.
        residual: the largest |A x - l x| over their unit vectors.
        scale: the largest |l|, to within a twentieth where it lies at no end; 0 where none was found.
        complete: whether these are all there are.
        failures: a sentence for each end that was not found.
        missing: the ends, as in `ENDS`, of which nothing was found.
        num_products: taken.
    """

    values: Complex
    residual: float
    scale: float
    complete: bool
    failures: tuple[str, ...]
    missing: tuple[str, ...]
    num_products: int


def of_general(product: Product, size: int, budget: Budget, name: str) -> Eigenvalues:
    """Eigenvalues of largest and smallest real part, largest imaginary part and largest magnitude.

    Args:
        product: w (n,) -> A w.
        size: n.
        budget: what it may cost.
        name: of the matrix, for sentences.
    """
    return _found(product, size, budget, name, ends=("SR", "LR", "LI"), symmetric=False)


def of_symmetric(product: Product, size: int, budget: Budget, name: str) -> Eigenvalues:
    """Smallest and largest eigenvalues of a symmetric matrix; arguments as in `of_general`."""
    return _found(product, size, budget, name, ends=("SA", "LA"), symmetric=True)


def _found(
    product: Product, size: int, budget: Budget, name: str, *, ends: tuple[str, ...], symmetric: bool
) -> Eigenvalues:
    if size <= max(budget.dense_up_to, 2 * budget.num_eigenvalues + 2):
        return _dense(product, size, budget, name, symmetric=symmetric)
    return _Search(product, size, budget, name, symmetric=symmetric).both_ends(ends)


def _dense(product: Product, size: int, budget: Budget, name: str, *, symmetric: bool) -> Eigenvalues:
    matrix = np.empty((size, size))
    for number, row in enumerate(np.eye(size)):
        matrix[:, number] = product(row)
        if budget.on_product:
            budget.on_product(f"{name}, whole matrix", number + 1, size)
    if symmetric:
        values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    else:
        values, vectors = np.linalg.eig(matrix)
    residuals = np.linalg.norm(matrix @ vectors - vectors * values, axis=0)
    scale = float(np.abs(values).max())
    return Eigenvalues(_sorted(values), float(residuals.max()), scale, True, (), (), size)


class _Search:
    """Searches that share a matrix, a starting vector and a scale."""

    def __init__(self, product: Product, size: int, budget: Budget, name: str, *, symmetric: bool) -> None:
        self._product, self._size, self._budget, self._name = product, size, budget, name
        self._solve = eigsh if symmetric else eigs
        self._start = np.random.default_rng(budget.seed).standard_normal(size)
        self._num_products, self._failures, self._missing = 0, list[str](), list[str]()

    def both_ends(self, ends: tuple[str, ...]) -> Eigenvalues:
        roughly, _ = self._at("LM", 1, 0.0, max(ROUGH, self._budget.accuracy))
        scale = float(np.abs(roughly).max(initial=0.0))
        found = [self._at(end, self._budget.num_eigenvalues, 2 * scale, self._budget.accuracy) for end in ends]
        values, vectors = np.concatenate([each for each, _ in found]), np.hstack([each for _, each in found])
        residual = self._residual(values, vectors)
        scale = float(np.abs(values).max(initial=scale))
        values = _distinct(values, self._budget.accuracy * scale)
        failures, missing = tuple(self._failures), tuple(self._missing)
        return Eigenvalues(values, residual, scale, False, failures, missing, self._num_products)

    def _at(self, end: str, num: int, shift: float, accuracy: float) -> tuple[Complex, Complex]:
        """Eigenvalues and unit vectors at one end; those that were found in time."""
        budget, before = self._budget, self._num_products

        def shifted(vector: Vector) -> Vector:
            self._num_products += 1
            if budget.on_product:
                taken = min(self._num_products - before, budget.max_products)
                budget.on_product(f"{self._name}, {ENDS[end]} (may end sooner)", taken, budget.max_products)
            return self._product(vector) + shift * vector

        width = min(self._size - 1, 2 * num + 16, max(num + 3, (budget.max_products + num - 1) // 2))
        operator = LinearOperator((self._size, self._size), matvec=shifted, dtype=np.float64)
        rounds = max(1, (budget.max_products - width) // (width - num))  # the first vectors, then those of each round
        given = {"k": num, "which": end, "ncv": width, "maxiter": rounds, "tol": accuracy, "v0": self._start}
        try:
            values, vectors = self._solve(operator, **given)
        except ArpackNoConvergence as error:
            values, vectors = error.eigenvalues, error.eigenvectors
            self._note_failure(end, num, len(values), self._num_products - before)
        except ArpackError as error:
            values, vectors = np.empty(0), np.empty((self._size, 0))
            self._failures.append(f"{self._name}: ARPACK gave up ({str(error).rstrip('.')}).")
            self._missing.append(end)
        return values.astype(np.complex128) - shift, vectors.astype(np.complex128)

    def _note_failure(self, end: str, num: int, num_found: int, num_products: int) -> None:
        if not num_found:
            self._missing.append(end)
        self._failures.append(
            f"{self._name}: of the {num} eigenvalues of {ENDS[end]} {num_found or 'none'} converged within "
            f"{num_products} products; raise --max-products or --accuracy."
        )

    def _residual(self, values: Complex, vectors: Complex) -> float:
        """The largest residual; of each pair of conjugates one member is looked at."""
        largest = 0.0
        for value, vector in zip(values, vectors.T, strict=True):
            if value.imag < 0:
                continue
            vector = vector / np.linalg.norm(vector)
            image = self._product(vector.real) + 1j * (self._product(vector.imag) if value.imag else 0)
            self._num_products += 2 if value.imag else 1
            own = vector if value.imag else vector.real
            largest = max(largest, float(np.linalg.norm(image - value * own)))
        return largest


def _sorted(values: NDArray[np.generic]) -> Complex:
    """By falling real part, then by rising absolute imaginary part, the upper one of a pair first."""
    found: Complex = np.asarray(values, dtype=np.complex128)
    order = np.lexsort((-found.imag, np.abs(found.imag), -found.real))
    return np.asarray(found[order], dtype=np.complex128)


def _distinct(values: Complex, tolerance: float) -> Complex:
    """``values`` without those that two searches both found, and with both members of each pair."""
    kept: list[complex] = []
    for value in _sorted(values):
        if value.imag >= 0 and not any(abs(value - other) <= tolerance for other in kept):
            kept.append(complex(value))
    pairs = [value.conjugate() for value in kept if value.imag > 0]
    return _sorted(np.array(kept + pairs, dtype=np.complex128))
