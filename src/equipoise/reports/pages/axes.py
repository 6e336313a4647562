"""The scale of an axis: its ends, its ticks, and where a number lies on it."""

import math
from dataclasses import dataclass

import numpy as np

from equipoise.reports.pages.records import Vector
from equipoise.reports.pages.words import number

_WIDE = 50.0
_CUT = 6.0


@dataclass(frozen=True)
class Axis:
    """A linear or logarithmic scale from ``low`` to ``high``, drawn from pixel ``start`` to pixel ``end``.

    >>> axis = Axis(0.0, 10.0, 100.0, 200.0)
    >>> axis.place(5.0), axis.ticks()
    (150.0, [0.0, 2.0, 4.0, 6.0, 8.0, 10.0])
    """

    low: float
    high: float
    start: float
    end: float
    is_log: bool = False

    def place(self, value: float) -> float:
        """The pixel of ``value``; values beyond the ends are brought to them."""
        value = min(max(value, self.low), self.high)
        low, high, at = (
            (math.log10(each) for each in (self.low, self.high, value)) if self.is_log else (self.low, self.high, value)
        )
        return self.start + (self.end - self.start) * (at - low) / (high - low)

    def ticks(self) -> list[float]:
        """Round numbers between the ends, five or six."""
        from matplotlib.ticker import LogLocator, MaxNLocator

        if self.is_log:
            subs = (1.0,) if self.high / self.low > 100 else (1.0, 2.0, 5.0)
            found = LogLocator(subs=subs, numticks=6).tick_values(self.low, self.high)
        else:
            found = MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]).tick_values(self.low, self.high)
        slack = 1e-9 * (self.high - self.low)
        return [float(tick) for tick in found if self.low - slack <= tick <= self.high + slack]


def step_axis(steps: Vector, start: float, end: float) -> Axis:
    """The axis of steps; a single step stands in its middle."""
    low, high = (float(steps.min()), float(steps.max())) if len(steps) else (0.0, 1.0)
    return Axis(low, high, start, end) if high > low else Axis(low - 1, high + 1, start, end)


def value_axis(values: Vector, start: float, end: float, *, may_be_log: bool) -> Axis:
    """The axis of values: logarithmic where they are above 0 and span much, cut where a few of them hide all others.

    Args:
        values: finite, of all that is drawn.
        start: pixel of the low end.
        end: pixel of the high end.
        may_be_log: whether a logarithmic scale makes sense of these values.
    """
    if not len(values):
        return Axis(0.0, 1.0, start, end)
    low, high = float(values.min()), float(values.max())
    if may_be_log and low > 0 and high / low > _WIDE:
        return Axis(low / 1.2, high * 1.2, start, end, is_log=True)
    if may_be_log and high > 0 >= low and (values > 0).mean() > 0.5:
        return value_axis(values[values > 0], start, end, may_be_log=True)
    inner_low, inner_high = (float(each) for each in np.quantile(values, (0.04, 0.96)))
    inner = inner_high - inner_low
    if inner > 0 and high - low > _CUT * inner:
        low, high = max(low, inner_low - inner), min(high, inner_high + inner)
    margin = 0.06 * (high - low) or 0.1 * max(abs(high), 1e-3)
    return Axis(low - margin, high + margin, start, end)


def num_cut(axis: Axis, values: Vector) -> int:
    """How many of ``values`` lie beyond the ends of ``axis``."""
    return int(((values < axis.low) | (values > axis.high)).sum())


def tick_text(value: float) -> str:
    """A tick's label.

    >>> tick_text(0.30000000000000004), tick_text(2500.0), tick_text(0.0)
    ('0.3', '2,500', '0')
    """
    return number(round(value, 12) if abs(value) >= 1e-4 else value) if value else "0"
