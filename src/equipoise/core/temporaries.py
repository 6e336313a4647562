"""Temporary names, and what a dead process left under them.

A temporary lies beside what it will become, as ``.NAME.PID-TOKEN@HOST.tmp``: the process that makes it, a word of that
process's own (process numbers are used again, in containers at every start), and its machine. Whoever starts next can
therefore tell an orphan from another's work in progress.
"""

import os
import re
import secrets
import shutil
import socket
from pathlib import Path

_TOKENS: dict[int, str] = {}  # by process number, so that a forked child has one of its own
_NAME = re.compile(r"\..+\.(?P<process>\d+)-(?P<token>[0-9a-f]{8})@(?P<host>[^@/]*)\.tmp")


def temporary_beside(path: Path) -> Path:
    """The name under which this process writes what will be ``path``."""
    process = os.getpid()
    token = _TOKENS.setdefault(process, secrets.token_hex(4))
    return path.with_name(f".{path.name}.{process}-{token}@{host_name()}.tmp")


def remove_orphans(folder: Path, *, exclusive: bool = False) -> list[Path]:
    """Remove the temporaries in ``folder`` whose process is gone; returns what they were.

    Args:
        folder: looked at itself, not below. A missing one has no orphans.
        exclusive: nobody else may write here (this process holds the lock), so every temporary but its own is an
            orphan, those of other machines too. Otherwise only those of dead processes of this machine are.
    """
    if not folder.is_dir():
        return []
    orphans = [path for path in sorted(folder.iterdir()) if _is_orphan(path.name, exclusive=exclusive)]
    for path in orphans:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return orphans


def _is_orphan(name: str, *, exclusive: bool) -> bool:
    found = _NAME.fullmatch(name)
    if found is None:
        return False
    process, token, host = int(found["process"]), found["token"], found["host"]
    if host == host_name() and process == os.getpid():
        return token != _TOKENS.get(process)
    return exclusive or (host == host_name() and not is_alive(process))


def is_alive(process: int) -> bool:
    """Whether a process of this machine runs under that number; True where that cannot be known."""
    if os.name == "nt":  # there, signal 0 is Ctrl-C
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # another user's
        return True
    return True


def host_name() -> str:
    """The machine's name, as far as it can be part of a file's name."""
    return re.sub(r"[^A-Za-z0-9.-]", "_", socket.gethostname())[:64]
