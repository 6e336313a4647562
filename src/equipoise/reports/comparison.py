"""The two panels of a comparison: every arm's distance against what it spent, and every pair's differences.

Drawn from the study's ``analysis.json`` alone. Left: medians over seeds as lines, quartiles as bands, all runs within
the lighter bands; a band that leaves the panel upwards holds runs that diverged. Right: a row for each pair, a dot for
each seed, the mean (or median) with its 95 % interval.
"""

import json
from pathlib import Path
from typing import Any

from equipoise.core.errors import UserError
from equipoise.core.files import replacing
from equipoise.reports.searches import draw_search

FIGURE = "comparison.png"
_LONGEST = 24  # characters of two names on one line
_SCORES = {"final": "final", "best": "best", "area": "mean on the way,"}


def draw_comparison(study: Path) -> list[Path]:
    """Draw ``comparison.png`` into the study's folder, and the search where there was one; returns their paths.

    Raises:
        UserError: the folder holds no comparison yet.
    """
    try:
        analysis = json.loads((study / "analysis.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"'{study}' holds no analysis.json; run 'equipoise study compare' first.") from error
    from matplotlib.figure import Figure

    pairs = analysis["pairs"][analysis["by"]]
    figure = Figure(figsize=(13, max(5.0, 1.5 + 0.35 * len(pairs))), layout="constrained")
    curves, differences = figure.subplots(1, 2, width_ratios=(3, 2))
    _draw_curves(curves, analysis)
    _draw_pairs(differences, pairs, analysis)
    path = study / FIGURE
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=120)
    search = draw_search(study, analysis, analysis["distance"]) if analysis.get("curves") else []
    return [path, *search]


def _draw_curves(axes: Any, analysis: dict[str, Any]) -> None:
    import matplotlib

    values = [value for run in analysis["runs"] for value in run["values"] if value is not None]
    logarithmic = bool(values) and 0 < 10 * min(values) < max(values)
    top = max(values, default=1.0)
    colours = matplotlib.colormaps["tab10"].colors  # type: ignore[attr-defined]
    for number, (name, band) in enumerate(analysis["bands"].items()):
        colour = colours[number % len(colours)]
        median, *edges = (_filled(line, top) for line in (band["median"], *band["ends"], *band["quartiles"]))
        axes.fill_between(band["costs"], edges[0], edges[1], color=colour, alpha=0.10, linewidth=0)
        axes.fill_between(band["costs"], edges[2], edges[3], color=colour, alpha=0.25, linewidth=0)
        axes.plot(band["costs"], median, color=colour, label=name)
    if analysis["target"] is not None:
        axes.axhline(analysis["target"], color="grey", linestyle=":", linewidth=0.8, label="target")
    axes.set(
        title="Median over seeds, quartiles, all runs", xlabel=analysis["budget"]["unit"], ylabel=analysis["distance"]
    )
    if logarithmic:
        axes.set_yscale("log")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)


def _filled(line: list[float | None], top: float) -> list[float]:
    """A line with what is infinite, as where runs diverged, above everything that is drawn."""
    return [2 * top if value is None else value for value in line]


def _draw_pairs(axes: Any, pairs: list[dict[str, Any]], analysis: dict[str, Any]) -> None:
    for row, pair in enumerate(pairs):
        finite = [value for value in pair["differences"] if value is not None]
        axes.plot(finite, [row] * len(finite), "o", color="grey", markersize=4, alpha=0.5)
        interval = pair["difference"]
        if interval["value"] is None:
            continue
        axes.plot([interval["value"]], [row], "D", color="#1f5f99", markersize=6)
        if interval["low"] is not None and interval["high"] is not None:
            axes.plot([interval["low"], interval["high"]], [row, row], color="#1f5f99", linewidth=2)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_yticks(range(len(pairs)), [_pair_words(pair) for pair in pairs], fontsize=8)
    axes.set_ylim(max(len(pairs), 1) - 0.5, -0.5)  # arms may share no seed yet, so that there is no pair
    score = f"{_SCORES[analysis['by']]} {analysis['distance']}"
    axes.set(title="Differences seed by seed, and 95 % intervals", xlabel=f"difference in {score}")
    axes.grid(alpha=0.3, axis="x")


def _pair_words(pair: dict[str, Any]) -> str:
    num_lost = sum(value is None for value in pair["differences"])
    more = [] if pair["adjusted_p"] is None else [f"p {pair['adjusted_p']:.2g}"]
    more += [f"{num_lost} diverged"] if num_lost else []
    names = (pair["first"], f"- {pair['second']}")
    parted = "\n" if len(" ".join(names)) > _LONGEST else " "
    return parted.join([*names, *([f"({', '.join(more)})"] if more else [])])
