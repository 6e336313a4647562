"""Critics in the Hilbert space of a Gaussian kernel, exactly: finite sums of kernels at points.

    k(x, x') = mean over bandwidths s of exp(-|x - x'|^2 / (2 s^2)),        f = sum_j c_j k(., x_j)

Sums run in chunks, so that no N x N matrix is ever in memory; time is still quadratic, and a critic that remembers
grows by one cloud a step. `equipoise.flows.particles.features` is the space for many particles and long runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from equipoise.core.errors import UserError

CHUNK = 4_000_000
"""Entries of a kernel matrix that are in memory at once."""


def require_bandwidths(bandwidths: Sequence[float]) -> tuple[float, ...]:
    """``bandwidths`` as a tuple, or a `UserError` where they are no sequence, or one is not above 0."""
    if not isinstance(bandwidths, Sequence):
        raise UserError(f"Kernel bandwidths were given as {bandwidths!r}; give a sequence, such as [{bandwidths!r}].")
    if not bandwidths or not all(0 < bandwidth < float("inf") for bandwidth in bandwidths):
        raise UserError(f"Kernel bandwidths were given as {list(bandwidths)}; give at least one, all above 0.")
    return tuple(bandwidths)


@dataclass(frozen=True)
class KernelFunction:
    """A function of the space; sums and multiples of functions are functions.

    Attributes:
        blocks: pairs of points (M, d) and their coefficients (M,).
    """

    blocks: tuple[tuple[Tensor, Tensor], ...] = ()

    def __add__(self, other: "KernelFunction") -> "KernelFunction":
        merged = {id(points): (points, coefficients) for points, coefficients in self.blocks}
        for points, coefficients in other.blocks:
            # The same tensor of points stands for the same functions: data points are not stored anew every step.
            known = merged.get(id(points))
            merged[id(points)] = (points, coefficients if known is None else known[1] + coefficients)
        return KernelFunction(tuple(merged.values()))

    def __rmul__(self, factor: float) -> "KernelFunction":
        return KernelFunction(tuple((points, factor * coefficients) for points, coefficients in self.blocks))

    def __sub__(self, other: "KernelFunction") -> "KernelFunction":
        return self + -1.0 * other

    @property
    def coefficients(self) -> Tensor:
        """All coefficients (M,), of all blocks."""
        return torch.cat([coefficients for _, coefficients in self.blocks]) if self.blocks else torch.zeros(1)


class KernelSpace:
    """The space of `KernelFunction`s.

    Args:
        bandwidths: s, in units of the points; several make a kernel with several scales.
        chunk: entries of a kernel matrix in memory at once.
    """

    def __init__(self, bandwidths: Sequence[float] = (1.0,), chunk: int = CHUNK) -> None:
        self.bandwidths, self.chunk = require_bandwidths(bandwidths), chunk

    def zero(self) -> KernelFunction:
        """The function 0."""
        return KernelFunction()

    def embed(self, points: Tensor, weights: Tensor) -> KernelFunction:
        """The embedding k * mu of the cloud with ``points`` (N, d) and ``weights`` (N,)."""
        return KernelFunction(((points, weights),))

    def value(self, function: KernelFunction, points: Tensor) -> Tensor:
        """The function at ``points`` (N, d): (N,)."""
        total = torch.zeros(len(points), dtype=points.dtype, device=points.device)
        for centres, coefficients in function.blocks:
            for rows in self._rows(points, centres):
                squares = torch.cdist(points[rows], centres, compute_mode="donot_use_mm_for_euclid_dist").square()
                for bandwidth in self.bandwidths:
                    total[rows] += (squares * (-0.5 / bandwidth**2)).exp_() @ coefficients / len(self.bandwidths)
        return total

    def gradient(self, function: KernelFunction, points: Tensor) -> Tensor:
        """The gradient at ``points`` (N, d): (N, d)."""
        total = torch.zeros_like(points)
        for centres, coefficients in function.blocks:
            for rows in self._rows(points, centres):
                here = points[rows]
                squares = torch.cdist(here, centres, compute_mode="donot_use_mm_for_euclid_dist").square()
                for bandwidth in self.bandwidths:
                    pull = (squares * (-0.5 / bandwidth**2)).exp_() * coefficients
                    slope = pull @ centres - pull.sum(1, keepdim=True) * here
                    total[rows] += slope / (bandwidth**2 * len(self.bandwidths))
        return total

    def inner(self, one: KernelFunction, other: KernelFunction) -> Tensor:
        """<f, g> of the Hilbert space, a scalar."""
        return sum((c @ self.value(other, points) for points, c in one.blocks), start=torch.zeros(()))

    def _rows(self, points: Tensor, centres: Tensor) -> list[slice]:
        height = max(1, self.chunk // max(1, len(centres)))
        return [slice(start, start + height) for start in range(0, len(points), height)]
