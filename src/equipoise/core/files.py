"""Files and folders that are either whole or absent, and line-based records that survive a kill.

Everything is written to a temporary name in the same folder, flushed to disk and renamed, so that a reader never sees
half a file. Temporary names say which process makes them (see `equipoise.core.temporaries`, which clears away what a
dead one left). JSON is written without NaN or infinity, which are not JSON: they become null.
"""

import contextlib
import hashlib
import json
import math
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from equipoise.core.temporaries import temporary_beside


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; on success it is renamed to ``path``, on error removed."""
    temporary = temporary_beside(path)
    try:
        yield temporary
        flush_to_disk(temporary)
        os.replace(temporary, path)
        flush_to_disk(path.parent)
    finally:
        with contextlib.suppress(OSError):  # what went wrong before says more
            temporary.unlink(missing_ok=True)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder beside ``path``; on success it becomes ``path``, on error it goes with all it holds.

    Raises:
        OSError: also where ``path`` exists already, unless it is an empty folder.
    """
    temporary = temporary_beside(path)
    try:
        temporary.mkdir(parents=True)
        yield temporary
        for file in temporary.rglob("*"):
            flush_to_disk(file)
        flush_to_disk(temporary)
        temporary.rename(path)
        flush_to_disk(path.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def flush_to_disk(path: Path) -> None:
    """Ask the operating system to put a file, or the entries of a folder, on the disk now."""
    if os.name == "nt" and path.is_dir():  # Windows opens no folders, and keeps their entries by itself
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_text(path: Path, text: str) -> None:
    """Write ``text`` atomically."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` atomically as indented JSON; NaN and infinities become null."""
    write_text(path, json.dumps(without_nan(value), indent=2) + "\n")


def append_json_line(path: Path, record: Mapping[str, Any]) -> None:
    """Append one record to a ``.jsonl`` file."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(without_nan(record)) + "\n")


def read_json_lines(path: Path) -> list[dict[str, Any]]:
    """All whole records of a ``.jsonl`` file; lines that a kill or a fault has damaged are left out.

    A missing file is empty.
    """
    if not path.exists():
        return []
    records = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        with contextlib.suppress(json.JSONDecodeError):
            record = json.loads(line)
            if isinstance(record, dict):
                records.append(record)
    return records


def without_nan(value: Any) -> Any:
    """A copy of nested lists and mappings with every non-finite float replaced by None.

    >>> without_nan({"a": [1.0, float("nan")]})
    {'a': [1.0, None]}
    """
    if isinstance(value, Mapping):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def sha256_of_file(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cache_folder() -> Path:
    """Where results that can be computed again are kept: ``$EQUIPOISE_CACHE``, or the user's cache folder."""
    default = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "equipoise"
    return Path(os.environ.get("EQUIPOISE_CACHE", default))
