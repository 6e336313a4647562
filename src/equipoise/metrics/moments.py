"""Mean and covariance of features: one pass, constant memory, the same numbers whatever the batch size.

    mean = sum x / N        covariance = sum (x - mean)(x - mean)^T / (N - 1)

Rows are gathered into blocks of fixed length before anything is computed (``scatter``), so that batches of 1 and of
50,000 give the same bits and the products are large enough to be fast. Moments of separate processes are merged by the
pairwise formula of Chan, Golub & LeVeque (1979).

Files are ``.npz`` with ``mu`` and ``sigma``, as those of TTUR, pytorch-fid and clean-fid, with our count and protocol
beside them. Everything is float64 on the CPU: some devices have no float64, and N x d numbers are little to move. Not
here: the features themselves (``features``) and distances (``frechet``).
"""

import json
import zipfile
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from equipoise.core.errors import NotMeasurableError, UserError
from equipoise.core.files import replacing
from equipoise.metrics.factors import Matrix, cholesky_factor, pivoted_factor
from equipoise.metrics.protocol import Protocol
from equipoise.metrics.rows import Features, as_rows
from equipoise.metrics.scatter import Scatter

Vector = NDArray[np.float64]

BLOCK = 1024
"""Rows that are gathered before a product: from 512 on the product runs at full speed at d = 2048."""


