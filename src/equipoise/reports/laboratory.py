"""Figures of the mode collapse laboratory: modes served over time, the clouds at the end, and an animation.

Read from a folder that `equipoise flow ring` made.
"""

from pathlib import Path
from typing import Any

import numpy

from equipoise.core.files import read_json_lines, replacing
from equipoise.reports.flow_style import CLOUD, DATA, MODE, Records, column

_COLUMNS = 4
_EVERY = 2
"""Frames of the records from one picture of the animation to the next."""


def draw_laboratory(folder: Path) -> Path:
    """Draw ``laboratory.png`` into ``folder``: one column a treatment, its cloud at the end and its modes over time."""
    from matplotlib.figure import Figure

    metrics, arrays = read_json_lines(folder / "metrics.jsonl"), _arrays(folder)
    cures = list(dict.fromkeys(record["cure"] for record in metrics))
    num_rows = -(-len(cures) // _COLUMNS)
    figure = Figure(figsize=(3.6 * _COLUMNS, 5.4 * num_rows), layout="constrained")
    axes = figure.subplots(2 * num_rows, _COLUMNS, squeeze=False, height_ratios=[1.5, 1] * num_rows)
    for index, cure in enumerate(cures):
        row, place = 2 * (index // _COLUMNS), index % _COLUMNS
        _prepare(axes[row][place], arrays, cure)
        cloud = arrays[f"cloud_{cure}"][-1]
        axes[row][place].plot(*cloud.T, ".", color=CLOUD, markersize=3)
        _draw_served(axes[row + 1][place], [record for record in metrics if record["cure"] == cure], arrays)
    for rest in range(len(cures), num_rows * _COLUMNS):
        row, place = 2 * (rest // _COLUMNS), rest % _COLUMNS
        axes[row][place].set_axis_off()
        axes[row + 1][place].set_axis_off()
    path = folder / "laboratory.png"
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=100)
    return path


def animate_laboratory(folder: Path, frames_per_second: int = 12) -> Path:
    """Draw ``laboratory.gif`` into ``folder``: the clouds of the first seed, all treatments side by side."""
    from matplotlib.animation import FuncAnimation, PillowWriter
    from matplotlib.figure import Figure

    arrays = _arrays(folder)
    cures = [name.removeprefix("cloud_") for name in arrays if name.startswith("cloud_")]
    num_columns, num_rows = min(len(cures), _COLUMNS), -(-len(cures) // _COLUMNS)
    figure = Figure(figsize=(2.6 * num_columns, 2.8 * num_rows + 0.3), layout="constrained")
    axes = figure.subplots(num_rows, num_columns, squeeze=False).flatten()
    clouds = []
    for place, cure in zip(axes, cures, strict=False):
        _prepare(place, arrays, cure)
        clouds.append(place.plot([], [], ".", color=CLOUD, markersize=2.5)[0])
    for place in axes[len(cures) :]:
        place.set_axis_off()
    times = arrays["times"]
    clock = figure.suptitle("time 0.0")

    def frame(index: int) -> list[Any]:
        clock.set_text(f"time {times[index]:.1f}")
        for points, cure in zip(clouds, cures, strict=True):
            history = arrays[f"cloud_{cure}"]
            points.set_data(*history[min(index, len(history) - 1)].T)
        return clouds

    figure.canvas.draw()
    figure.set_layout_engine("none")  # the layout of the first frame stands; finding it anew is most of a frame's time
    path = folder / "laboratory.gif"
    animation = FuncAnimation(figure, frame, frames=range(0, len(times), _EVERY))
    with replacing(path) as temporary:
        drawn = temporary.with_suffix(".gif")  # the writer tells the format by the name
        animation.save(drawn, writer=PillowWriter(fps=frames_per_second), dpi=60)
        drawn.replace(temporary)
    return path


def _arrays(folder: Path) -> dict[str, Any]:
    with numpy.load(folder / "arrays.npz") as file:
        return dict(file)


def _prepare(axes: Any, arrays: dict[str, Any], cure: str) -> None:
    data, centres = arrays["data"], arrays["centres"]
    extent = 1.45 * abs(centres).max()
    axes.plot(*data.T, ".", color=DATA, markersize=1.5, zorder=0)
    axes.plot(*centres.T, "+", color=MODE, markersize=5, zorder=1)
    axes.set(xlim=(-extent, extent), ylim=(-extent, extent), aspect="equal", xticks=[], yticks=[])
    axes.set_title("the illness itself" if cure == "none" else cure, fontsize=10)


def _draw_served(axes: Any, records: Records, arrays: dict[str, Any]) -> None:
    for seed in dict.fromkeys(record["seed"] for record in records):
        course = [record for record in records if record["seed"] == seed]
        axes.plot(column(course, "time"), column(course, "served"), color=CLOUD, alpha=0.7, linewidth=1.2)
    number = len(arrays["centres"])
    axes.axhline(number, color=MODE, linestyle=":", linewidth=1)
    axes.set(xlabel="time", ylabel="modes served", xlim=(0, arrays["times"][-1]), ylim=(0, 1.08 * number))
    axes.grid(alpha=0.3)
    result = records[-1]["result"]
    if result != "REACHED":
        axes.text(0.5, 0.5, result.replace("_", " ").lower(), ha="center", transform=axes.transAxes)
