"""One writer per folder: a lock that the operating system gives back when its holder dies, however it dies.

The lock is on an open file (``flock`` on Unix, ``LockFile`` on Windows; by the library filelock), not the presence of
one: a file that a killed process left behind locks nothing. Child processes do not inherit it. Who holds it stands in
the file, for the sentence that the second one reads. Network file systems: NFS (from Linux 2.6.12 on) and SMB pass the
lock on to the server; where a file system knows no locks at all, that is said, and the folder goes unlocked.
"""

import contextlib
import json
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from errno import ENOLCK, ENOSYS, ENOTSUP
from pathlib import Path

from filelock import FileLock, Timeout

from equipoise.core.errors import DataWarning, UserError
from equipoise.core.temporaries import host_name

LOCK_FILE = ".lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of ``folder`` inside.

    Raises:
        UserError: another process (or this one) holds it, or its file cannot be written.

    Warns:
        DataWarning: the file system knows no locks.
    """
    # Without filelock's soft fallback: its locks are files that stay when their holder is killed.
    lock = FileLock(
        folder / LOCK_FILE, timeout=0, thread_local=False, fallback_to_soft=False, on_acquired=_write_holder
    )
    _acquire(lock, folder)
    try:
        yield
    finally:
        lock.release()


def _acquire(lock: FileLock, folder: Path) -> None:
    try:
        lock.acquire()
    except Timeout as error:
        raise UserError(f"'{folder}' is in use by {_holder(folder)}; wait until that has ended, or stop it.") from error
    except OSError as error:
        if error.errno not in (ENOLCK, ENOSYS, ENOTSUP):
            raise UserError(f"'{folder}' cannot be written ({error.strerror}); make it writable.") from error
        words = f"The file system of '{folder}' knows no locks: see to it that no second process writes there."
        warnings.warn(words, DataWarning, stacklevel=4)


def _write_holder(descriptor: int) -> None:
    holder = json.dumps({"pid": os.getpid(), "host": host_name()}) + "\n"
    with contextlib.suppress(OSError):  # a full disk: the lock holds all the same
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, holder.encode(), 0) if hasattr(os, "pwrite") else os.write(descriptor, holder.encode())


def _holder(folder: Path) -> str:
    try:
        holder = json.loads((folder / LOCK_FILE).read_text(encoding="utf-8"))
        return f"process {int(holder['pid'])} on {holder['host']}"
    except (OSError, ValueError, KeyError, TypeError):  # it is only just writing its name
        return "another process"
