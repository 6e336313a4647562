"""Critics over random Fourier features (Rahimi & Recht 2007): the Gaussian kernel to a stated error, in linear time.

With frequencies w_j drawn from the kernel's spectrum, N(0, 1/s^2) in every direction,

    k(x, x') ~ 1/M sum_j cos(w_j . (x - x')),        f(x) = theta . phi(x),    phi = [cos(Wx), sin(Wx)] / sqrt(M)

so that the space is R^2M with its Euclidean norm, and the flow is exact for *this* kernel. Its error against the
Gaussian one has mean 0 and, at a difference d, the variance ((1 + k(2d))/2 - k(d)^2) / M, hence a standard deviation
of at most 1/sqrt(2M): `RandomFeatures.error` measures it on given points.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from equipoise.core.errors import UserError
from equipoise.flows.particles.kernel import require_bandwidths

CHUNK = 2_000_000
"""Feature values that are in memory at once."""


class RandomFeatures:
    """The space of functions theta . phi; an element is its coefficients (2M,).

    Args:
        dim: d, of the points.
        num_frequencies: M.
        bandwidths: s, in units of the points; frequencies are dealt to them in turn.
        generator: draws the frequencies.
        dtype: of frequencies and coefficients; points are expected in it too.
        chunk: feature values in memory at once.

    >>> space = RandomFeatures(2, 512, generator=torch.Generator().manual_seed(0))
    >>> points = torch.randn(100, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    >>> root_mean_square, largest = space.error(points)
    >>> root_mean_square < (1 / 1024) ** 0.5
    True
    """

    def __init__(
        self,
        dim: int,
        num_frequencies: int,
        bandwidths: Sequence[float] = (1.0,),
        generator: torch.Generator | None = None,
        dtype: torch.dtype = torch.float64,
        chunk: int = CHUNK,
    ) -> None:
        self.bandwidths = require_bandwidths(bandwidths)
        if num_frequencies < len(self.bandwidths):
            raise UserError(
                f"{num_frequencies} random frequencies were asked for {len(self.bandwidths)} bandwidths; "
                f"give at least one each."
            )
        scales = torch.tensor(self.bandwidths, dtype=dtype).repeat(num_frequencies)[:num_frequencies]
        directions = torch.randn(num_frequencies, dim, generator=generator, dtype=torch.float64).to(dtype)
        # Where the bandwidths do not divide the frequencies, each scale's features are weighted to count alike.
        counts = torch.stack([(scales == scale).sum() for scale in scales]).to(dtype)
        self.frequencies = directions / scales.unsqueeze(1)
        self.amplitudes = (counts * len(set(self.bandwidths))).rsqrt()
        self.chunk = chunk

    def zero(self) -> Tensor:
        """The function 0."""
        return self.amplitudes.new_zeros(2 * len(self.amplitudes))

    def embed(self, points: Tensor, weights: Tensor) -> Tensor:
        """Sum of weights x phi(points), the mean embedding of the cloud: (2M,)."""
        parts = (
            torch.cat([weights[rows] @ cosines, weights[rows] @ sines]) for rows, cosines, sines in self._waves(points)
        )
        return sum(parts, start=self.zero()) * self.amplitudes.repeat(2)

    def value(self, function: Tensor, points: Tensor) -> Tensor:
        """The function at ``points`` (N, d): (N,)."""
        even, odd = (function * self.amplitudes.repeat(2)).chunk(2)
        return torch.cat([cosines @ even + sines @ odd for _, cosines, sines in self._waves(points)])

    def gradient(self, function: Tensor, points: Tensor) -> Tensor:
        """The gradient at ``points`` (N, d): (N, d)."""
        even, odd = (function * self.amplitudes.repeat(2)).chunk(2)
        return torch.cat([self._slope(even, odd, cosines, sines) for _, cosines, sines in self._waves(points)])

    def embed_and_gradient(self, function: Tensor, points: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """`embed` and `gradient` from one evaluation of the features."""
        even, odd = (function * self.amplitudes.repeat(2)).chunk(2)
        total, slopes = self.zero(), []
        for rows, cosines, sines in self._waves(points):
            total += torch.cat([weights[rows] @ cosines, weights[rows] @ sines])
            slopes.append(self._slope(even, odd, cosines, sines))
        return total * self.amplitudes.repeat(2), torch.cat(slopes)

    def inner(self, one: Tensor, other: Tensor) -> Tensor:
        """<f, g>, a scalar."""
        return one @ other

    def error(self, points: Tensor) -> tuple[float, float]:
        """Root mean square and largest error of the kernel over all pairs of ``points`` (N, d)."""
        waves = [torch.cat([c, s], 1) * self.amplitudes.repeat(2) for _, c, s in self._waves(points)]
        features = torch.cat(waves)
        squares = torch.cdist(points, points).square()
        exact = torch.stack([(squares * (-0.5 / s**2)).exp() for s in self.bandwidths]).mean(0)
        difference = features @ features.T - exact
        return difference.square().mean().sqrt().item(), difference.abs().max().item()

    def _slope(self, even: Tensor, odd: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
        return torch.addcmul(cosines * odd, sines, even, value=-1) @ self.frequencies

    def _waves(self, points: Tensor) -> Iterator[tuple[slice, Tensor, Tensor]]:
        """Rows, cosines and sines (rows, M), chunk by chunk."""
        height = max(1, self.chunk // len(self.amplitudes))
        for start in range(0, len(points), height):
            rows = slice(start, start + height)
            phases = points[rows] @ self.frequencies.T
            yield rows, phases.cos(), phases.sin()
