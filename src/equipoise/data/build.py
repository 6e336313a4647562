"""From data settings to a source."""

from collections.abc import Callable
from pathlib import Path

import torch

from equipoise.config.data import DataSettings
from equipoise.core.errors import UserError
from equipoise.data.archive import is_archive, open_archive
from equipoise.data.digits import load_digits
from equipoise.data.folder import FolderRecords
from equipoise.data.images import load_images, require_resolution
from equipoise.data.kept import kept
from equipoise.data.mixtures import Mixture, grid_centres, ring_centres
from equipoise.data.points import load_moons
from equipoise.data.reading import Progress
from equipoise.data.source import Source
from equipoise.data.table import open_table
from equipoise.data.text_loading import load_text

Builder = Callable[[DataSettings, torch.device, Progress | None], Source]


def _digits(settings: DataSettings, device: torch.device, _: Progress | None) -> Source:
    return load_digits(device, settings)


def _ring(settings: DataSettings, device: torch.device, _: Progress | None) -> Source:
    return Mixture("ring", ring_centres().to(device), settings.std)


def _grid(settings: DataSettings, device: torch.device, _: Progress | None) -> Source:
    return Mixture("grid", grid_centres().to(device), settings.std)


def _moons(settings: DataSettings, device: torch.device, _: Progress | None) -> Source:
    return load_moons(settings, device)


def _folder(settings: DataSettings, device: torch.device, on_progress: Progress | None) -> Source:
    require_resolution(settings)
    path = settings.path and Path(settings.path).expanduser()
    records = open_archive(path) if path and is_archive(path) else FolderRecords(settings.path)
    return load_images(records, f"folder {settings.path}", settings, device, on_progress)


def _table(settings: DataSettings, device: torch.device, on_progress: Progress | None) -> Source:
    require_resolution(settings)
    name = f"table {settings.path}, split {settings.split}"
    return load_images(open_table(settings), name, settings, device, on_progress)


def _text(settings: DataSettings, device: torch.device, on_progress: Progress | None) -> Source:
    return load_text(settings, device, on_progress=on_progress)


SOURCES: dict[str, Builder] = {
    "digits": _digits,
    "ring": _ring,
    "grid": _grid,
    "moons": _moons,
    "folder": _folder,
    "table": _table,
    "text": _text,
}
"""How each source is built, by the name that settings call it."""


def build_source(
    settings: DataSettings, device: torch.device, split: str | None = None, on_progress: Progress | None = None
) -> Source:
    """The source that the settings describe.

    Args:
        settings: which data, and how they are brought to one size.
        device: holds what is kept in memory.
        split: taken instead of ``settings.split``, for a reference set.
        on_progress: called with images done and images in all while many are decoded.

    Raises:
        UserError: the data cannot be had as described; the sentence says what to do.

    Warns:
        DataWarning: some images are unreadable and left out.

    >>> source = build_source(DataSettings(), torch.device("cpu"))
    >>> source.example_shape, source.num_examples
    ((1, 8, 8), 1797)
    """
    if split is not None and split != settings.split:
        if settings.source not in ("table", "text"):
            raise UserError(f"Source {settings.source!r} has no splits, so {split!r} cannot be taken; leave it out.")
        other = settings.model_copy(update={"split": split})
        if settings.source == "text":  # in the code of the text trained on: another would be another game
            return load_text(other, device, load_text(settings, torch.device("cpu")).vocabulary, on_progress)
        settings = other
    return kept(settings, device, lambda: SOURCES[settings.source](settings, device, on_progress))
