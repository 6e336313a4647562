"""Published weight files: fetched once, checked by their SHA-256, kept in the cache folder.

A file is written under a temporary name beside its place, continued there after an interruption (by an HTTP range,
where the server has them), and renamed only when its hash is right. A lock keeps two processes from writing the same
file. Whoever has no network is told, in one sentence, which file to put where. Nothing is ever unpickled here.
"""

import http.client
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock

from equipoise.core.errors import UserError
from equipoise.core.files import cache_folder, flush_to_disk, sha256_of_file

Progress = Callable[[int, int], None]
"""Called with the bytes at hand and the bytes of the whole file."""

_ATTEMPTS = 4
_TIMEOUT = 30.0
_CHUNK = 1 << 18


@dataclass(frozen=True)
class WeightsFile:
    """A published file.

    Attributes:
        name: of the file in the cache folder.
        url: where it is published.
        sha256: of its bytes, in hexadecimal.
        size: its bytes.
    """

    name: str
    url: str
    sha256: str
    size: int

    @property
    def path(self) -> Path:
        """Where the file is kept, and where a person without a network puts it."""
        return cache_folder() / "weights" / self.name


def fetch(file: WeightsFile, progress: Progress | None = None) -> Path:
    """Path of ``file``, which is downloaded where it is not kept yet, and whose hash is right.

    Args:
        file: which.
        progress: called during a download; by default a bar is shown where standard error is a terminal.

    Raises:
        UserError: the file cannot be had or kept, or its bytes are not those that were published.
    """
    try:
        if not file.path.exists():
            _download_alone(file, progress)
        found = sha256_of_file(file.path)
    except OSError as error:
        raise _unavailable(file, error) from error
    if found != file.sha256:
        raise UserError(
            f"{str(file.path)!r} has the SHA-256 {found} instead of {file.sha256}, so it is not the published file; "
            f"remove it and try again."
        )
    return file.path


def _download_alone(file: WeightsFile, progress: Progress | None) -> None:
    file.path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file.path.with_name(f".{file.name}.lock")):
        # Another process may have fetched it while this one waited.
        if not file.path.exists():
            _download(file, progress)


def _download(file: WeightsFile, progress: Progress | None) -> None:
    part = file.path.with_name(f".{file.name}.part")
    with _shown(file, progress) as report:
        for _ in range(_ATTEMPTS):
            resumed = part.exists()
            _continue(file, part, report)
            if part.stat().st_size < file.size:
                continue
            if (found := sha256_of_file(part)) == file.sha256:
                flush_to_disk(part)
                part.replace(file.path)
                return
            part.unlink()
            if not resumed:
                # What was left of an earlier download may be to blame; a whole one that is wrong stays wrong.
                raise OSError(f"its SHA-256 is {found}")
    raise OSError(f"the connection broke off {_ATTEMPTS} times")


def _continue(file: WeightsFile, part: Path, report: Progress) -> None:
    """Append to ``part`` what the server sends, or write it anew where the server has no ranges."""
    start = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(file.url, headers={"Range": f"bytes={start}-"} if start else {})
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as response:
            continues = response.headers.get("Content-Range", "").startswith(f"bytes {start}-")
            with part.open("ab" if response.status == 206 and continues else "wb") as written:
                _copy(response, written, file.size, report)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code != 416:
            raise
        # The part is longer than the file that the server has.
        part.unlink()
        part.touch()
    except (http.client.IncompleteRead, ConnectionResetError, TimeoutError):
        # What has arrived is kept and continued.
        part.touch()
    except http.client.HTTPException as error:
        raise OSError(f"the server's answer was broken ({type(error).__name__})") from error


def _copy(response: http.client.HTTPResponse, written: BinaryIO, size: int, report: Progress) -> None:
    while chunk := response.read(_CHUNK):
        written.write(chunk)
        report(written.tell(), size)
        if written.tell() > size:
            raise OSError(f"it is longer than {size:,} bytes")


@contextmanager
def _shown(file: WeightsFile, progress: Progress | None) -> Iterator[Progress]:
    """``progress``, or a bar on standard error where that is a terminal."""
    if progress is not None:
        yield progress
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(file.name, total=file.size)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _unavailable(file: WeightsFile, error: OSError) -> UserError:
    reason = getattr(error, "reason", None) or error.strerror or error
    return UserError(
        f"The weights file {file.name} ({file.size:,} bytes, SHA-256 {file.sha256}) cannot be had from {file.url} "
        f"({reason}); get it on another machine and put it at {str(file.path)!r}."
    )
