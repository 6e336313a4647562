"""Curves as inline SVG: sharp at every size, in the page's own colours, a few kilobytes, the same bytes every time.

A chart has a sentence for those who cannot see it, and the numbers of its curves for the table beside it and for the
reading under the pointer. Curves differ in dashes as well as in colour.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup, escape

from equipoise.reports.pages.axes import Axis, num_cut, step_axis, tick_text, value_axis
from equipoise.reports.pages.records import Vector
from equipoise.reports.pages.tables import Table
from equipoise.reports.pages.thinning import Line
from equipoise.reports.pages.words import number, steps_text

WIDTH, HEIGHT = 460, 260
LEFT, RIGHT, TOP, BOTTOM = 58, 12, 12, 34
_NUM_ROWS = 24
_NUM_DOTS = 20


@dataclass(frozen=True)
class Curve:
    """One curve.

    Attributes:
        label: what it is called.
        line: its points.
        look: class of its colour and dashes in the style sheet, such as ``disc`` or ``run-2``.
        ideal: a value to compare it with, drawn as a dotted line.
        ideal_label: what that is.
        has_interval: whether the band around it is an interval and not the extremes of thinned records.
    """

    label: str
    line: Line
    look: str
    ideal: float | None = None
    ideal_label: str = ""
    has_interval: bool = False


@dataclass(frozen=True)
class Chart:
    """A picture of curves over steps.

    Attributes:
        title: of the picture.
        curves: at least one.
        may_be_log: whether values may be drawn on a logarithmic scale.
        marks: steps at which something happened.
        about: a sentence on how to read it.
        span: first and last step of the picture, where not those of its own curves.
        from_zero: values are counts or shares.
        name: of what runs from left to right.
        is_path: the points are places in a plane, which have no table by step.
    """

    title: str
    curves: Sequence[Curve]
    may_be_log: bool = False
    marks: Sequence[float] = ()
    about: str = ""
    span: tuple[float, float] | None = None
    from_zero: bool = False
    name: str = "step"
    is_path: bool = False

    @property
    def axes(self) -> tuple[Axis, Axis]:
        """Steps from left to right, values from bottom to top."""
        steps = np.concatenate([*(curve.line.steps for curve in self.curves), np.array(self.span or [])])
        drawn = [part[np.isfinite(part)] for curve in self.curves for part in (curve.line.low, curve.line.high)]
        ideals = [curve.ideal for curve in self.curves if curve.ideal is not None]
        values = np.concatenate([*drawn, np.array(ideals, dtype=np.float64)])
        if self.from_zero:
            values = np.append(values, 0.0)
        across = step_axis(steps, LEFT, WIDTH - RIGHT)
        return across, value_axis(values, HEIGHT - BOTTOM, TOP, may_be_log=self.may_be_log)

    @property
    def svg(self) -> Markup:
        """The picture."""
        across, up = self.axes
        parts = [_grid(across, up, self.name), *(_mark(across, step) for step in self.marks)]
        parts += [_ideal(up, curve) for curve in self.curves if curve.ideal is not None]
        parts += [_band(across, up, curve) for curve in self.curves]
        parts += [_path(across, up, curve) for curve in self.curves]
        size = f'viewBox="0 0 {WIDTH} {HEIGHT}"'
        return Markup('<svg {} role="img" aria-label="{}">').format(Markup(size), self.alternative) + Markup(
            "".join(parts) + f'<line class="cursor" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/></svg>'
        )

    @property
    def alternative(self) -> str:
        """What the picture shows, in words."""
        return f"{self.title}. " + " ".join(_in_words(curve, self.name) for curve in self.curves)

    @property
    def remarks(self) -> list[str]:
        """What a look alone would not tell: gaps, and what the scale leaves out."""
        _, up = self.axes
        found = [_missing(curve, self.name) for curve in self.curves if curve.line.num_missing]
        extremes = np.concatenate([part for curve in self.curves for part in (curve.line.low, curve.line.high)])
        extremes = extremes[np.isfinite(extremes)]
        if num_cut(up, extremes):
            found.append(
                f"The scale leaves out values down to {number(extremes.min())} and up to {number(extremes.max())}."
            )
        if up.is_log:
            found.append("Logarithmic scale.")
        return found

    @property
    def numbers(self) -> dict[str, Any]:
        """The curves' points, for the reading under the pointer; numbers to five digits."""
        across, _ = self.axes
        scale = {"low": across.low, "high": across.high, "left": LEFT, "right": WIDTH - RIGHT, "width": WIDTH}
        curves = [
            {
                "label": curve.label,
                "look": curve.look,
                "steps": [_short(step) for step in curve.line.steps.tolist()],
                "values": [_short(value) for value in curve.line.values.tolist()],
            }
            for curve in self.curves
        ]
        return {"scale": scale, "curves": curves, "name": self.name}

    @property
    def table(self) -> Table | None:
        """The table beside the picture: evenly chosen steps, the first and the last among them."""
        if self.is_path:
            return None
        steps = np.unique(np.concatenate([curve.line.steps for curve in self.curves]))
        chosen = steps[np.unique(np.linspace(0, len(steps) - 1, min(_NUM_ROWS, len(steps))).round().astype(int))]
        rows = [[f"{step:,.0f}", *(number(_value_at(curve.line, step)) for curve in self.curves)] for step in chosen]
        return Table(self.title, ["step", *(curve.label for curve in self.curves)], rows)


