"""Images in a tar archive; a compressed one is unpacked into memory, since it has no places to go to."""

import bz2
import gzip
import io
import lzma
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from equipoise.core.errors import UserError
from equipoise.data.archive_members import ArchiveRecords, Member, is_image, too_large

LARGEST_COMPRESSED = 2 << 30
"""Bytes that a compressed tar may unpack to."""


class TarRecords(ArchiveRecords):
    """The images of a tar archive, compressed or not, see `ArchiveRecords`."""

    def __init__(self, path: Path) -> None:
        self._content = None if _is_plain(path) else _unpacked(path)
        with (
            path.open("rb") if self._content is None else io.BytesIO(self._content) as file,
            tarfile.open(fileobj=file, mode="r:") as archive,
        ):
            members = [_member(entry) for entry in archive if not entry.isdir() and is_image(entry.name)]
        super().__init__(path, members)

    def _bytes_of(self, member: Member) -> bytes:
        if self._content is not None:
            return self._content[member.place : member.place + member.size]
        with self.path.open("rb") as file:
            file.seek(member.place)
            return file.read(member.size)


def _member(entry: tarfile.TarInfo) -> Member:
    problem = None
    if entry.issym() or entry.islnk():
        problem = "is a link"
    elif not entry.isreg() or entry.issparse():
        problem = "is no plain file"
    return Member(entry.name, problem or too_large(entry.size), entry.size, entry.offset_data)


def _is_plain(path: Path) -> bool:
    try:
        with tarfile.open(path, mode="r:"):
            return True
    except tarfile.ReadError:
        return False


def _unpacked(path: Path) -> bytes:
    """The plain tar inside a compressed one."""
    openers: list[Callable[[Any], Any]] = [gzip.GzipFile, bz2.BZ2File, lzma.LZMAFile]
    for opener in openers:
        try:
            with opener(path) as file:
                content: bytes = file.read(LARGEST_COMPRESSED + 1)
        except (gzip.BadGzipFile, lzma.LZMAError, zlib.error):
            continue
        except OSError as error:
            if error.errno is not None:
                raise
            continue  # how bz2 says that this is something else
        if len(content) > LARGEST_COMPRESSED:
            limit = LARGEST_COMPRESSED >> 30
            raise UserError(f"{str(path)!r} unpacks to more than {limit} GiB; store it as a plain .tar or as a .zip.")
        return content
    raise tarfile.ReadError("it is of no known kind")