@dataclass(frozen=True, eq=False)
class Moments:
    """Mean and covariance of a set of features, with the protocol they were taken under.

    Attributes:
        mean: (d,) float64.
        covariance: (d, d) float64, symmetric, unbiased (divided by N - 1).
        count: N; None where a foreign file does not say.
        protocol: how the features were made; None where a foreign file does not say.

    Raises:
        UserError: a shape does not fit, a number is NaN or infinite, or there are fewer than two examples.

    >>> Moments.from_features(np.array([[0.0], [2.0], [4.0]])).covariance
    array([[4.]])
    """

    mean: Vector
    covariance: Matrix
    count: int | None = None
    protocol: Protocol | None = None

    def __post_init__(self) -> None:
        for name in ("mean", "covariance"):
            object.__setattr__(self, name, _closed(getattr(self, name)))
        _check(self)

    @classmethod
    def from_features(cls, features: Features, protocol: Protocol | None = None) -> "Moments":
        """Moments of features (N, d), N at least 2."""
        accumulator = MomentsAccumulator(protocol)
        accumulator.update(features)
        return accumulator.finish()

    @property
    def dimension(self) -> int:
        """Number of features d."""
        return len(self.mean)

    @cached_property
    def cholesky(self) -> Matrix | None:
        """Lower triangular factor of the covariance, or None where that is not safely positive definite."""
        return cholesky_factor(self.covariance)

    @cached_property
    def factor(self) -> Matrix:
        """A factor (d, rank) of the covariance, at any rank."""
        return pivoted_factor(self.covariance)

    def merge(self, other: "Moments") -> "Moments":
        """Moments of both sets together; the order does not matter (to 1e-12 relative).

        Raises:
            UserError: feature networks, weights or dimensions differ, or a count is unknown.
        """
        if self.dimension != other.dimension:
            raise UserError(f"Moments of {self.dimension} and {other.dimension} features cannot be merged.")
        if (self.protocol is None) != (other.protocol is None):
            raise UserError("Moments with and without a protocol cannot be merged; compute both with Equipoise.")
        if self.count is None or other.count is None:
            raise UserError("Moments from a file without a count cannot be merged; compute them again.")
        protocol = self.protocol and other.protocol and self.protocol.merged(other.protocol)
        return Moments(*_joined(self, other, self.count, other.count), self.count + other.count, protocol)

    def save(self, path: str | Path) -> None:
        """Write ``path`` (``.npz``) atomically, as the TTUR, pytorch-fid and clean-fid programs can read it."""
        path = Path(path)
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.savez(file, mu=self.mean, sigma=self.covariance, **self._extras())

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a file of ours, or one that holds only ``mu`` and ``sigma``; other arrays are left alone.

        Raises:
            UserError: the file is missing, is damaged, or holds no moments.
        """
        path = Path(path)
        try:
            # Opened here because numpy leaves a file open that turns out not to be a zip archive.
            with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
                protocol = Protocol(**json.loads(str(file["protocol"]))) if "protocol" in file else None
                count = int(file["count"]) if "count" in file else None
                return cls(file["mu"], file["sigma"], count, protocol)
        except UserError as error:
            raise UserError(f"Moments file {str(path)!r}: {error}") from error
        except OSError as error:
            raise UserError(f"Moments file {str(path)!r} cannot be read ({error.strerror or error}).") from error
        except (KeyError, ValueError, TypeError, AttributeError, EOFError, zipfile.BadZipFile) as error:
            raise UserError(f"{str(path)!r} is not a whole .npz file with the arrays 'mu' and 'sigma'.") from error

    def _extras(self) -> dict[str, Any]:
        count = {} if self.count is None else {"count": self.count}
        return count if self.protocol is None else {**count, "protocol": json.dumps(asdict(self.protocol))}


class MomentsAccumulator:
    """Moments of features that come batch by batch, in memory for one block and one matrix.

    Args:
        protocol: how the features are made; it is kept in the result.
        float32_products: multiply in float32 and add blocks up in float64: about twice as fast, with an error in a
            Frechet distance of some 1e-9 of its traces. Features are rounded to float32 first.

    >>> accumulator = MomentsAccumulator()
    >>> for batch in ([[0.0, 1.0]], [[2.0, 1.0], [4.0, 4.0]]):
    ...     accumulator.update(np.array(batch))
    >>> accumulator.finish().mean
    array([2., 2.])
    """

    def __init__(self, protocol: Protocol | None = None, float32_products: bool = False) -> None:
        self.protocol = protocol
        self._dtype: type[np.floating] = np.float32 if float32_products else np.float64
        self._block = np.empty((0, 0))
        self._filled = 0
        self._scatter: Scatter | None = None

    @property
    def count(self) -> int:
        """Examples seen so far."""
        return self._filled + (self._scatter.count if self._scatter else 0)

    def update(self, features: Features) -> None:
        """Take in features (N, d) of any floating type, on any device.

        Raises:
            UserError: not of the shape (N, d) of earlier batches, or NaN or infinite.
        """
        rows = as_rows(features)
        if self._scatter is None:
            self._scatter = Scatter(rows.shape[1], self._dtype)
            self._block = np.empty((BLOCK + 1, rows.shape[1]), self._dtype)
        if rows.shape[1] != self._block.shape[1]:
            raise UserError(f"Features of {rows.shape[1]} numbers follow features of {self._block.shape[1]}.")
        while len(rows):
            taken = min(len(rows), BLOCK - self._filled)
            # Rounded here, if at all, so that every way of batching rounds alike.
            self._block[self._filled : self._filled + taken] = rows[:taken]
            self._filled, rows = self._filled + taken, rows[taken:]
            if self._filled == BLOCK:
                self._scatter.absorb(self._block[:BLOCK], self._block)
                self._filled = 0

    def finish(self) -> Moments:
        """Moments of everything seen so far; more may follow.

        Raises:
            UserError: fewer than two examples were seen.
        """
        if self._scatter is None or self.count < 2:
            raise UserError(f"Moments need at least 2 examples, but {self.count} were given.")
        whole = self._scatter.copy()
        if self._filled:
            whole.absorb(self._block[: self._filled], np.empty_like(self._block[: self._filled + 1]))
        mean, covariance = whole.mean, whole.covariance()
        for values in (mean, covariance):
            # Nobody else holds them, so `Moments` need not copy them.
            values.setflags(write=False)
        return Moments(mean, covariance, whole.count, self.protocol)


def _joined(a: Moments, b: Moments, num_a: int, num_b: int) -> tuple[Vector, Matrix]:
    """Mean and covariance of disjoint sets: scatter = S_a + S_b + (n_a n_b / n)(m_b - m_a)(m_b - m_a)^T."""
    count, step = num_a + num_b, b.mean - a.mean
    between = np.outer(step, step) * (num_a * num_b / count)
    scatter = (num_a - 1) * a.covariance + (num_b - 1) * b.covariance + between
    return a.mean + (num_b / count) * step, scatter / (count - 1)


def _closed(values: NDArray[Any]) -> Matrix:
    """The values as float64 that cannot be changed, so that factors made of them stay true: a copy if need be."""
    if isinstance(values, np.ndarray) and values.dtype == np.float64 and not _writeable(values):
        return values
    copy = np.array(values, dtype=np.float64, order="C")
    copy.setflags(write=False)
    return copy


def _writeable(values: NDArray[Any]) -> bool:
    """Whether the array or one whose memory it shows is open to changes, or is not in C order."""
    if values.flags.writeable or not values.flags.c_contiguous:
        return True
    return values.base is not None and (not isinstance(values.base, np.ndarray) or values.base.flags.writeable)


def _check(moments: Moments) -> None:
    mean, covariance = moments.mean, moments.covariance
    if mean.ndim != 1 or not len(mean) or covariance.shape != (len(mean), len(mean)):
        raise UserError(
            f"A mean of shape {mean.shape} and a covariance of shape {covariance.shape} were given, but (d,) and "
            f"(d, d) are needed."
        )
    if not (np.isfinite(mean).all() and np.isfinite(covariance).all()):
        raise NotMeasurableError("The moments hold NaN or infinite numbers; compute them again from finite features.")
    if not _symmetric(covariance):
        raise UserError("The covariance is not symmetric, so it is the covariance of nothing; compute it again.")
    if moments.count is not None and moments.count < 2:
        raise UserError(f"Moments need at least 2 examples, but the count is {moments.count}.")


def _symmetric(covariance: Matrix) -> bool:
    """To a millionth of the largest entry; by strips, since a whole difference would take as much memory again."""
    strips = [slice(start, start + 256) for start in range(0, len(covariance), 256)]
    largest = max(np.abs(covariance[strip]).max() for strip in strips)
    return all(np.abs(covariance[strip] - covariance[:, strip].T).max() <= 1e-6 * largest for strip in strips)
