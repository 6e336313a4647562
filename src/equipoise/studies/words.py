"""Names, numbers and intervals in the words of a study."""

import math

from equipoise.studies.interval import Interval


def quoted(name: str) -> str:
    """The name of an arm, in quotes where it is more than a word.

    >>> quoted("digits"), quoted("digits --gen.lr 1e-3")
    ('digits', '"digits --gen.lr 1e-3"')
    """
    return f'"{name}"' if " " in name else name


def number(value: float) -> str:
    """Three digits, or more before the point."""
    if math.isinf(value):
        return "infinite" if value > 0 else "-infinite"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def interval_words(interval: Interval) -> str:
    """The ends of an interval, as far as it has any.

    >>> interval_words(Interval(2.0, 1.0, 3.0)), interval_words(Interval(2.0, 1.0)), interval_words(Interval(2.0))
    ('1 to 3', 'at least 1', '')
    """
    if interval.low is None:
        return "" if interval.high is None else f"at most {number(interval.high)}"
    return (
        f"at least {number(interval.low)}"
        if interval.high is None
        else f"{number(interval.low)} to {number(interval.high)}"
    )
