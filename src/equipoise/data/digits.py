"""The embedded default: scikit-learn's handwritten digits, which need no file and no network.

1,797 grey images of 8 x 8 pixels with 17 levels, in ten classes; one set, without splits. They may be enlarged by
Pillow's bicubic interpolation, spread to three channels, and blended with texture.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from equipoise.config.data import DataSettings
from equipoise.data.decode import fit
from equipoise.data.memory import InMemoryImages
from equipoise.data.texture_loading import build_texturing

SIDE = 8
CLASSES = tuple("0123456789")


def load_digits(device: torch.device, settings: DataSettings | None = None) -> InMemoryImages:
    """The digits, (1797, C, H, H), their levels 0..16 spread over 0..255.

    Args:
        device: holds the pixels.
        settings: resolution, channels, texture and flips; without them the digits as they are.

    Raises:
        UserError: the texture cannot be had.
    """
    from sklearn import datasets

    settings = settings or DataSettings()
    digits = datasets.load_digits()
    pixels = np.rint(digits.images * (255 / 16)).astype(np.uint8)
    labels = torch.from_numpy(digits.target.astype(np.int64)).to(device)
    brought = torch.from_numpy(_brought(pixels, settings)).to(device)
    return InMemoryImages("digits", brought, labels, flip=settings.flip, classes=CLASSES)


def _brought(pixels: NDArray[np.uint8], settings: DataSettings) -> NDArray[np.uint8]:
    """Grey pixels (N, 8, 8) in the size, channels and texture (N, C, H, H) of the settings."""
    side = settings.resolution or SIDE
    shape = (settings.channels or (1 if settings.texture == "none" else 3), side, side)
    if side != SIDE:
        pixels = np.stack([np.asarray(fit(Image.fromarray(each), side, side, "squash")) for each in pixels])
    spread = np.repeat(pixels[:, None], shape[0], axis=1)
    texturing = build_texturing(settings, shape)
    if texturing is None:
        return spread
    return np.stack([texturing.blended(each, index) for index, each in enumerate(spread)])
