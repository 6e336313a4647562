"""Images that fit in memory: one uint8 tensor on the training device, indexed and normalised there.

A batch costs a handful of kernels and no host synchronisation. Nothing here reads files; `equipoise.data.images` does.
"""

import hashlib
from collections.abc import Iterator
from functools import cached_property

import torch
from torch import Tensor

from equipoise.core.batches import Batch
from equipoise.core.tensors import sha256_of_tensor
from equipoise.data.order import EpochLoader, EpochOrder
from equipoise.data.source import Source


def normalise(pixels: Tensor) -> Tensor:
    """Pixels uint8 0..255 as float32 in [-1, 1], in the same layout.

    >>> normalise(torch.tensor([0, 255], dtype=torch.uint8))
    tensor([-1.,  1.])
    """
    return pixels.to(torch.float32).div_(127.5).sub_(1)


def mirror(examples: Tensor, coins: Tensor) -> Tensor:
    """Images (N, C, H, W), each mirrored left to right where its coin (N, 1, 1, 1) is 1 and untouched where it is 0."""
    # With weights of exactly 0 and 1, lerp returns its ends bit for bit, at a third of the cost of torch.where.
    return torch.lerp(examples, examples.flip(-1), coins)


class InMemoryImages(Source):
    """Images held as one tensor.

    Args:
        name: what a person calls the set.
        pixels: (N, C, H, W) uint8.
        labels: (N,) int64 classes on the same device, or None.
        flip: mirror each image with probability 1/2.
        classes: the names of classes 0, 1, ..., where they are known.
    """

    def __init__(
        self,
        name: str,
        pixels: Tensor,
        labels: Tensor | None = None,
        *,
        flip: bool = False,
        classes: tuple[str, ...] | None = None,
    ) -> None:
        assert pixels.dtype == torch.uint8, f"pixels are {pixels.dtype}, not uint8"
        assert pixels.ndim == 4, f"pixels have shape {tuple(pixels.shape)}, not (N, C, H, W)"
        self.name, self.flip, self.classes = name, flip, classes
        self.example_shape = tuple(pixels.shape[1:])
        self.num_examples: int = len(pixels)
        self._pixels, self.labels = pixels, labels

    @cached_property
    def _fingerprint(self) -> str:
        parts = [sha256_of_tensor(self._pixels)]
        if self.labels is not None:
            parts.append(sha256_of_tensor(self.labels))
        return hashlib.sha256(" ".join(parts).encode()).hexdigest()

    def fingerprint(self) -> str:
        """SHA-256 over pixels and labels."""
        return self._fingerprint

    def batches(
        self,
        batch_size: int,
        generator: torch.Generator,
        device: torch.device | None = None,
        memory_format: torch.memory_format = torch.contiguous_format,
    ) -> "InMemoryLoader":
        """See `Source.batches`. The set itself takes up the layout and device asked for, so as to exist once."""
        order = EpochOrder(self.num_examples, batch_size, generator, device, flip=self.flip, name=self.name)
        self._pixels = self._pixels.to(order.device).contiguous(memory_format=memory_format)
        self.labels = None if self.labels is None else self.labels.to(order.device)
        return InMemoryLoader(self._pixels, self.labels, order, memory_format)

    def ordered(self, batch_size: int, device: torch.device) -> Iterator[Batch]:
        """See `Source.ordered`."""
        for start in range(0, self.num_examples, batch_size):
            rows = slice(start, start + batch_size)
            labels = None if self.labels is None else self.labels[rows].to(device)
            yield Batch(normalise(self._pixels[rows].to(device).contiguous()), labels)

    def part(self, rows: Tensor | None, *, labelled: bool = True) -> "InMemoryImages":
        """See `Source.part`."""
        pixels = self._pixels if rows is None else self._pixels[rows.to(self._pixels.device)]
        labels = labels_of_part(self.labels, rows, labelled)
        return InMemoryImages(self.name, pixels, labels, flip=self.flip, classes=self.classes if labelled else None)


def labels_of_part(labels: Tensor | None, rows: Tensor | None, labelled: bool) -> Tensor | None:
    """The labels (N,) of the examples at ``rows`` (all for None), or None where there are none to be had."""
    if labels is None or not labelled:
        return None
    return labels if rows is None else labels[rows.to(labels.device)]


class InMemoryLoader(EpochLoader):
    """A walk over images in memory; made by `InMemoryImages.batches`."""

    def __init__(
        self, pixels: Tensor, labels: Tensor | None, order: EpochOrder, memory_format: torch.memory_format
    ) -> None:
        self._labels, self._order = labels, order
        self._channels_last = memory_format == torch.channels_last
        # Selecting along the first dimension keeps the layout only of what is plainly contiguous.
        self._stored = pixels.permute(0, 2, 3, 1) if self._channels_last else pixels

    def __next__(self) -> Batch:
        rows, coins = self._order.take()
        pixels = self._stored.index_select(0, rows)
        examples = normalise(pixels.permute(0, 3, 1, 2) if self._channels_last else pixels)
        if coins is not None:
            examples = mirror(examples, coins)
        return Batch(examples, None if self._labels is None else self._labels.index_select(0, rows))
