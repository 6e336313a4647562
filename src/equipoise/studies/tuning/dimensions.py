"""One dimension of a search: the values that a setting may take, and how a number in [0, 1) picks one of them.

    log:1e-5:1e-2     log-uniform, as learning rates are drawn        log:1e-5:1e-2:7   seven points on a grid
    uniform:0:0.9     uniform, as averaging constants are drawn
    int:1:5           whole numbers, ends included                     logint:16:512     the same, log-uniform
    hinge,wasserstein one of the words or numbers

Drawn numbers are rounded to six digits, so that a configuration can be read, copied and typed again exactly.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from equipoise.core.errors import UserError, nearest

Value = float | int | str | bool
NUM_POINTS = 5
"""Points of a range on a grid, where none are asked for."""


class Dimension(Protocol):
    """What one setting may be."""

    @property
    def ends(self) -> Sequence[Value]:
        """Values at which the setting must be allowed, for all between to be allowed."""
        ...

    def at(self, unit: float) -> Value:
        """The value that ``unit``, in [0, 1), picks; a uniform one draws from the dimension's distribution."""
        ...

    def grid(self) -> list[Value]:
        """The dimension's points on a grid, ascending."""
        ...


@dataclass(frozen=True)
class Range:
    """Numbers between two ends, uniform or log-uniform.

    Attributes:
        low: least value.
        high: largest value.
        log: whether their logarithm is uniform.
        points: of a grid.

    >>> Range(1e-5, 1e-1, log=True).at(0.5), Range(0.0, 0.9).at(0.5)
    (0.001, 0.45)
    >>> Range(1e-4, 1e-2, log=True, points=3).grid()
    [0.0001, 0.001, 0.01]
    """

    low: float
    high: float
    log: bool = False
    points: int = NUM_POINTS

    @property
    def ends(self) -> Sequence[float]:
        """Both ends."""
        return (self.low, self.high)

    def at(self, unit: float) -> float:
        """See `Dimension.at`."""
        return self.rounded(
            self.low * (self.high / self.low) ** unit if self.log else self.low + (self.high - self.low) * unit
        )

    def rounded(self, value: float) -> float:
        """``value`` in six digits, between the ends."""
        return min(max(float(f"{value:.6g}"), self.low), self.high)

    def grid(self) -> list[Value]:
        """Evenly spaced points, or evenly spaced logarithms; both ends are among them."""
        return [self.at(number / (self.points - 1)) for number in range(self.points)]


@dataclass(frozen=True)
class Whole:
    """Whole numbers between two ends, both included, uniform or log-uniform.

    >>> [Whole(1, 3).at(unit) for unit in (0.0, 0.34, 0.99)], Whole(16, 64, log=True, points=3).grid()
    ([1, 2, 3], [16, 32, 64])
    """

    low: int
    high: int
    log: bool = False
    points: int = NUM_POINTS

    @property
    def ends(self) -> Sequence[int]:
        """Both ends."""
        return (self.low, self.high)

    def at(self, unit: float) -> int:
        """See `Dimension.at`; of the logarithms, that of a number half-way to its neighbours is its border."""
        if not self.log:
            return self.low + int(unit * (self.high - self.low + 1))
        low, high = self.low - 0.5, self.high + 0.5
        return min(max(round(low * math.pow(high / low, unit)), self.low), self.high)

    def grid(self) -> list[Value]:
        """All numbers, or about as many as were asked for, spread evenly."""
        steps = [number / (self.points - 1) for number in range(self.points)]
        if self.log:
            spread = [self.low * (self.high / self.low) ** step for step in steps]
        else:
            spread = [self.low + (self.high - self.low) * step for step in steps]
        return list(dict.fromkeys(round(value) for value in spread))


@dataclass(frozen=True)
class Choice:
    """One of several values, all as likely.

    >>> Choice(("hinge", "wasserstein")).at(0.7)
    'wasserstein'
    """

    values: tuple[Value, ...]

    @property
    def ends(self) -> Sequence[Value]:
        """All of them."""
        return self.values

    def at(self, unit: float) -> Value:
        """See `Dimension.at`."""
        return self.values[int(unit * len(self.values))]

    def grid(self) -> list[Value]:
        """All of them."""
        return list(self.values)


KINDS = ("log", "uniform", "int", "logint")


def read_dimension(name: str, text: str) -> Dimension:
    """What ``text`` says that the setting ``name`` may be.

    Raises:
        UserError: it says nothing that is known, or leaves one value only.

    >>> read_dimension("disc.lr", "log:1e-5:1e-2")
    Range(low=1e-05, high=0.01, log=True, points=5)
    """
    kind, colon, ends = text.partition(":")
    if colon and kind not in KINDS:
        guess = nearest(kind, KINDS)
        hint = f"did you mean {guess!r}? Choose" if guess else "choose"
        raise UserError(f"--space {name}={text} names the unknown kind {kind!r}; {hint} from: {', '.join(KINDS)}.")
    return _read_range(name, kind, ends.split(":")) if colon else _read_choice(name, text)


def _read_range(name: str, kind: str, words: list[str]) -> Range | Whole:
    given = f"--space {name}={':'.join([kind, *words])}"
    whole = kind in ("int", "logint")
    try:
        low, high = (_number(word, whole) for word in words[:2])
        points = int(words[2]) if len(words) == 3 else NUM_POINTS
    except ValueError:
        points = low = high = -1
    if len(words) not in (2, 3) or points < 2:
        numbers = "two whole numbers" if whole else "two numbers"
        raise UserError(
            f"{given} cannot be read; write {kind}:LOW:HIGH with {numbers}, or {kind}:LOW:HIGH:POINTS with two points "
            f"of a grid at least."
        )
    if low == high:
        raise UserError(f"{given} has one point; set it outside of --space, or give a second end.")
    if low > high:
        raise UserError(f"{given} ends below its beginning; write {kind}:{words[1]}:{words[0]}.")
    if kind.startswith("log") and low <= 0:
        raise UserError(f"{given} begins at {low:g}, but a logarithm needs a value above 0; choose another beginning.")
    log = kind.startswith("log")
    return Whole(int(low), int(high), log, points) if whole else Range(low, high, log, points)


def _number(word: str, whole: bool) -> float:
    number = int(word) if whole else float(word)
    if not math.isfinite(number):
        raise ValueError(word)
    return number


def _read_choice(name: str, text: str) -> Choice:
    values = tuple({repr(value): value for value in map(_read_value, text.split(","))}.values())  # 1 is not true
    if "" in values:
        raise UserError(f"--space {name}={text} holds an empty choice; write {name}=a,b,c.")
    if len(values) < 2:
        raise UserError(f"--space {name}={text} has one point; set it outside of --space, or give more choices.")
    return Choice(values)


def _read_value(word: str) -> Value:
    word = word.strip()
    if word in ("true", "false"):
        return word == "true"
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            pass
    return word
