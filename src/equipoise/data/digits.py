"""The embedded default: scikit-learn's handwritten digits, which need no file and no network.

1,797 grey images of 8 x 8 pixels with 17 levels, in ten classes; one set, without splits.
"""

import numpy as np
import torch

from equipoise.data.memory import InMemoryImages


def load_digits(device: torch.device, *, flip: bool = False) -> InMemoryImages:
    """The digits, (1797, 1, 8, 8), their levels 0..16 spread over 0..255."""
    from sklearn import datasets

    digits = datasets.load_digits()
    pixels = np.rint(digits.images * (255 / 16)).astype(np.uint8)[:, None]
    labels = torch.from_numpy(digits.target.astype(np.int64))
    return InMemoryImages("digits", torch.from_numpy(pixels).to(device), labels.to(device), flip=flip)
