"""What a data source hands to a game."""

from typing import NamedTuple

from torch import Tensor


class Batch(NamedTuple):
    """Real examples on the training device.

    Attributes:
        examples: (N, C, H, W) images in [-1, 1], (N, D) points or (N, V, L) text one-hot over V symbols, float32.
        labels: (N,) int64 classes, or None where the data have none.
    """

    examples: Tensor
    labels: Tensor | None = None
