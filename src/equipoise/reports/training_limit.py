"""The figure of a game trained at smaller and smaller rates: its paths approach the flow.

Read from a folder that `equipoise flow RECIPE --from-training` made.
"""

from pathlib import Path
from typing import Any

import numpy

from equipoise.core.files import read_json_lines, replacing
from equipoise.reports.flow_style import Records, column, number

_FLOW, _GUIDE, _NOISE = "#000000", "#999999", "#0072B2"


def draw_training_limit(folder: Path) -> Path:
    """Draw ``training-limit.png`` into ``folder``."""
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    metrics, findings = read_json_lines(folder / "metrics.jsonl"), read_json_lines(folder / "evaluations.jsonl")
    whole = [record for record in metrics if record["batch_size"] is None]
    rates = sorted({record["rate"] for record in whole if record["rate"]}, reverse=True)
    shades = {rate: colormaps["viridis"](0.92 * (1 - i / len(rates))) for i, rate in enumerate(rates)}
    figure = Figure(figsize=(16.5, 4.3), layout="constrained")
    axes = figure.subplots(1, 4)
    _draw_paths(axes[0], whole, shades)
    _draw_distances(axes[1], whole, shades)
    _draw_rates(axes[2], [finding for finding in findings if finding["batch_size"] is None], shades)
    _draw_batches(axes[3], findings, rates[-1])
    path = folder / "training-limit.png"
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=100)
    return path


def _draw_paths(axes: Any, records: Records, shades: dict[float, Any]) -> None:
    for rate, shade in shades.items():
        course = [record for record in records if record["rate"] == rate]
        axes.plot(column(course, "x"), column(course, "y"), color=shade, linewidth=1.4)
    flow = [record for record in records if record["rate"] == 0]
    axes.plot(column(flow, "x"), column(flow, "y"), color=_FLOW, linewidth=2, linestyle="--", label="the flow")
    axes.plot(column(flow[:1], "x"), column(flow[:1], "y"), "o", color=_FLOW, label="common start")
    axes.set(title="paths", xlabel=flow[0]["x_label"], ylabel=flow[0]["y_label"])
    axes.set_aspect("equal", adjustable="datalim")
    axes.legend(fontsize=8)


def _draw_distances(axes: Any, records: Records, shades: dict[float, Any]) -> None:
    for rate, shade in shades.items():
        course = [record for record in records if record["rate"] == rate and record["time"] > 0]
        axes.plot(column(course, "time"), column(course, "distance"), color=shade, label=f"rate {rate:.3g}")
    axes.set(title="distance to the flow", xlabel="time = rate x rounds", ylabel="distance", yscale="log")
    axes.grid(alpha=0.3, which="both")
    axes.legend(fontsize=8)


def _draw_rates(axes: Any, findings: Records, shades: dict[float, Any]) -> None:
    rates, largest = [f["rate"] for f in findings], [number(f["values"]["largest"]) for f in findings]
    axes.plot(rates, largest, color=_GUIDE, linewidth=1)
    for rate, value in zip(rates, largest, strict=True):
        axes.plot([rate], [value], "o", color=shades[rate], markersize=7)
    order = findings[-1]["values"].get("order")
    title = "largest distance" + (f": order {order:.2f}" if order is not None else "")
    axes.set(title=title, xlabel="learning rate", ylabel="largest distance", xscale="log", yscale="log")
    axes.grid(alpha=0.3, which="both")


def _draw_batches(axes: Any, findings: Records, rate: float) -> None:
    from matplotlib.ticker import NullLocator

    axes.set(title=f"minibatch noise at rate {rate:.3g}", xlabel="batch size", ylabel="largest distance")
    noisy = [finding for finding in findings if finding["batch_size"] is not None]
    if not noisy:
        axes.text(0.5, 0.5, "no minibatches asked for", ha="center", transform=axes.transAxes)
        return
    sizes = sorted({finding["batch_size"] for finding in noisy})
    groups = [[number(f["values"]["largest"]) for f in noisy if f["batch_size"] == size] for size in sizes]
    means = [float(numpy.mean(group)) for group in groups]
    for size, group in zip(sizes, groups, strict=True):
        axes.plot([size] * len(group), group, ".", color=_NOISE, alpha=0.6)
    axes.plot(sizes, means, "o-", color=_NOISE, label="mean over seeds")
    guide = [means[0] * (sizes[0] / size) ** 0.5 for size in sizes]
    axes.plot(sizes, guide, "--", color=_GUIDE, label="slope -1/2")
    floor = [f for f in findings if f["batch_size"] is None][-1]["values"]["largest"]
    axes.axhline(number(floor), color=_FLOW, linestyle=":", label="whole sample")
    axes.set(xscale="log", yscale="log")
    axes.set_xticks(sizes, labels=list(map(str, sizes)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
