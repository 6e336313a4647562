"""Which modes of the data a generator reaches: Gaussians of a mixture, or classes.

The convention of VEEGAN (Srivastava et al. 2017) and PacGAN (Lin et al. 2018) for mixtures: a sample is of high quality
if it is within three standard deviations of its nearest centre, and a mode is found if at least one such sample is
nearest to it. Both papers take 2,500 samples, 100 for each mode of the 5 x 5 grid; with fewer, a mode that a perfect
generator serves can be missed. In the plane a perfect generator has 1 - exp(-9/2) = 98.9 % of high quality, not 100 %.

Not here: whether the modes are served in equal parts (the counts are given), and distances.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from equipoise.core.errors import UserError

RADIUS = 3.0
"""Standard deviations within which a sample is of high quality."""


@dataclass(frozen=True)
class Coverage:
    """How many samples fell to each mode; records of several batches are added.

    Attributes:
        counts: high-quality samples nearest to each of K modes, or examples of each class.
        num_samples: all samples, those of no mode included.

    >>> both = Coverage((1, 0, 5), 8) + Coverage((0, 0, 2), 2)
    >>> both.num_found, both.high_quality
    (2, 0.8)
    """

    counts: tuple[int, ...]
    num_samples: int

    @property
    def num_modes(self) -> int:
        """Modes or classes that there are."""
        return len(self.counts)

    @property
    def num_found(self) -> int:
        """Modes or classes with at least one sample."""
        return sum(count > 0 for count in self.counts)

    @property
    def high_quality(self) -> float:
        """Fraction of samples that count for a mode, in [0, 1]; always 1 for classes."""
        return sum(self.counts) / self.num_samples

    def __add__(self, other: "Coverage") -> "Coverage":
        counts = tuple(a + b for a, b in zip(self.counts, other.counts, strict=True))
        return Coverage(counts, self.num_samples + other.num_samples)


def mode_coverage(samples: Tensor, centres: Tensor, std: float) -> Coverage:
    """How a generator covers a mixture of round Gaussians.

    Args:
        samples: (N, D) points; those that are not finite are of low quality.
        centres: (K, D).
        std: standard deviation of each Gaussian in each direction, in units of the points.

    Raises:
        UserError: no samples, or their dimension is not that of the centres.

    >>> centres = torch.tensor([[0.0, 0.0], [2.0, 0.0], [4.0, 0.0]])
    >>> mode_coverage(torch.tensor([[0.1, 0.0], [2.0, 0.14], [2.0, 1.0]]), centres, std=0.05)
    Coverage(counts=(1, 1, 0), num_samples=3)
    """
    if samples.ndim != 2 or samples.shape[1] != centres.shape[1]:
        raise UserError(f"Points of shape {tuple(samples.shape)} were given for centres in {centres.shape[1]} numbers.")
    _require_some(samples)
    distances = torch.cdist(samples.double(), centres.to(samples.device, torch.float64))
    distance, nearest = distances.min(dim=1)
    counts = torch.bincount(nearest[distance <= RADIUS * std], minlength=len(centres))
    return Coverage(tuple(counts.tolist()), len(samples))


def class_coverage(logits: Tensor) -> Coverage:
    """How many examples a classifier puts in each class.

    Args:
        logits: (N, K), of a `ClassifierNetwork`.

    Raises:
        UserError: no examples, or logits that are NaN.

    >>> class_coverage(torch.tensor([[3.0, 1.0, 0.0], [2.0, 1.0, 0.0]]))
    Coverage(counts=(2, 0, 0), num_samples=2)
    """
    _require_some(logits)
    if logits.isnan().any():
        raise UserError("The logits hold NaN, so there is no class to count; look at the examples they were made from.")
    counts = torch.bincount(logits.argmax(dim=1), minlength=logits.shape[1])
    return Coverage(tuple(counts.tolist()), len(logits))


def _require_some(samples: Tensor) -> None:
    if not len(samples):
        raise UserError("Coverage needs at least 1 sample, but 0 were given.")
