"""What zip and tar archives have in common: which members are images, and which of them are not to be read."""

import io
from abc import ABC, abstractmethod
from copy import copy
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from equipoise.core.errors import UserError
from equipoise.core.files import sha256_of_file
from equipoise.data.decode import UnreadableImageError
from equipoise.data.folder import SUFFIXES, labels_of

LARGEST_MEMBER = 512 << 20
"""Bytes that one image may unpack to."""


@dataclass(frozen=True)
class Member:
    """An image in an archive.

    Attributes:
        name: its path in the archive.
        problem: why it is not read, worded to follow the name; None where it may be.
        size: bytes, unpacked.
        place: where its header (zip) or its bytes (tar) start.
    """

    name: str
    problem: str | None
    size: int
    place: int


class ArchiveRecords(ABC):
    """The images of an archive, sorted by path; an implementation of `equipoise.data.reading.Records`.

    Args:
        path: an archive that exists.
        members: the images in it.

    Raises:
        UserError: there are none.
    """

    def __init__(self, path: Path, members: list[Member]) -> None:
        if not members:
            kinds = ", ".join(sorted(suffix[1:] for suffix in SUFFIXES))
            raise UserError(f"There are no images in {str(path)!r}; give an archive with files of the kinds {kinds}.")
        self.path, self._members = path, sorted(members, key=lambda member: (member.name, member.place))
        self.labels, self.classes = labels_of(without_common_folder([member.name for member in self._members]))

    def __len__(self) -> int:
        return len(self._members)

    def name(self, index: int) -> str:
        """Path in the archive."""
        return self._members[index].name

    def open(self, index: int) -> BinaryIO:
        """The image's bytes, in memory."""
        member = self._members[index]
        if member.problem:
            raise UnreadableImageError(member.problem)
        return io.BytesIO(self._bytes_of(member))

    def without_labels(self) -> "ArchiveRecords":
        """The same images; their paths still name the folders."""
        records = copy(self)
        records.labels = records.classes = None
        return records

    def fingerprint(self) -> str:
        """SHA-256 over the archive's bytes."""
        return sha256_of_file(self.path)

    @abstractmethod
    def _bytes_of(self, member: Member) -> bytes:
        """The member's content; any thread and any process may ask."""


def is_image(name: str) -> bool:
    """Whether a member of this name is meant as an image; hidden ones and what macOS adds are not.

    >>> is_image("a/1.png"), is_image("__MACOSX/a/._1.png"), is_image("a/notes.txt")
    (True, False, False)
    """
    path = PurePosixPath(name)
    hidden = any((part.startswith(".") and part not in (".", "..")) or part == "__MACOSX" for part in path.parts)
    return path.suffix.lower() in SUFFIXES and not hidden and not name.endswith("/")


def too_large(size: int) -> str | None:
    """The problem of a member of ``size`` bytes, if that is one."""
    return f"unpacks to {size >> 20} MiB, more than {LARGEST_MEMBER >> 20}" if size > LARGEST_MEMBER else None


def without_common_folder(names: list[str]) -> list[str]:
    """Names without the folders that hold all classes, which archives often have and which say nothing.

    >>> without_common_folder(["photos/cat/1.png", "photos/dog/1.png"])
    ['cat/1.png', 'dog/1.png']
    """
    parts = [PurePosixPath(name).parts for name in names]
    while all(len(path) > 2 for path in parts) and len({path[0] for path in parts}) == 1:
        parts = [path[1:] for path in parts]
    return ["/".join(path) for path in parts]
