"""Points that fit in memory, and the two moons: two interleaved half circles, each a class.

Turned about their centre, the moons are the classical picture of a change of domain: the second set of Ganin et al.
2016 (arXiv:1505.07818, section 5.1) is the first, turned by 35 degrees.
"""

import hashlib
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from equipoise.config.data import DataSettings
from equipoise.core.batches import Batch
from equipoise.core.tensors import sha256_of_tensor
from equipoise.data.memory import labels_of_part
from equipoise.data.order import EpochLoader, EpochOrder
from equipoise.data.source import Source

_CENTRE = (0.5, 0.25)
_POINTS_SEED = 0


def load_moons(settings: DataSettings, device: torch.device) -> "InMemoryPoints":
    """The moons of scikit-learn, (N, 2) about the origin, with radius 1; always the same points for the same settings.

    Args:
        settings: number of points, noise and rotation.
        device: holds the points.
    """
    from sklearn import datasets

    points, labels = datasets.make_moons(settings.num_points, noise=settings.std, random_state=_POINTS_SEED)
    turned = (points - np.array(_CENTRE)) @ rotation(settings.rotation).T
    return InMemoryPoints(
        "moons",
        torch.from_numpy(turned.astype(np.float32)).to(device),
        torch.from_numpy(labels.astype(np.int64)).to(device),
        classes=("upper", "lower"),
    )


def rotation(degrees: float) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The matrix (2, 2) that turns column vectors counter-clockwise.

    >>> rotation(90).round(12) + 0.0
    array([[ 0., -1.],
           [ 1.,  0.]])
    """
    angle = math.radians(degrees)
    return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])


class InMemoryPoints(Source):
    """Points held as one tensor.

    Args:
        name: what a person calls the set.
        points: (N, D) float32.
        labels: (N,) int64 classes on the same device, or None.
        classes: the names of classes 0, 1, ..., where they are known.
    """

    def __init__(
        self, name: str, points: Tensor, labels: Tensor | None = None, *, classes: tuple[str, ...] | None = None
    ) -> None:
        assert points.ndim == 2, f"points have shape {tuple(points.shape)}, not (N, D)"
        self.name, self.classes = name, classes
        self.example_shape = tuple(points.shape[1:])
        self.num_examples: int = len(points)
        self._points, self.labels = points, labels

    def fingerprint(self) -> str:
        """SHA-256 over points and labels."""
        parts = [sha256_of_tensor(each) for each in (self._points, self.labels) if each is not None]
        return hashlib.sha256(" ".join(parts).encode()).hexdigest()

    def batches(
        self,
        batch_size: int,
        generator: torch.Generator,
        device: torch.device | None = None,
        memory_format: torch.memory_format = torch.contiguous_format,
    ) -> "PointsLoader":
        """See `Source.batches`."""
        order = EpochOrder(self.num_examples, batch_size, generator, device, flip=False, name=self.name)
        labels = None if self.labels is None else self.labels.to(order.device)
        return PointsLoader(self._points.to(order.device), labels, order)

    def ordered(self, batch_size: int, device: torch.device) -> Iterator[Batch]:
        """See `Source.ordered`."""
        for start in range(0, self.num_examples, batch_size):
            rows = slice(start, start + batch_size)
            labels = None if self.labels is None else self.labels[rows].to(device)
            yield Batch(self._points[rows].to(device), labels)

    def part(self, rows: Tensor | None, *, labelled: bool = True) -> "InMemoryPoints":
        """See `Source.part`."""
        points = self._points if rows is None else self._points[rows.to(self._points.device)]
        labels = labels_of_part(self.labels, rows, labelled)
        return InMemoryPoints(self.name, points, labels, classes=self.classes if labelled else None)


class PointsLoader(EpochLoader):
    """A walk over points in memory; made by `InMemoryPoints.batches`."""

    def __init__(self, points: Tensor, labels: Tensor | None, order: EpochOrder) -> None:
        self._points, self._labels, self._order = points, labels, order

    def __next__(self) -> Batch:
        rows, _ = self._order.take()
        labels = None if self._labels is None else self._labels.index_select(0, rows)
        return Batch(self._points.index_select(0, rows), labels)
