"""Images below a folder, however deep, each file once.

Links are followed and loops are not; hidden files and folders are skipped. If every image lies in exactly one level of
sub-folders, these are the classes, numbered in sorted order. A file's name says whether it is meant as an image, its
content which kind it is.
"""

import hashlib
import os
import stat
from collections import deque
from collections.abc import Iterator
from copy import copy
from pathlib import Path
from typing import BinaryIO, NamedTuple

import torch
from torch import Tensor

from equipoise.core.errors import UserError
from equipoise.data.paths import existing_folder

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".ppm", ".pgm"})
"""Endings of file names that are taken for images, in lower case."""


class _File(NamedTuple):
    name: str
    """Path below the root, with forward slashes."""
    size: int
    """Bytes; 0 where a link leads nowhere."""
    modified: int
    """Nanoseconds since 1970."""


class FolderRecords:
    """The images below a folder, sorted by path; an implementation of `equipoise.data.reading.Records`.

    Args:
        given: the folder as the user wrote it.

    Raises:
        UserError: there is no such folder, it cannot be listed, or it holds no images.
    """

    def __init__(self, given: str | None) -> None:
        self.root = existing_folder(given, "images")
        self._files = sorted(_images_below(self.root))
        if not self._files:
            kinds = ", ".join(sorted(suffix[1:] for suffix in SUFFIXES))
            raise UserError(f"There are no images below {given!r}; data.path needs files of the kinds {kinds}.")
        self.labels, self.classes = labels_of([file.name for file in self._files])

    def __len__(self) -> int:
        return len(self._files)

    def name(self, index: int) -> str:
        """Path below the folder."""
        return self._files[index].name

    def open(self, index: int) -> BinaryIO:
        """The file, open for reading."""
        return (self.root / self._files[index].name).open("rb")

    def without_labels(self) -> "FolderRecords":
        """The same images; their paths still name the folders."""
        records = copy(self)
        records.labels = records.classes = None
        return records

    def fingerprint(self) -> str:
        """SHA-256 over names, sizes and times of change."""
        return hashlib.sha256(repr([tuple(file) for file in self._files]).encode()).hexdigest()


def _images_below(root: Path) -> Iterator[_File]:
    """Every image once: a file that is also linked to is known by its own name."""
    seen: set[str] = set()
    entries = [entry for entry in _files_below(root) if Path(entry.name).suffix.lower() in SUFFIXES]
    for entry in sorted(entries, key=lambda entry: (entry.is_symlink(), entry.path)):
        # Of links that lead nowhere each is a file of its own.
        where = os.path.realpath(entry.path) if os.path.exists(entry.path) else entry.path
        if where not in seen and (file := _file(entry, root)):
            seen.add(where)
            yield file


def _files_below(root: Path) -> Iterator[os.DirEntry[str]]:
    """Whatever is not a folder, from each folder once; links to folders are followed last."""
    seen: set[str] = set()
    waiting = deque([str(root)])
    while waiting:
        folder = waiting.popleft()
        if (real := os.path.realpath(folder)) in seen:
            continue
        seen.add(real)
        for entry in _visible(folder):
            if not os.path.isdir(entry.path):
                yield entry
            elif entry.is_symlink():
                waiting.append(entry.path)
            else:
                waiting.appendleft(entry.path)


def _visible(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted((entry for entry in entries if not entry.name.startswith(".")), key=lambda entry: entry.name)
    except OSError as error:
        raise UserError(f"Folder {folder!r} cannot be listed ({error.strerror}); make it readable.") from error


def _file(entry: os.DirEntry[str], root: Path) -> _File | None:
    """The file at ``entry``; None for pipes and devices, which reading could wait on for ever."""
    name = Path(entry.path).relative_to(root).as_posix()
    try:
        status = entry.stat()
    except OSError:  # a link that leads nowhere is listed, to be counted as unreadable
        return _File(name, 0, 0)
    return _File(name, status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else None


def labels_of(names: list[str]) -> tuple[Tensor | None, tuple[str, ...] | None]:
    """Classes (N,) int64 and their names where every path has exactly one folder, which is its class.

    >>> labels_of(["cat/1.png", "dog/1.png"])
    (tensor([0, 1]), ('cat', 'dog'))
    >>> labels_of(["cat/1.png", "2.png"])
    (None, None)
    """
    if any(name.count("/") != 1 for name in names):
        return None, None
    each = [name.partition("/")[0] for name in names]
    classes = tuple(sorted(set(each)))
    number = {label: k for k, label in enumerate(classes)}
    return torch.tensor([number[label] for label in each]), classes
