"""One picture of one run: the distance, both losses against their ideals, the rates, and the newest samples.

A game between points has no samples and no distance; its path and its distance from the origin stand in their place.
"""

import math
from pathlib import Path
from typing import Any

import numpy as np

from equipoise.core.files import read_json_lines, replacing
from equipoise.core.judges import JUDGES, RISKS, distance_of, judge_of
from equipoise.reports.features import draw_by_domain

Records = list[dict[str, Any]]
_NUM_LINES = 24
_DISC, _GEN, _DISTANCE = "#1f5f99", "#c8502b", "#2c7a4b"


def draw_curves(run: Path) -> Path | None:
    """Draw ``curves.png`` into the run's folder; None where the run has logged nothing yet.

    Args:
        run: a run folder.
    """
    metrics = read_json_lines(run / "metrics.jsonl")
    if not metrics:
        return None
    from matplotlib.figure import Figure

    evaluations = read_json_lines(run / "evaluations.jsonl")
    samples = sorted((run / "samples").glob("step-*.*"))
    figure = Figure(figsize=(12, 3.6), layout="constrained")
    axes = figure.subplots(1, 4, width_ratios=[1.2, 1.2, 1.0, 1.0])
    between_points = "gen_point" in metrics[0]
    _draw_path(axes[0], metrics) if between_points else _draw_distance(axes[0], evaluations)
    _draw_losses(axes[1], metrics)
    _draw_rates(axes[2], metrics)
    _draw_radius(axes[3], metrics) if between_points else _draw_samples(axes[3], samples)
    path = run / "curves.png"
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=110)
    return path


def _draw_distance(axes: Any, evaluations: Records) -> None:
    judge = judge_of(evaluations[0]) if evaluations else "fd"
    measured = [(record["step"], distance_of(record)) for record in evaluations]
    points = [(step, value) for step, value in measured if math.isfinite(value)]
    label = JUDGES[judge]
    axes.set(title=label[0].upper() + label[1:], xlabel="step", yscale="linear" if judge in RISKS.values() else "log")
    if not points:
        axes.text(0.5, 0.5, "not measured", ha="center", transform=axes.transAxes)
        return
    steps, values = zip(*points, strict=True)
    axes.plot(steps, values, marker=".", color=_DISTANCE)
    best = min(points, key=lambda point: point[1])
    if floor := evaluations[0].get("protocol", {}).get("floor"):
        axes.axhline(floor[judge], color="black", linestyle=":", label="real text")
        axes.legend(fontsize=7)
    axes.annotate(f"best {best[1]:.3g}", best, xytext=(0, 8), textcoords="offset points", ha="right")


def _draw_path(axes: Any, metrics: Records) -> None:
    gen, disc = ([record[f"{player}_point"][0] for record in metrics] for player in ("gen", "disc"))
    axes.plot(gen, disc, color=_DISTANCE, linewidth=1)
    axes.plot(gen[:1], disc[:1], "o", color=_GEN, label="first record")
    axes.plot([0], [0], "+", color="black", label="equilibrium")
    axes.set(title="Path", xlabel="gen", ylabel="disc")
    axes.legend(fontsize=7)


def _draw_radius(axes: Any, metrics: Records) -> None:
    radii = [math.hypot(*record["disc_point"], *record["gen_point"]) for record in metrics]
    axes.plot(_column(metrics, "step"), radii, color=_DISTANCE)
    axes.set(title="Distance from the origin", xlabel="step", yscale="log")


def _draw_losses(axes: Any, metrics: Records) -> None:
    for player, colour in (("disc", _DISC), ("gen", _GEN)):
        axes.plot(_column(metrics, "step"), _column(metrics, f"{player}_loss"), color=colour, label=player)
        gap = metrics[-1][f"{player}_gap"]
        if gap is not None:
            axes.axhline(metrics[-1][f"{player}_loss"] - gap, color=colour, linestyle=":", label=f"{player} ideal")
    axes.set(title="Adversarial losses", xlabel="step")
    axes.legend(fontsize=7)


def _draw_rates(axes: Any, metrics: Records) -> None:
    for player, colour in (("disc", _DISC), ("gen", _GEN)):
        axes.plot(_column(metrics, "step"), _column(metrics, f"{player}_rate"), color=colour, label=player)
    axes.set(title="Learning rates", xlabel="step", yscale="log")
    axes.legend(fontsize=7)


def _draw_samples(axes: Any, samples: list[Path]) -> None:
    axes.axis("off")
    if samples:
        if samples[-1].suffix == ".txt":
            _draw_lines(axes, samples[-1])
        elif samples[-1].suffix == ".npz":
            _draw_features(axes, samples[-1])
        else:
            from matplotlib.image import imread

            axes.imshow(imread(samples[-1]), cmap="gray", interpolation="nearest")
        what = "Features" if samples[-1].suffix == ".npz" else "Samples"
        axes.set_title(f"{what}, step {int(samples[-1].stem.removeprefix('step-')):,}")


def _draw_features(axes: Any, file: Path) -> None:
    axes.axis("on")
    with np.load(file, allow_pickle=False) as arrays:
        draw_by_domain(axes, dict(arrays))


def _draw_lines(axes: Any, file: Path) -> None:
    lines = file.read_text(encoding="utf-8").split("\n")[:_NUM_LINES]
    # A dollar sign would begin a formula, and no font has a glyph for every character.
    text = "\n".join("".join(sign if " " <= sign <= "~" else "?" for sign in line) for line in lines)
    axes.text(0, 1, text.replace("$", r"\$"), family="monospace", fontsize=7, va="top", transform=axes.transAxes)


def _column(records: Records, name: str) -> list[float]:
    return [float("nan") if record[name] is None else record[name] for record in records]
