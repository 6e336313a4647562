"""One walk over encoded images in constant memory, for measuring; training takes its batches from a `Source`.

Images are decoded batch by batch, in threads, and each batch is handed on and forgotten. Where no size is asked for,
images keep their own, and a batch is split by size.
"""

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from equipoise.data.decode import UnreadableImageError, decode, fit, quiet, to_array
from equipoise.data.memory import normalise
from equipoise.data.reading import Progress, Records, opened
from equipoise.data.unreadable import Unreadable

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class ImageWalk:
    """Encoded images, and how they are brought to pixels.

    Attributes:
        records: the encoded images.
        channels: 1 for grey, 3 for colour.
        size: height and width in pixels to bring images to, or None to leave each as it is.
        resize: how images reach ``size``, see `equipoise.data.decode.fit`.
        max_unreadable: fraction of images that may be unreadable; they are counted and left out.
        num_threads: threads that decode.
    """

    records: Records
    channels: int
    size: tuple[int, int] | None = None
    resize: Literal["crop", "squash"] = "crop"
    max_unreadable: float = 0.01
    num_threads: int = 2

    def most_unreadable(self, num_images: int) -> int:
        """How many of so many images may be unreadable."""
        return Unreadable(num_images, self.max_unreadable).allowed

    def batches(
        self, batch_size: int, indices: Sequence[int] | None = None, on_progress: Progress | None = None
    ) -> Iterator[Tensor]:
        """Images (N, C, H, W) float32 in [-1, 1] on the CPU, in order, at most ``batch_size`` and of one size each.

        Args:
            batch_size: images that are decoded at a time.
            indices: the images to take, ascending (default: all).
            on_progress: called with images done and images in all.

        Raises:
            UserError: more images are unreadable than allowed.

        Warns:
            DataWarning: some images are unreadable and left out.
        """
        chosen = range(len(self.records)) if indices is None else indices
        unreadable = Unreadable(len(chosen), self.max_unreadable, "max-unreadable")
        with ThreadPoolExecutor(self.num_threads) as pool:
            for start in range(0, len(chosen), batch_size):
                rows = chosen[start : start + batch_size]
                with quiet():
                    results = list(pool.map(self._read, rows))
                unreadable.add(_reasons(self.records, rows, results))
                yield from _by_size(results)
                if on_progress:
                    on_progress(start + len(rows), len(chosen))
        unreadable.warn()

    def fingerprint(self, indices: Sequence[int] | None = None, on_progress: Progress | None = None) -> str:
        """SHA-256 over the bytes of the images, in order, and over what is done to them; names do not count."""
        digest = hashlib.sha256(f"{self.channels} {self.size} {self.size and self.resize}".encode())
        chosen = range(len(self.records)) if indices is None else indices
        for done, index in enumerate(chosen, start=1):
            digest.update(self._hash(index))
            if on_progress:
                on_progress(done, len(chosen))
        return digest.hexdigest()

    def _hash(self, index: int) -> bytes:
        try:
            with opened(self.records, index) as file:
                return hashlib.sha256(file.read()).digest()
        except (UnreadableImageError, OSError):
            return b"unreadable"

    def _read(self, index: int) -> Pixels | str:
        """Pixels (C, H, W), or why there are none."""
        try:
            with opened(self.records, index) as file:
                image = decode(file, self.channels)
                if self.size:
                    image = fit(image, self.size[1], self.size[0], self.resize)
                return to_array(image)
        except UnreadableImageError as error:
            return str(error)


def _reasons(records: Records, rows: Sequence[int], results: list[Pixels | str]) -> dict[str, str]:
    return {records.name(row): result for row, result in zip(rows, results, strict=True) if isinstance(result, str)}


def _by_size(results: list[Pixels | str]) -> Iterator[Tensor]:
    by_size: dict[tuple[int, ...], list[Pixels]] = {}
    for result in results:
        if not isinstance(result, str):
            by_size.setdefault(result.shape, []).append(result)
    for pixels in by_size.values():
        yield normalise(torch.from_numpy(np.stack(pixels)))
