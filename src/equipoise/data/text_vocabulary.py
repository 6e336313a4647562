"""Lines of text to integer codes and back.

A code is 0 for the padding behind a line's end, 1 for whatever the vocabulary does not hold, and from 2 on one for each
symbol, the most common first. Symbols are characters, or bytes written as the characters of the same numbers (Latin-1).
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Units = Literal["characters", "bytes"]
Codes = NDArray[np.integer[Any]]

PADDING, UNKNOWN, NUM_SPECIAL = 0, 1, 2
PADDING_SIGN, UNKNOWN_SIGN = "`", "\ufffd"
"""How the two show in decoded text; the first as in the published code."""

NUM_POINTS = {"characters": 0x110000, "bytes": 256}
"""Numbers that a symbol can have. Number 0 stands for the padding: no text holds it."""


def points_of(lines: list[str], length: int) -> NDArray[np.uint32]:
    """Numbers (N, length) of the characters of ``lines``, cut or padded with 0.

    >>> points_of(["ab", "abcd"], 3)
    array([[97, 98,  0],
           [97, 98, 99]], dtype=uint32)
    """
    # numpy's fixed-width strings cut and pad by themselves.
    return np.array(lines, dtype=f"<U{length}").view(np.uint32).reshape(-1, length)


@dataclass(frozen=True)
class Vocabulary:
    """Which symbols have a code.

    Attributes:
        symbols: in the order of their codes.
        units: what a symbol is.

    >>> vocabulary = Vocabulary("ab")
    >>> codes = vocabulary.encode(["ba", "abc"], 4)
    >>> codes
    array([[3, 2, 0, 0],
           [2, 3, 1, 0]], dtype=uint8)
    >>> vocabulary.decode(codes)
    ['ba', 'ab\ufffd']
    """

    symbols: str
    units: Units = "characters"

    @classmethod
    def from_counts(cls, counts: NDArray[np.int64], max_symbols: int, units: Units = "characters") -> "Vocabulary":
        """The most common symbols, those of equal count by their number.

        Args:
            counts: how often each number occurs, (M,).
            max_symbols: symbols to keep at most.
            units: what the numbers are of.
        """
        common = np.argsort(-counts, kind="stable")[: max_symbols + 1]
        points = [point for point in common.tolist() if counts[point] and point][:max_symbols]
        return cls("".join(map(chr, points)), units)

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> "Vocabulary":
        """The vocabulary that `state_dict` described."""
        return cls(state["symbols"], state["units"])

    def state_dict(self) -> dict[str, Any]:
        """All of it, as JSON."""
        return {"units": self.units, "symbols": self.symbols}

    def __len__(self) -> int:
        return NUM_SPECIAL + len(self.symbols)

    @cached_property
    def dtype(self) -> type[np.uint8] | type[np.int16]:
        """The smallest type that holds every code and that torch can index with a few kernels."""
        return np.uint8 if len(self) <= 256 else np.int16

    def encode(self, lines: list[str], length: int) -> Codes:
        """Codes (N, length) of lines in this vocabulary's units; longer ones are cut, shorter ones padded."""
        return self._code_of_point[points_of(lines, length)]

    def decode(self, codes: Codes) -> list[str]:
        """The strings that codes (N, L) stand for, without the padding at their ends."""
        signs = np.ascontiguousarray(self._sign_of_code[codes])
        # Padding is the character 0 here, which numpy drops at the end of a string and keeps within.
        strings: list[str] = signs.view(f"<U{codes.shape[1]}").reshape(-1).tolist()
        if self.units == "bytes":
            strings = [text.encode("latin-1").decode("utf-8", errors="replace") for text in strings]
        return [text.replace("\0", PADDING_SIGN) for text in strings]

    @cached_property
    def _code_of_point(self) -> Codes:
        table = np.full(NUM_POINTS[self.units], UNKNOWN, dtype=self.dtype)
        table[0] = PADDING
        table[[ord(symbol) for symbol in self.symbols]] = np.arange(NUM_SPECIAL, len(self))
        return table

    @cached_property
    def _sign_of_code(self) -> NDArray[np.str_]:
        # The byte 255 never occurs in UTF-8, so that decoding shows it as the sign of the unknown.
        unknown = UNKNOWN_SIGN if self.units == "characters" else "\xff"
        return np.array(["\0", unknown, *self.symbols])
