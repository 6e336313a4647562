"""Images blended with texture, as MNIST-M was made: |image - patch|, in each channel, on pixels of 8 bits.

The rule is that of Ganin et al. 2016 (arXiv:1505.07818, section 5.2.3): for each digit a patch is cut at random from a
photograph, and the absolute difference of the two is the new image. A patch may be weakened first by a factor, which
is 1 in the paper. Which patch an image gets follows from the seed and the image's place in its set alone, so that a
set in memory, a streamed one and one made again are the same. A fresh machine has no photographs: a smooth pattern of
random colours serves there.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]

CELLS = 4
"""Random colours along each side of a smooth patch."""


class Texture(Protocol):
    """Where patches come from."""

    def patch(self, shape: tuple[int, ...], draw: np.random.Generator) -> Pixels:
        """A random patch (C, H, W)."""

    def fingerprint(self) -> str:
        """A key of all patches that there can be."""


class SmoothTexture:
    """Random colours at ``CELLS`` x ``CELLS`` places, and Pillow's bicubic interpolation between them.

    >>> SmoothTexture().patch((3, 28, 28), np.random.default_rng(0)).shape
    (3, 28, 28)
    """

    def patch(self, shape: tuple[int, ...], draw: np.random.Generator) -> Pixels:
        """A random patch (C, H, W)."""
        num_channels, height, width = shape
        colours = draw.integers(0, 256, (num_channels, CELLS, CELLS), dtype=np.uint8)
        enlarged = [Image.fromarray(each).resize((width, height), Image.Resampling.BICUBIC) for each in colours]
        return np.stack([np.asarray(each) for each in enlarged])

    def fingerprint(self) -> str:
        """The number of colours."""
        return f"smooth {CELLS}"


class Photographs:
    """Patches cut from photographs at any place, at the photographs' own scale.

    Args:
        images: each (C, H, W), at least as large as the patches, and of their number of channels.
    """

    def __init__(self, images: list[Pixels]) -> None:
        self._images = images

    def patch(self, shape: tuple[int, ...], draw: np.random.Generator) -> Pixels:
        """A random patch (C, H, W)."""
        _, height, width = shape
        image = self._images[draw.integers(len(self._images))]
        top, left = (draw.integers(ours - theirs + 1) for ours, theirs in zip(image.shape[1:], shape[1:], strict=True))
        return image[:, top : top + height, left : left + width]

    def fingerprint(self) -> str:
        """SHA-256 over shapes and pixels."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        digest = hashlib.sha256()
        for image in self._images:
            digest.update(f"{image.shape}".encode())
            digest.update(image.tobytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class Texturing:
    """What is done to every image of a set.

    Attributes:
        texture: gives the patches.
        seed: of the patches.
        strength: what they are multiplied by, in (0, 1].
    """

    texture: Texture
    seed: int
    strength: float = 1.0

    def blended(self, pixels: Pixels, index: int) -> Pixels:
        """The image (C, H, W) at place ``index`` of its set, after the blending.

        >>> black = np.zeros((1, 8, 8), np.uint8)
        >>> texturing = Texturing(SmoothTexture(), seed=0)
        >>> bool((texturing.blended(black, 5) == 255 - texturing.blended(black + 255, 5)).all())
        True
        """
        patch = self.texture.patch(pixels.shape, np.random.default_rng((self.seed, index)))
        return blend(pixels, patch, self.strength)

    def fingerprint(self) -> str:
        """A key of what is done."""
        return f"{self.texture.fingerprint()} {self.seed} {self.strength!r}"


def blend(pixels: Pixels, patch: Pixels, strength: float = 1.0) -> Pixels:
    """|pixels - strength patch|, the product rounded to whole levels; both uint8 of one shape.

    >>> blend(np.array([0, 200], np.uint8), np.array([50, 50], np.uint8))
    array([ 50, 150], dtype=uint8)
    """
    weakened = np.rint(strength * patch).astype(np.int16)
    difference: Pixels = np.abs(pixels.astype(np.int16) - weakened).astype(np.uint8)
    return difference
