"""Encoded images by index, and the one way in which they are all brought to pixels of one shape.

`Records` is what a folder and a table have in common. A `Reader` goes with it into threads or worker processes.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from equipoise.core.errors import UserError
from equipoise.data.decode import Resize, UnreadableImageError, WrongSizeError, decode, fit, header, quiet, to_array
from equipoise.data.texture import Texturing

Progress = Callable[[int, int], None]
"""Called with the number of images done and the number in all."""

_CHUNK = 64


class Records(Protocol):
    """Encoded images in a fixed order; picklable, for worker processes.

    Attributes:
        labels: (N,) int64 classes on the CPU, or None.
        classes: the names of classes 0, 1, ..., or None where they are not known.
    """

    labels: Tensor | None
    classes: tuple[str, ...] | None

    def __len__(self) -> int: ...

    def name(self, index: int) -> str:
        """What a person calls the image."""

    def open(self, index: int) -> BinaryIO:
        """The encoded image, at its start.

        Raises:
            OSError: it cannot be opened.
            UnreadableImageError: there is none.
        """

    def without_labels(self) -> "Records":
        """The same images, with nothing that says their labels but the names of files."""

    def fingerprint(self) -> str:
        """A key that changes when an image is added, removed, renamed or changed."""


@dataclass(frozen=True)
class Reader:
    """Reads images of one shape.

    Attributes:
        records: the encoded images.
        shape: (C, H, W) of the pixels.
        resize: how images of another size reach it.
        rule: where the size comes from, for the error about an image that has another ("data.resolution is 32").
        texturing: what each image is blended with, if anything.
    """

    records: Records
    shape: tuple[int, int, int]
    resize: Resize
    rule: str
    texturing: Texturing | None = None

    def read(self, index: int) -> NDArray[np.uint8]:
        """Pixels (C, H, W).

        Raises:
            UnreadableImageError: the image cannot be decoded.
            WrongSizeError: it has another size and must not be resized.
        """
        channels, height, width = self.shape
        with opened(self.records, index) as file:
            pixels = to_array(fit(decode(file, channels), width, height, self.resize))
        return pixels if self.texturing is None else self.texturing.blended(pixels, index)

    def fingerprint(self) -> str:
        """A key of the files and of all that is done to them, not of pixels."""
        parts = f"{self.records.fingerprint()} {self.shape} {self.resize}"
        return parts if self.texturing is None else f"{parts} {self.texturing.fingerprint()}"

    def check(self, index: int) -> None:
        """As `read`, without decoding: only what the image's header tells."""
        with opened(self.records, index) as file:
            width, height = header(file)
        if self.resize == "none" and (height, width) != self.shape[1:]:
            raise WrongSizeError(f"is {width} x {height} pixels")

    def wrong_size(self, index: int, error: WrongSizeError) -> UserError:
        """The error for an image of another size than the first."""
        return UserError(
            f"Image {self.records.name(index)!r} {error}, but {self.rule}; "
            "set data.resolution, and data.resize to crop or squash."
        )


def opened(records: Records, index: int) -> BinaryIO:
    """`Records.open`, with a file that cannot be opened counted as an unreadable image."""
    try:
        return records.open(index)
    except OSError as error:
        raise UnreadableImageError(f"cannot be opened: {error.strerror or error}") from error


def for_each(
    reader: Reader, action: Callable[[int], None], num_threads: int, on_progress: Progress | None
) -> dict[int, str]:
    """Do ``action`` for the index of every image, in threads (Pillow decodes outside the interpreter's lock).

    Returns:
        Why each unreadable image is so, by index.

    Raises:
        UserError: an image has another size than the rest; the first such one is named.
    """
    total = len(reader.records)
    starts = range(0, total, _CHUNK)
    failures: dict[int, str] = {}
    with quiet(), _pool(num_threads) as pool:
        for start, found in zip(starts, pool.map(lambda start: _chunk(reader, action, start), starts), strict=True):
            failures.update(found)
            if on_progress:
                on_progress(min(start + _CHUNK, total), total)
    return failures


@contextmanager
def _pool(num_threads: int) -> Iterator[ThreadPoolExecutor]:
    pool = ThreadPoolExecutor(max(1, num_threads))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)  # so that Ctrl-C need not wait for the whole set


def _chunk(reader: Reader, action: Callable[[int], None], start: int) -> dict[int, str]:
    failures = {}
    for index in range(start, min(start + _CHUNK, len(reader.records))):
        try:
            action(index)
        except WrongSizeError as error:
            raise reader.wrong_size(index, error) from error
        except UnreadableImageError as error:
            failures[index] = str(error)
    return failures