def _short(value: float) -> float | None:
    """JSON knows no NaN; whole numbers are shorter without a point."""
    if not np.isfinite(value):
        return None
    rounded = float(f"{value:.5g}") if abs(value) < 1e5 else round(value)
    return int(rounded) if rounded == int(rounded) else rounded


def _value_at(line: Line, step: float) -> float:
    place = int(np.searchsorted(line.steps, step))
    return float(line.values[place]) if place < len(line.steps) and line.steps[place] == step else float("nan")


def _at(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _grid(across: Axis, up: Axis, name: str) -> str:
    lines = []
    for tick in up.ticks():
        y = _at(up.place(tick))
        lines.append(f'<path class="grid" d="M{LEFT} {y}H{WIDTH - RIGHT}"/>')
        lines.append(f'<text x="{LEFT - 6}" y="{y}" dy=".32em" text-anchor="end">{tick_text(tick)}</text>')
    for tick in across.ticks():
        x = _at(across.place(tick))
        lines.append(f'<text x="{x}" y="{HEIGHT - BOTTOM + 17}" text-anchor="middle">{tick_text(tick)}</text>')
    base = HEIGHT - BOTTOM
    lines.append(f'<path class="axis" d="M{LEFT} {base}H{WIDTH - RIGHT}"/>')
    lines.append(f'<text class="name" x="{WIDTH - RIGHT}" y="{HEIGHT - 3}" text-anchor="end">{escape(name)}</text>')
    return "".join(lines)


def _mark(across: Axis, step: float) -> str:
    return f'<path class="mark" d="M{_at(across.place(step))} {TOP}V{HEIGHT - BOTTOM}"/>'


def _ideal(up: Axis, curve: Curve) -> str:
    assert curve.ideal is not None
    return f'<path class="ideal {curve.look}" d="M{LEFT} {_at(up.place(curve.ideal))}H{WIDTH - RIGHT}"/>'


def _segments(values: Vector) -> list[slice]:
    """Runs of values without a gap."""
    is_there = np.isfinite(values).astype(np.int8)
    edges = np.flatnonzero(np.diff(is_there, prepend=0, append=0))
    return [slice(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True)]


def _points(across: Axis, up: Axis, steps: Vector, values: Vector) -> list[str]:
    return [
        f"{_at(across.place(step))} {_at(up.place(value))}"
        for step, value in zip(steps.tolist(), values.tolist(), strict=True)
    ]


def _band(across: Axis, up: Axis, curve: Curve) -> str:
    """The extremes, or the interval, around the curve."""
    line, shapes = curve.line, []
    if not np.any(line.high > line.low):
        return ""
    for part in _segments(line.low):
        there = _points(across, up, line.steps[part], line.high[part])
        back = _points(across, up, line.steps[part], line.low[part])[::-1]
        shapes.append(f"M{'L'.join(there + back)}Z")
    return f'<path class="band {curve.look}" d="{"".join(shapes)}"/>'


def _path(across: Axis, up: Axis, curve: Curve) -> str:
    line = curve.line
    drawn = [_points(across, up, line.steps[part], line.values[part]) for part in _segments(line.values)]
    path = "".join(f"M{'L'.join(points)}" + ("h0" if len(points) == 1 else "") for points in drawn)
    shapes = f'<path class="curve {curve.look}" d="{path}"/>' if path else ""
    if sum(map(len, drawn)) <= _NUM_DOTS:
        dots = "".join(f"M{point}h0" for points in drawn for point in points)
        shapes += f'<path class="dots {curve.look}" d="{dots}"/>' if dots else ""
    return shapes


def _in_words(curve: Curve, name: str) -> str:
    line, finite = curve.line, curve.line.finite
    if not len(finite):
        return f"{curve.label}: no finite values."
    there = np.flatnonzero(np.isfinite(line.values))
    first, last = there[0], there[-1]
    words = (
        f"{curve.label}: from {number(line.values[first])} at {name} {line.steps[first]:,.0f} to "
        f"{number(line.values[last])} at {name} {line.steps[last]:,.0f}, least {number(finite.min())}, "
        f"most {number(finite.max())}"
    )
    return words + (f"; {curve.ideal_label} {number(curve.ideal)}." if curve.ideal is not None else ".")


def _missing(curve: Curve, name: str) -> str:
    values = "1 value is" if curve.line.num_missing == 1 else f"{curve.line.num_missing:,} values are"
    where = steps_text(curve.line.first_missing) if name == "step" else f"{name} {number(curve.line.first_missing)}"
    return f"{curve.label}: {values} missing or not finite, the first at {where}."
