"""The two panels of a batch-size study: steps to the target, and their gradient cost, against the batch size.

Drawn from the study's ``analysis.json`` alone. Both axes are logarithmic. Dots are medians over seeds with 95 %
intervals; a hollow triangle stands at what was spent in vain where half of the runs or more never met the target, which
would take more; the lines are the fitted laws.
At the foot of the second panel stand the estimates of the critical batch with their intervals.
"""

import json
from pathlib import Path
from typing import Any

from equipoise.core.errors import UserError
from equipoise.core.files import replacing
from equipoise.core.judges import JUDGES

FIGURE = "batch-size.png"
_COLOURS = ("#1f5f99", "#c8502b", "#2c7a4b", "#7a4b9c")
_LINES = {"hyperbola": "-", "exponential": "--"}
_IN_VAIN = {"linestyle": "none", "marker": "^", "markerfacecolor": "none"}


def draw_batch_size(study: Path) -> Path:
    """Draw ``batch-size.png`` into the study's folder.

    Raises:
        UserError: the folder holds no analysis yet.
    """
    try:
        analysis = json.loads((study / "analysis.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"'{study}' holds no analysis.json; run 'equipoise study batch-size' first.") from error
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 5), layout="constrained")
    steps, cost = figure.subplots(1, 2, sharex=True)
    for number, target in enumerate(analysis["targets"]):
        colour = _COLOURS[number % len(_COLOURS)]
        _draw(steps, target, "steps", colour)
        _draw(cost, target, "sfo", colour)
        _mark_estimates(cost, target, colour, number)
    sizes = [one["batch_size"] for one in analysis["targets"][0]["sizes"]]
    keys = _keys(analysis["targets"])
    _label(steps, "Steps to the target", "steps", sizes, keys)
    _label(cost, "Gradient cost to the target, and estimates of the critical batch", "steps x batch size", sizes, keys)
    path = study / FIGURE
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=120)
    return path


def _draw(axes: Any, target: dict[str, Any], column: str, colour: str) -> None:
    met = [one for one in target["sizes"] if one[column]["value"] is not None]
    sizes, values = [one["batch_size"] for one in met], [one[column]["value"] for one in met]
    label = f"{JUDGES[target['judge']]} {target['target']:g}"
    axes.errorbar(sizes, values, yerr=_errors(met, column), fmt="o", color=colour, capsize=3, label=label)
    late = [one for one in target["sizes"] if one[column]["value"] is None]
    sizes = [one["batch_size"] for one in late]
    spent = [one["least_sfo"] / (one["batch_size"] if column == "steps" else 1) for one in late]
    axes.plot(sizes, spent, color=colour, **_IN_VAIN)
    for name, law in target["laws"].items():
        drawn, steps = _inside_panel(law["curve"], 4 * max(one["steps"]["value"] for one in met))
        heights = [size * number for size, number in zip(drawn, steps, strict=True)] if column == "sfo" else steps
        axes.plot(drawn, heights, linestyle=_LINES[name], color=colour, linewidth=1)


def _inside_panel(curve: dict[str, list[Any]], most: float) -> tuple[list[float], list[float]]:
    """Batch sizes and steps of a law where its steps are fewer than ``most``."""
    points = zip(curve["batch_size"], curve["steps"], strict=True)
    kept = [(size, steps) for size, steps in points if steps is not None and steps < most]
    return [size for size, _ in kept], [steps for _, steps in kept]


def _errors(met: list[dict[str, Any]], column: str) -> list[list[float]]:
    """Lengths of the error bars downwards and upwards; an end that is infinite is cut at twice the value."""
    ends = [(one[column]["value"], one[column]["low"], one[column]["high"]) for one in met]
    return [
        [0.0 if low is None else value - low for value, low, _ in ends],
        [0.0 if low is None else (value if high is None else high - value) for value, low, high in ends],
    ]


def _mark_estimates(axes: Any, target: dict[str, Any], colour: str, number: int) -> None:
    """A row for each estimate at the foot of the panel: the value as a dot, its interval as a bar."""
    estimates = [("measured", target["measured"])] if target["measured"] else []
    estimates += [(f"b* of the {name}", law["critical_batch"]) for name, law in target["laws"].items()]
    scales = target["noise_scales"].items()
    estimates += [(f"noise scale of {player}", scale) for player, scale in scales if scale is not None]
    ends = target["sizes"][0]["batch_size"] / 2, target["sizes"][-1]["batch_size"] * 2
    for row, (name, interval) in enumerate(estimates, start=len(estimates) * number):
        low, value, high = (_inside(interval[key], ends, interval["value"]) for key in ("low", "value", "high"))
        height, place = 0.015 + 0.028 * row, axes.get_xaxis_transform()
        axes.plot([low, high], [height] * 2, transform=place, color=colour, linewidth=2, alpha=0.5)
        axes.plot([value], [height], "o", transform=place, color=colour, markersize=3)
        axes.text(high * 1.06, height, name, transform=place, color=colour, fontsize=6, va="center")
    if target["measured"]:
        axes.axvline(_inside(target["measured"]["value"], ends, 0.0), color=colour, linestyle=":", linewidth=0.8)


def _inside(value: float | None, ends: tuple[float, float], otherwise: float) -> float:
    """``value`` brought inside the panel."""
    return min(max(otherwise if value is None else value, ends[0]), ends[1])


def _keys(targets: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What the legend explains besides the targets, each law once: name and style."""
    keys: dict[str, dict[str, Any]] = {
        name: {"linestyle": _LINES[name], "linewidth": 1} for target in targets for name in target["laws"]
    }
    if any(one["steps"]["value"] is None for target in targets for one in target["sizes"]):
        keys["spent in vain"] = _IN_VAIN
    return keys


def _label(axes: Any, title: str, name: str, sizes: list[int], keys: dict[str, dict[str, Any]]) -> None:
    """Titles, scales and the legend, with one entry for each target and each key."""
    from matplotlib.ticker import NullLocator

    axes.set(title=title, xlabel="batch size", ylabel=name, xscale="log", yscale="log")
    axes.set_xlim(sizes[0] / 2, sizes[-1] * 2)
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.xaxis.set_minor_locator(NullLocator())
    low, high = axes.get_ylim()
    if low <= 0:  # nothing was drawn: no target was met by most runs of any size
        low, high = 1.0, 10.0
    axes.set_ylim(low / (high / low) ** 0.35, high)
    axes.grid(alpha=0.3)
    for key, style in keys.items():
        axes.plot([], [], color="grey", label=key, **style)
    axes.legend(fontsize=7)
