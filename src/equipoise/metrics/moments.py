"""Mean and covariance of features: one pass, constant memory, the same numbers whatever the batch size.

    mean = sum x / N        covariance = sum (x - mean)(x - mean)^T / (N - 1)

Rows are gathered into blocks of fixed length before anything is computed, so that batches of 1 and of 50,000 give the
same bits and the products are large enough to be fast. Each block is centred on its own mean and joined to the rest by
the pairwise formula of Chan, Golub & LeVeque (1979), which also merges moments of separate processes.

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
import torch
from numpy.typing import NDArray
from torch import Tensor

from equipoise.core.errors import UserError
from equipoise.core.files import replacing
from equipoise.metrics.factors import Matrix, cholesky_factor, pivoted_factor
from equipoise.metrics.protocol import Protocol

Features = Tensor | NDArray[Any]
Vector = NDArray[np.float64]

BLOCK = 1024
"""Rows that are gathered before a product: from 512 on the product runs at full speed at d = 2048."""


@dataclass(frozen=True)
class _Sums:
    """Count, mean (d,) and scatter sum (x - mean)(x - mean)^T (d, d)."""

    count: int
    mean: Vector
    scatter: Matrix


def _sums_of(rows: Matrix) -> _Sums:
    rough = rows.mean(axis=0)
    centred = rows - rough
    # A mean far from zero is rounded coarsely; that of the centred rows is what is missing to it.
    missing = centred.mean(axis=0)
    centred -= missing
    return _Sums(len(rows), rough + missing, centred.T @ centred)


def _joined(a: _Sums, b: _Sums) -> _Sums:
    """Sums of two disjoint sets: scatter = S_a + S_b + (n_a n_b / n) (m_b - m_a)(m_b - m_a)^T."""
    count = a.count + b.count
    step = b.mean - a.mean
    scatter = a.scatter + b.scatter + (a.count * b.count / count) * np.outer(step, step)
    return _Sums(count, a.mean + (b.count / count) * step, scatter)


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
            # A copy of our own, closed to changes, so that the factors kept below stay true.
            values = np.array(getattr(self, name), dtype=np.float64, order="C")
            values.setflags(write=False)
            object.__setattr__(self, name, values)
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
        protocol = self.protocol and other.protocol and self.protocol.merged(other.protocol)
        return _finished(_joined(self._sums(), other._sums()), protocol)

    def save(self, path: Path) -> None:
        """Write ``path`` (``.npz``) atomically."""
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.savez(file, mu=self.mean, sigma=self.covariance, **self._extras())

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a file of ours, or one that holds only ``mu`` and ``sigma``.

        Raises:
            UserError: the file is missing, is damaged, or holds no moments.
        """
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

    def _sums(self) -> _Sums:
        if self.count is None:
            raise UserError("Moments from a file without a count cannot be merged; compute them again.")
        return _Sums(self.count, self.mean, self.covariance * (self.count - 1))

    def _extras(self) -> dict[str, Any]:
        count = {} if self.count is None else {"count": self.count}
        return count if self.protocol is None else {**count, "protocol": json.dumps(asdict(self.protocol))}


class MomentsAccumulator:
    """Moments of features that come batch by batch, in memory for one block and one matrix.

    Args:
        protocol: how the features are made; it is kept in the result.

    >>> accumulator = MomentsAccumulator()
    >>> for batch in ([[0.0, 1.0]], [[2.0, 1.0], [4.0, 4.0]]):
    ...     accumulator.update(np.array(batch))
    >>> accumulator.finish().mean
    array([2., 2.])
    """

    def __init__(self, protocol: Protocol | None = None) -> None:
        self.protocol = protocol
        self._block: Matrix | None = None
        self._filled = 0
        self._sums: _Sums | None = None

    @property
    def count(self) -> int:
        """Examples seen so far."""
        return self._filled + (self._sums.count if self._sums else 0)

    def update(self, features: Features) -> None:
        """Take in features (N, d) of any floating type, on any device.

        Raises:
            UserError: not of the shape (N, d) of earlier batches, or NaN or infinite.
        """
        rows = _as_rows(features)
        if self._block is None:
            self._block = np.empty((BLOCK, rows.shape[1]))
        if rows.shape[1] != self._block.shape[1]:
            raise UserError(f"Features of {rows.shape[1]} numbers follow features of {self._block.shape[1]}.")
        while len(rows):
            taken = min(len(rows), BLOCK - self._filled)
            self._block[self._filled : self._filled + taken] = rows[:taken]
            self._filled, rows = self._filled + taken, rows[taken:]
            if self._filled == BLOCK:
                self._sums, self._filled = self._all(), 0

    def finish(self) -> Moments:
        """Moments of everything seen so far; more may follow.

        Raises:
            UserError: fewer than two examples were seen.
        """
        if self.count < 2:
            raise UserError(f"Moments need at least 2 examples, but {self.count} were given.")
        return _finished(self._all(), self.protocol)

    def _all(self) -> _Sums:
        assert self._block is not None
        if not self._filled:
            assert self._sums is not None
            return self._sums
        block = _sums_of(self._block[: self._filled])
        return _joined(self._sums, block) if self._sums else block


def _finished(sums: _Sums, protocol: Protocol | None) -> Moments:
    return Moments(sums.mean, sums.scatter / (sums.count - 1), sums.count, protocol)


def _as_rows(features: Features) -> NDArray[Any]:
    if isinstance(features, Tensor):
        # numpy has no bfloat16; float64 stays as it is.
        features = features.detach().cpu().to(torch.promote_types(features.dtype, torch.float32)).numpy()
    rows = np.asarray(features)
    if rows.ndim != 2 or not rows.shape[1]:
        raise UserError(f"Features of shape {rows.shape} were given, but moments are taken of (N, d).")
    if not np.isfinite(rows).all():
        raise UserError("The features hold NaN or infinite numbers; look at the examples they were made from.")
    return rows


def _check(moments: Moments) -> None:
    mean, covariance = moments.mean, moments.covariance
    if mean.ndim != 1 or not len(mean) or covariance.shape != (len(mean), len(mean)):
        raise UserError(
            f"A mean of shape {mean.shape} and a covariance of shape {covariance.shape} were given, but (d,) and "
            f"(d, d) are needed."
        )
    if not (np.isfinite(mean).all() and np.isfinite(covariance).all()):
        raise UserError("The moments hold NaN or infinite numbers; compute them again from finite features.")
    if np.abs(covariance - covariance.T).max() > 1e-6 * np.abs(covariance).max():
        raise UserError("The covariance is not symmetric, so it is the covariance of nothing; compute it again.")
    if moments.count is not None and moments.count < 2:
        raise UserError(f"Moments need at least 2 examples, but the count is {moments.count}.")
