"""The portrait of a game between two numbers: trajectories over the vector field, distance, energy, order.

One row a game. Read from a folder that `equipoise flow` made: ``metrics.jsonl``, ``evaluations.jsonl``, ``arrays.npz``.
"""

from pathlib import Path
from typing import Any

import numpy

from equipoise.core.files import read_json_lines, replacing
from equipoise.reports.flow_style import SCHEME_COLOURS, SCHEME_DASHES, Records, column

_PANELS = 4
_CAPTION = (
    "The flow (black) is what training tends to as the learning rate vanishes; every other curve has steps of finite "
    "length, and what it does differently is made by the step."
)


def draw_portrait(folder: Path) -> Path:
    """Draw ``portrait.png`` into ``folder``; returns its path."""
    from matplotlib.figure import Figure

    metrics, findings = read_json_lines(folder / "metrics.jsonl"), read_json_lines(folder / "evaluations.jsonl")
    games = list(dict.fromkeys(record["game"] for record in metrics))
    with numpy.load(folder / "arrays.npz") as file:
        arrays = dict(file)
    figure = Figure(figsize=(17, 4.4 * len(games) + 0.5), layout="constrained")
    rows = figure.subplots(len(games), _PANELS, squeeze=False, width_ratios=[1.15, 1, 1, 1])
    for index, (game, axes) in enumerate(zip(games, rows, strict=True)):
        lines = _by_scheme([record for record in metrics if record["game"] == game])
        field = {key.partition("_")[2]: value for key, value in arrays.items() if key.startswith(f"{index}_")}
        _draw_plane(axes[0], lines, field, game)
        _draw_distance(axes[1], lines)
        _draw_energy(axes[2], lines)
        _draw_orders(axes[3], [finding for finding in findings if finding["game"] == game])
    figure.suptitle(_CAPTION)
    handles, labels = rows[0][1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    path = folder / "portrait.png"
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=100)
    return path


def _by_scheme(records: Records) -> dict[str, Records]:
    schemes = dict.fromkeys(record["scheme"] for record in records)
    return {scheme: [record for record in records if record["scheme"] == scheme] for scheme in schemes}


def _style(scheme: str) -> dict[str, Any]:
    width = 2.2 if scheme == "reference" else 1.6
    style = {"color": SCHEME_COLOURS[scheme], "linestyle": SCHEME_DASHES.get(scheme, "-"), "linewidth": width}
    return style | {"zorder": 2.5} if scheme == "reference" else style


def _label(scheme: str) -> str:
    return "the flow itself" if scheme == "reference" else scheme


def _draw_plane(axes: Any, lines: dict[str, Records], field: dict[str, Any], game: str) -> None:
    reference = lines["reference"]
    extent = 1.7 * max(abs(column(reference, part)).max() for part in ("gen_point", "disc_point"))
    if field:
        # Arrows of one length: the colour of a velocity field says less than its direction, and hides the curves.
        speed = numpy.hypot(field["gen_velocity"], field["disc_velocity"])
        speed[speed == 0] = numpy.nan
        gen, disc = field["gen_velocity"] / speed, field["disc_velocity"] / speed
        grey = {"color": "#B8B8B8", "width": 0.0032, "headwidth": 4, "pivot": "middle", "zorder": 1}
        axes.quiver(field["axis"], field["axis"], gen, disc, scale=28, **grey)
    for scheme, records in lines.items():
        axes.plot(column(records, "gen_point"), column(records, "disc_point"), **_style(scheme))
    axes.plot(*(column(reference[:1], part) for part in ("gen_point", "disc_point")), "o", color="black", zorder=4)
    axes.plot([0], [0], "P", color="white", markeredgecolor="black", markersize=9, zorder=4)
    axes.set(xlim=(-extent, extent), ylim=(-extent, extent), aspect="equal", title=f"{game}: players and flow")
    axes.set(xlabel="generator x", ylabel="discriminator y")


def _draw_distance(axes: Any, lines: dict[str, Records]) -> None:
    for scheme, records in lines.items():
        axes.plot(column(records, "time"), column(records, "distance"), label=_label(scheme), **_style(scheme))
    axes.set(title="distance from the equilibrium", xlabel="time", ylabel="distance", yscale="log")
    axes.grid(alpha=0.3, which="both")


def _draw_energy(axes: Any, lines: dict[str, Records]) -> None:
    for scheme, records in lines.items():
        axes.plot(column(records, "time"), column(records, "gen_energy"), **_style(scheme))
    reference = column(lines["reference"], "gen_energy")
    middle, reach = float(numpy.nanmean(reference)), float(numpy.nanmax(reference) - numpy.nanmin(reference))
    axes.set(title="generator's energy (its loss)", xlabel="time", ylabel="E1")
    if reach > 0:  # the explicit scheme's energy grows without bound and would flatten all others
        axes.set_ylim(middle - 1.5 * reach, middle + 1.5 * reach)
    axes.grid(alpha=0.3)


def _draw_orders(axes: Any, findings: Records) -> None:
    from matplotlib.ticker import NullFormatter

    axes.set(
        title="distance to the flow at a fixed time", xlabel="step tau", ylabel="error", xscale="log", yscale="log"
    )
    axes.grid(alpha=0.3, which="both")
    axes.xaxis.set_minor_formatter(NullFormatter())
    found = [finding for finding in findings if "order" in finding["values"]]
    if not found:
        axes.text(0.5, 0.5, "not measured", ha="center", transform=axes.transAxes)
        return
    for finding in found:
        values = finding["values"]
        style = _style(finding["scheme"]) | {"marker": "o", "markersize": 4}
        label = f"{finding['scheme']}: order {values['order']:.2f}"
        axes.plot(values["order_steps"], values["order_errors"], label=label, **style)
    axes.legend(fontsize=8)
