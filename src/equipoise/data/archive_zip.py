"""Images in a zip archive.

The directory is read by `zipfile`; a member is then read from its place by a file opened for that alone. A
`zipfile.ZipFile` kept open cannot be shared with forked processes, nor be pickled, and one opened anew for each image
would read the directory again each time.
"""

import struct
import zipfile
import zlib
from pathlib import Path

from equipoise.data.archive_members import ArchiveRecords, Member, is_image, too_large
from equipoise.data.decode import UnreadableImageError

# The directory's last word on compression: images stay far below such ratios, and only small flat ones exceed them.
_HIGHEST_RATIO, _SMALL = 500, 16 << 20
_ENCRYPTED = 0x1
_LINK, _KIND = 0o120000, 0o170000
_LOCAL_HEADER = struct.Struct("<4s22xHH")


class ZipRecords(ArchiveRecords):
    """The images of a zip archive, see `ArchiveRecords`."""

    def __init__(self, path: Path) -> None:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if is_image(entry.filename)]
        self._entries = {entry.header_offset: entry for entry in entries}
        super().__init__(path, [_member(entry) for entry in entries])

    def _bytes_of(self, member: Member) -> bytes:
        entry = self._entries[member.place]
        with self.path.open("rb") as file:
            file.seek(entry.header_offset)
            header = file.read(_LOCAL_HEADER.size)
            if len(header) < _LOCAL_HEADER.size or header[:4] != b"PK\3\4":
                raise UnreadableImageError("is not where the archive's directory says")
            _, name, extra = _LOCAL_HEADER.unpack(header)
            file.seek(name + extra, 1)
            content = _unpacked(file.read(entry.compress_size), entry)
        if len(content) != entry.file_size or zlib.crc32(content) != entry.CRC:
            raise UnreadableImageError("is damaged: it does not unpack to what the archive's directory says")
        return content


def _unpacked(packed: bytes, entry: zipfile.ZipInfo) -> bytes:
    """At most one byte more than the directory says that there are."""
    if entry.compress_type == zipfile.ZIP_STORED:
        return packed
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, entry.file_size + 1)
    except zlib.error as error:
        raise UnreadableImageError(f"cannot be unpacked: {error}") from error


def _member(entry: zipfile.ZipInfo) -> Member:
    problem = None
    if (entry.external_attr >> 16) & _KIND == _LINK:
        problem = "is a link"
    elif entry.flag_bits & _ENCRYPTED:
        problem = "is encrypted"
    elif entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        problem = "is packed by another method than deflate"
    elif entry.file_size > max(_SMALL, _HIGHEST_RATIO * entry.compress_size):
        problem = f"unpacks to {entry.file_size >> 20} MiB from {entry.compress_size:,} bytes, which no image does"
    return Member(
        entry.filename,
        problem or too_large(max(entry.file_size, entry.compress_size)),
        entry.file_size,
        entry.header_offset,
    )
