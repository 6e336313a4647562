"""A number of a study with its interval over training seeds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Interval:
    """A number with its interval; the ends are None where there are too few runs to tell."""

    value: float
    low: float | None = None
    high: float | None = None

    def times(self, factor: float) -> "Interval":
        """The interval of a multiple."""
        low, high = (None if end is None else end * factor for end in (self.low, self.high))
        return Interval(self.value * factor, low, high)
