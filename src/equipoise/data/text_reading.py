"""From raw lines to lines that a game can be played with, and the account of what was done to them on the way.

Space at both ends of a line is dropped, blank lines are left out, and so are lines that are not UTF-8 where characters
are wanted: a few of them are counted and told, many mean another encoding and are an error. Nothing is normalised.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from equipoise.config.data import DataSettings
from equipoise.core.errors import UserError
from equipoise.data.text_lines import RawLines
from equipoise.data.text_vocabulary import NUM_POINTS, points_of

_CHUNK = 20_000
_ENCODINGS = {"characters": "utf-8", "bytes": "latin-1"}
_NUM_SHOWN = 40
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass
class Account:
    """What became of the lines of one walk.

    Attributes:
        num_lines: kept.
        num_cut: kept, but longer than the length.
        num_blank: left out because nothing is in them.
        num_repeated: left out because they were read before.
        num_unreadable: left out because they are not text.
        first_unreadable: the first such line.
    """

    num_lines: int = 0
    num_cut: int = 0
    num_blank: int = 0
    num_repeated: int = 0
    num_unreadable: int = 0
    first_unreadable: bytes = b""

    def require_readable(self, name: str, max_fraction: float) -> None:
        """Refuse text most of which is something else.

        Raises:
            UserError: there are more unreadable lines than allowed, or no line is left.
        """
        found = self.num_lines + self.num_repeated + self.num_unreadable
        if self.num_unreadable > max_fraction * found:
            raise UserError(
                f"{self.num_unreadable:,} of {found:,} lines of '{name}' are not UTF-8 text, the first begins "
                f"{self.first_unreadable[:_NUM_SHOWN]!r}; convert the text, allow more by data.max_unreadable, or set "
                f"data.units to bytes."
            )
        if not self.num_lines:
            raise UserError(f"'{name}' has no lines but blank ones; give more text, with one sentence per line.")

    def words(self, length: int) -> str:
        """What a person should know of the lines, or nothing."""
        parts = [
            (self.num_cut, f"cut to {length}"),
            (self.num_blank, "blank ones left out"),
            (self.num_repeated, "repeated ones left out"),
        ]
        return ", ".join(f"{number:,} {what}" for number, what in parts if number)


@dataclass
class Survey:
    """What one walk over the lines tells of them.

    Attributes:
        account: what became of the lines.
        counts: how often each number of a character or byte occurs in the lines as cut, (M,) int64; padding is 0.
    """

    account: Account = field(default_factory=Account)
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))


def survey(raw: RawLines, settings: DataSettings) -> Survey:
    """Walk over all lines once.

    Raises:
        UserError: too many lines are unreadable, or none is left.
    """
    found = Survey(counts=np.zeros(NUM_POINTS[settings.units], np.int64))
    for lines in cleaned(raw, settings, found.account):
        points = points_of(lines, settings.length)
        found.counts += np.bincount(points.ravel(), minlength=len(found.counts))
    found.account.require_readable(raw.name, settings.max_unreadable)
    return found


def cleaned(raw: RawLines, settings: DataSettings, account: Account) -> Iterator[list[str]]:
    """The lines to use, many at a time, entered into ``account``."""
    seen: set[int] = set()
    stripped = (line.removeprefix(_BYTE_ORDER_MARK).strip() for line in raw)
    while account.num_lines < settings.max_lines and (chunk := list(islice(stripped, _CHUNK))):
        lines = [line for line in chunk if line]
        account.num_blank += len(chunk) - len(lines)
        if settings.distinct:
            lines = _unseen(lines, seen, account)
        kept = _readable(lines, _ENCODINGS[settings.units], account)[: settings.max_lines - account.num_lines]
        account.num_lines += len(kept)
        account.num_cut += sum(len(line) > settings.length for line in kept)
        if kept:
            yield kept


def _unseen(lines: list[bytes], seen: set[int], account: Account) -> list[bytes]:
    fresh = []
    for line in lines:
        key = hash(line)  # 64 bits: ten million lines hold two of equal hash with a chance of one in 400,000
        if key in seen:
            account.num_repeated += 1
        else:
            seen.add(key)
            fresh.append(line)
    return fresh


def _readable(lines: list[bytes], encoding: str, account: Account) -> list[str]:
    whole = b"\n".join(lines)
    if b"\0" not in whole:
        with suppress(UnicodeDecodeError):
            return whole.decode(encoding).split("\n") if lines else []
    decoded = [_decoded(line, encoding) for line in lines]
    unreadable = [line for line, text in zip(lines, decoded, strict=True) if text is None]
    account.first_unreadable = account.first_unreadable or unreadable[0]
    account.num_unreadable += len(unreadable)
    return [text for text in decoded if text is not None]


def _decoded(line: bytes, encoding: str) -> str | None:
    try:
        return None if b"\0" in line else line.decode(encoding)
    except UnicodeDecodeError:
        return None
