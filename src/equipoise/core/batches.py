"""What a data source hands to a game."""

from typing import NamedTuple, Self

from torch import Tensor


class Batch(NamedTuple):
    """Real examples on the training device.

    Attributes:
        examples: (N, C, H, W) images in [-1, 1], (N, D) points or (N, V, L) text one-hot over V symbols, float32.
        labels: (N,) int64 classes, or None where the data have none.
    """

    examples: Tensor
    labels: Tensor | None = None

    def rows(self, rows: slice) -> "Batch":
        """Some of the examples."""
        return Batch(self.examples[rows], None if self.labels is None else self.labels[rows])


class DomainBatch(Batch):
    """Examples of two domains: labelled ones of the source, which `Batch` describes, and others of the target.

    There is no field for labels of the target, so no game can read any.

    Attributes:
        target: (N, ...) examples of the target domain, as many as there are of the source.
    """

    target: Tensor

    def __new__(cls, examples: Tensor, labels: Tensor | None, target: Tensor) -> Self:
        """A batch of both domains."""
        batch = super().__new__(cls, examples, labels)
        batch.target = target
        return batch

    def rows(self, rows: slice) -> "DomainBatch":
        """Some of the examples of either domain."""
        source = super().rows(rows)
        return DomainBatch(source.examples, source.labels, self.target[rows])
