"""Images inside a zip or tar archive, read where they lie: nothing is ever written to the disk.

A member is found by its place in the archive, never by its path, so no path can lead anywhere. Links, encrypted members
and members that unpack to more than any honest image are not read; they count as unreadable images. Archives inside
archives are not opened.
"""

import tarfile
import zipfile
from pathlib import Path

from equipoise.core.errors import UserError
from equipoise.data.archive_members import ArchiveRecords
from equipoise.data.archive_tar import TarRecords
from equipoise.data.archive_zip import ZipRecords

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
"""Endings of file names that are taken for archives, in lower case."""


def is_archive(path: Path) -> bool:
    """Whether ``path`` is a file named like an archive.

    >>> is_archive(Path("no/such/file.zip"))
    False
    """
    return path.name.lower().endswith(ARCHIVES) and path.is_file()


def open_archive(path: Path) -> ArchiveRecords:
    """The images of the archive at ``path``.

    Raises:
        UserError: it cannot be read, is damaged, unpacks to more than is honest, or holds no images.
    """
    try:
        return ZipRecords(path) if path.name.lower().endswith(".zip") else TarRecords(path)
    except UserError:
        raise
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, ValueError, NotImplementedError) as error:
        raise UserError(f"{str(path)!r} is not a whole archive ({error}); download or make it again.") from error
    except OSError as error:
        raise UserError(f"Archive {str(path)!r} cannot be read ({error.strerror or error}).") from error
