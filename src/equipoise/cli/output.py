"""What commands print: numbers in one format, and nothing that can fail a run.

Whoever read the output may be gone, or its disk full, but the training goes on.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO


class Unfailing:
    """A text stream that falls silent at its first error, and is the stream it wraps in all else."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._is_silent = stream, False

    def write(self, text: str) -> int:
        """Write, or fall silent."""
        self._try(self._stream.write, text)
        return len(text)

    def flush(self) -> None:
        """Flush, or fall silent."""
        self._try(self._stream.flush)

    def _try(self, act: Any, *arguments: str) -> None:
        if self._is_silent:
            return
        try:
            act(*arguments)
        except (OSError, ValueError):  # a pipe without reader, a full disk, a terminal or stream that was closed
            self._is_silent = True
            discard(self._stream)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def unfailing_output() -> Iterator[None]:
    """Inside, nothing that is printed can raise an error."""
    before = sys.stdout, sys.stderr
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is not None:  # None where the descriptor was closed before the start
            setattr(sys, name, Unfailing(getattr(sys, name)))
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def number(value: float) -> str:
    """A measured value as every command prints it: counts in full, six digits of others.

    >>> number(1234567), number(0.12345678)
    ('1234567', '0.123457')
    """
    return str(value) if isinstance(value, int) else f"{value:.6g}"


def discard(stream: TextIO) -> None:
    """Let what ``stream`` still holds go nowhere; otherwise the interpreter fails over it when it ends."""
    try:
        descriptor = stream.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
    except (OSError, ValueError):  # not a file
        return
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
