"""What a data source hands to a game."""

from typing import NamedTuple

from torch import Tensor


class Batch(NamedTuple):
    """Real examples on the training device.

    Attributes:
        examples: (N, C, H, W) images in [-1, 1], (N, D) points or (N, V, L) text one-hot over V symbols, float32.
        labels: (N,) int64 classes, or None where the data have none.
        target: (N, ...) examples of the domain that a classifier is adapted to, or None in every other game. They have
            no field for labels, so that no game can read any.
    """

    examples: Tensor
    labels: Tensor | None = None
    target: Tensor | None = None
