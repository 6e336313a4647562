"""From encoded images to a source: find the shape, then decode into memory or, if that is too much, stream.

The size is that of the first readable image unless the settings give it; one image in colour makes the set coloured.
"""

from dataclasses import replace

import numpy as np
import torch

from equipoise.config.data import DataSettings
from equipoise.core.errors import UserError
from equipoise.data.decode import UnreadableImageError, decode, is_grey, quiet
from equipoise.data.memory import InMemoryImages
from equipoise.data.reading import Progress, Reader, Records, for_each, opened
from equipoise.data.source import Source
from equipoise.data.stream import StreamedImages
from equipoise.data.texture_loading import build_texturing
from equipoise.data.unreadable import Unreadable

_MEBIBYTE = 1 << 20


def load_images(
    records: Records, name: str, settings: DataSettings, device: torch.device, on_progress: Progress | None = None
) -> Source:
    """A source of the images in ``records``.

    Args:
        records: the encoded images, at least one.
        name: what a person calls the set.
        settings: resolution, resizing, channels, texture, flips, and the limits on memory and on unreadable images.
        device: holds the pixels, if they fit in memory.
        on_progress: called while images are decoded or, for a streamed set, looked over.

    Raises:
        UserError: sizes differ and nothing says how to resize, or too many images are unreadable.

    Warns:
        DataWarning: some images are unreadable and left out.
    """
    require_resolution(settings)
    with quiet():
        reader = _reader(records, settings)
    reader = replace(reader, texturing=build_texturing(settings, reader.shape))
    unreadable = Unreadable(len(records), settings.max_unreadable)
    if len(records) * int(np.prod(reader.shape)) <= settings.memory_limit * _MEBIBYTE:
        return _in_memory(reader, name, settings, device, unreadable, on_progress)
    return _streamed(reader, name, settings, unreadable, on_progress)


def require_resolution(settings: DataSettings) -> None:
    """Refuse a way of resizing without a size to reach."""
    if settings.resize != "none" and settings.resolution is None:
        raise UserError(f"data.resize is {settings.resize!r}, but no size is given; set data.resolution.")


def _reader(records: Records, settings: DataSettings) -> Reader:
    height, width, rule = _size(records, settings)
    return Reader(records, (_num_channels(records, settings), height, width), settings.resize, rule)


def _num_channels(records: Records, settings: DataSettings) -> int:
    if settings.channels is not None:
        return settings.channels
    return 1 if settings.texture == "none" and all_grey(records) else 3


def _size(records: Records, settings: DataSettings) -> tuple[int, int, str]:
    """Height and width of all images, and where they come from."""
    if settings.resolution is not None:
        return settings.resolution, settings.resolution, f"data.resolution is {settings.resolution}"
    index, width, height = _first_size(records, settings.max_unreadable)
    return height, width, f"{records.name(index)!r} is {width} x {height}"


def all_grey(records: Records) -> bool:
    """Whether no readable image has colour; stops at the first that has."""
    for index in range(len(records)):
        try:
            with opened(records, index) as file:
                if not is_grey(file):
                    return False
        except UnreadableImageError:
            continue
    return True


def _first_size(records: Records, max_unreadable: float) -> tuple[int, int, int]:
    """Index, width and height of the first readable image."""
    failures = {}
    for index in range(len(records)):
        try:
            with opened(records, index) as file:
                return index, *decode(file, channels=1).size
        except UnreadableImageError as error:
            failures[records.name(index)] = str(error)
    Unreadable(len(records), max_unreadable).add(failures)
    raise AssertionError("a set without a readable image is an error")


def _in_memory(
    reader: Reader,
    name: str,
    settings: DataSettings,
    device: torch.device,
    unreadable: Unreadable,
    on_progress: Progress | None,
) -> InMemoryImages:
    pixels = np.empty((len(reader.records), *reader.shape), dtype=np.uint8)

    def store(index: int) -> None:
        pixels[index] = reader.read(index)

    kept = _kept(reader, for_each(reader, store, settings.workers, on_progress), unreadable)
    labels = reader.records.labels
    return InMemoryImages(
        name,
        torch.from_numpy(pixels if len(kept) == len(pixels) else pixels[kept]).to(device),
        None if labels is None else labels[kept].to(device),
        flip=settings.flip,
        classes=reader.records.classes,
    )


def _streamed(
    reader: Reader, name: str, settings: DataSettings, unreadable: Unreadable, on_progress: Progress | None
) -> StreamedImages:
    # Wrong sizes and files that are no images are found now rather than hours later.
    kept = _kept(reader, for_each(reader, reader.check, settings.workers, on_progress), unreadable)
    return StreamedImages(name, reader, kept, unreadable, flip=settings.flip, workers=settings.workers)


def _kept(reader: Reader, failures: dict[int, str], unreadable: Unreadable) -> list[int]:
    """Indices of the readable images, after the others have been accounted for."""
    unreadable.add({reader.records.name(index): reason for index, reason in failures.items()})
    unreadable.warn()
    return [index for index in range(len(reader.records)) if index not in failures]
