"""One encoded image to 8-bit grey or colour pixels, as a person who looks at it would expect.

Orientation notes are obeyed, palettes looked up, transparency laid on white, 16-bit grey scaled rather than clipped;
of an animation the first frame counts. Truncated files are not mended. Images whose values have no agreed range are
refused rather than guessed at. Callers silence Pillow's warnings, once around many images: see `quiet`.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from equipoise.core.errors import EquipoiseError

Resize = Literal["none", "crop", "squash"]

_GREY_MODES = {"1", "L", "LA", "I", "I;16", "I;16B", "I;16L", "I;16N"}
_WIDE_MODES = {"I", "I;16", "I;16B", "I;16L", "I;16N"}
_SIDEWAYS = {5, 6, 7, 8}


class UnreadableImageError(EquipoiseError):
    """An image cannot be had from its bytes; the message is the reason, worded to follow the image's name."""


class WrongSizeError(UnreadableImageError):
    """An image has another size than the rest and must not be resized."""


@contextmanager
def quiet() -> Iterator[None]:
    """Silence every warning inside, in all threads; enter it once around many images, from one thread."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _naming_the_reason() -> Iterator[None]:
    try:
        yield
    except (UnreadableImageError, MemoryError):
        raise
    except UnidentifiedImageError as error:
        raise UnreadableImageError("is not an image of a known kind") from error
    except Exception as error:  # Pillow's decoders raise errors of every class on damaged files
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise UnreadableImageError(f"cannot be decoded: {reason}") from error


def header(file: BinaryIO) -> tuple[int, int]:
    """Width and height in pixels of the upright image, without decoding it.

    Raises:
        UnreadableImageError: this is no image.
    """
    with _naming_the_reason():
        image = Image.open(file)
        # Where the note comes after the pixels it is missed here, and the true size is only seen in decoding.
        sideways = "exif" in image.info and image.getexif().get(ExifTags.Base.Orientation) in _SIDEWAYS
        return (image.height, image.width) if sideways else image.size


def is_grey(file: BinaryIO) -> bool:
    """Whether the image is stored as shades of grey, directly or through a palette of greys.

    Raises:
        UnreadableImageError: this is no image.
    """
    with _naming_the_reason():
        image = Image.open(file)
        if image.mode != "P":
            return image.mode in _GREY_MODES
        palette = np.asarray(image.getpalette("RGB")).reshape(-1, 3)
        return bool((palette == palette[:, :1]).all())


def decode(file: BinaryIO, channels: int) -> Image.Image:
    """The image in ``file``, upright and opaque.

    Args:
        file: the encoded image, at its start.
        channels: 1 for grey (mode L), 3 for colour (mode RGB).

    Raises:
        UnreadableImageError: it is damaged, no image, too large to be honest, or of values without an agreed range.

    >>> import io
    >>> file = io.BytesIO()
    >>> Image.new("LA", (2, 1), (0, 0)).save(file, "png")
    >>> decode(file, 3).getpixel((0, 0))
    (255, 255, 255)
    """
    with _naming_the_reason():
        image = Image.open(file)
        image.load()
        with suppress(Exception):  # a broken orientation note is no reason to lose the picture
            ImageOps.exif_transpose(image, in_place=True)
        return _converted(_eight_bits(image), "L" if channels == 1 else "RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    if image.mode == "F":
        raise UnreadableImageError("has floating-point pixels, whose range is unknown")
    if image.mode not in _WIDE_MODES:
        return image
    values = np.asarray(image).astype(np.int64)
    if values.min() < 0 or values.max() > 65535:
        raise UnreadableImageError("has 32-bit pixels, whose range is unknown")
    return Image.fromarray(((values + 128) // 257).astype(np.uint8))  # 65535 = 255 x 257, rounded to nearest


def _converted(image: Image.Image, mode: str) -> Image.Image:
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image.convert("RGBA"))
    return image if image.mode == mode else image.convert(mode)


def fit(image: Image.Image, width: int, height: int, resize: Resize) -> Image.Image:
    """Bring an image to a size, by antialiased bicubic interpolation.

    Args:
        image: mode L or RGB.
        width: wanted, in pixels.
        height: wanted, in pixels.
        resize: crop scales until the image covers the size and cuts the centre; squash scales each side by itself.

    Raises:
        WrongSizeError: the size is another and ``resize`` is none.
    """
    if image.size == (width, height):
        return image
    if resize == "none":
        raise WrongSizeError(f"is {image.width} x {image.height} pixels")
    if resize == "crop":
        return ImageOps.fit(image, (width, height), method=Image.Resampling.BICUBIC)
    return image.resize((width, height), Image.Resampling.BICUBIC)


def to_array(image: Image.Image) -> NDArray[np.uint8]:
    """Pixels (C, H, W) of an image of mode L or RGB."""
    pixels = np.asarray(image)
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
