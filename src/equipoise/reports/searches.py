"""The figures of a search, of `study tune` or of a claim, drawn from what its ``analysis.json`` says of it.

*budget.png*: the mean best of k trials against k, with 95 % intervals up to half of the trials, beyond which k searches
share most of their trials and no interval holds what it says (dotted); where trials follow from one another, the best
so far. *rates-ARM.png*: both learning rates on logarithmic axes, the distance in each cell; where most runs diverged
the cell is grey and hatched, so that no colour has to be told from another. A dashed line marks one rate for both
players; a solid frame the best cell, a dashed one the best with one rate.
"""

import itertools
import math
from pathlib import Path
from typing import Any

from equipoise.core.files import replacing

BUDGET = "budget.png"
# The colours of Okabe and Ito but yellow, which people with colour-blindness tell apart; lines and markers differ too.
_STYLES = (
    *(("#0072B2", "-", "o"), ("#D55E00", "--", "s"), ("#009E73", "-.", "^"), ("#CC79A7", ":", "D")),
    *(("#E69F00", "-", "v"), ("#56B4E9", "--", "P"), ("#000000", "-.", "X")),
)


def draw_search(study: Path, analysis: dict[str, Any], label: str) -> list[Path]:
    """Draw all figures of a search into the study's folder; returns their paths.

    Args:
        study: its folder.
        analysis: with ``curves`` and ``heat_maps``.
        label: name of the distance.
    """
    figures = {BUDGET: _budget(analysis["curves"], label)}
    figures |= {found["file"]: _rates(arm, found, label) for arm, found in analysis["heat_maps"].items()}
    for name, figure in figures.items():
        with replacing(study / name) as temporary:
            figure.savefig(temporary, format="png", dpi=120)
    return [study / name for name in figures]


def _budget(curves: dict[str, Any], label: str) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    for number, (arm, curve) in enumerate(curves.items()):
        colour, line, marker = _STYLES[number % len(_STYLES)]
        trials, known = curve["trials"], [low is not None for low in curve["low"]]
        sure = sum(known)
        axes.plot(trials, curve["mean"], color=colour, linestyle=":", linewidth=1)
        axes.plot(trials, curve["mean"], color=colour, linestyle="", marker=marker, markersize=3)
        axes.plot(trials[: sure or None], curve["mean"][: sure or None], color=colour, linestyle=line, label=arm)
        axes.fill_between(
            trials[:sure], curve["low"][:sure], curve["high"][:sure], color=colour, alpha=0.2, linewidth=0
        )
    axes.set(title="What a search buys", xlabel="trials", ylabel=f"mean best {label}", yscale="log")
    _plain_numbers(axes.yaxis)
    axes.grid(alpha=0.3)
    intervals = any(low is not None for curve in curves.values() for low in curve["low"])
    axes.legend(fontsize=8, title="95 % intervals over trials" if intervals else None, title_fontsize=8)
    return figure


def _rates(arm: str, found: dict[str, Any], label: str) -> Any:
    from matplotlib.colors import LogNorm
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1.6 + 0.95 * len(found["disc"]), 1.6 + 0.75 * len(found["gen"])), layout="constrained")
    axes = figure.subplots()
    finite = [score for row in found["score"] for score in row if score is not None and score > 0]
    norm = LogNorm(min(finite, default=1.0), max([*finite, 1.001 * min(finite, default=1.0)]))
    across, upwards = _borders(found["disc"]), _borders(found["gen"])
    filled = [[math.nan if score is None else max(score, norm.vmin) for score in row] for row in found["score"]]
    mesh = axes.pcolormesh(across, upwards, filled, norm=norm, cmap="cividis_r", edgecolors="white")
    for row, gen in enumerate(found["gen"]):
        for column, disc in enumerate(found["disc"]):
            _write_cell(axes, found, (column, row), (disc, gen), (across, upwards), mesh)
    ends = max(across[0], upwards[0]), min(across[-1], upwards[-1])
    if ends[0] < ends[1]:
        axes.plot(ends, ends, color="black", linestyle="--", linewidth=1, alpha=0.6)
    _frame(axes, found, (across, upwards))
    axes.set(title=f"{arm}: {label}, median of seeds", xscale="log", yscale="log")
    axes.set(xlabel="disc.lr (dashed: one rate)", ylabel="gen.lr")
    axes.set_xticks(found["disc"], [f"{rate:.2g}" for rate in found["disc"]])
    axes.set_yticks(found["gen"], [f"{rate:.2g}" for rate in found["gen"]])
    axes.minorticks_off()
    _plain_numbers(figure.colorbar(mesh, ax=axes, label=label).ax.yaxis)
    return figure


def _plain_numbers(axis: Any) -> None:
    """Ticks at 1, 2, 5, 10, ... written as such."""
    from matplotlib.ticker import LogLocator, NullLocator

    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter("{x:g}")


def _borders(rates: list[float]) -> list[float]:
    """Borders of the cells around ``rates``, half-way between neighbours on the logarithmic axis."""
    inner = [math.sqrt(one * other) for one, other in itertools.pairwise(rates)]
    return [rates[0] ** 2 / inner[0], *inner, rates[-1] ** 2 / inner[-1]]


def _write_cell(
    axes: Any, found: dict[str, Any], place: tuple[int, int], rates: tuple[float, float], borders: Any, mesh: Any
) -> None:
    """The number of a cell, and the share of its runs that diverged; grey and hatched without a number."""
    from matplotlib.patches import Rectangle

    column, row = place
    score, diverged = found["score"][row][column], found["diverged"][row][column]
    (left, right), (low, high) = borders[0][column : column + 2], borders[1][row : row + 2]
    if score is None:
        face, hatch = ("white", None) if diverged is None else ("#cccccc", "///")
        axes.add_patch(Rectangle((left, low), right - left, high - low, facecolor=face, hatch=hatch, edgecolor="white"))
        colour = "black"
    else:
        face = mesh.cmap(mesh.norm(score))
        red, green, blue, _ = face
        colour = "black" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.45 else "white"
    words = "not run" if diverged is None else ("diverged" if score is None else f"{score:.3g}")
    words += f"\n{diverged:.0%} div." if diverged else ""
    behind = {"facecolor": face, "edgecolor": "none", "pad": 1}  # so that no line runs through the number
    axes.text(*rates, words, ha="center", va="center", fontsize=7, color=colour, bbox=behind)


def _frame(axes: Any, found: dict[str, Any], borders: Any) -> None:
    """A solid frame around the best cell, a dashed one around the best of one rate."""
    from matplotlib.patches import Rectangle

    for name, line in (("best", "-"), ("best_of_diagonal", "--")):
        if found[name] is None:
            continue
        column, row = found["disc"].index(found[name][0]), found["gen"].index(found[name][1])
        (left, right), (low, high) = borders[0][column : column + 2], borders[1][row : row + 2]
        axes.add_patch(
            Rectangle(
                (left, low), right - left, high - low, fill=False, edgecolor="#D55E00", linewidth=2, linestyle=line
            )
        )
