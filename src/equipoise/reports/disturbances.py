"""The picture of a disturbance study: the same images at every level, and the distance beside them."""

import json
from pathlib import Path
from typing import Any

from equipoise.core.files import replacing

_CURVE = "#2c7a4b"


def draw_disturbances(study: Path) -> Path:
    """Draw ``disturbances.png`` into the study's folder.

    Args:
        study: the folder, with ``study.json`` and ``examples``.
    """
    from matplotlib.figure import Figure

    record = json.loads((study / "study.json").read_text(encoding="utf-8"))
    results, features = record["results"], record["protocol"]["features"]
    num_levels = max(len(result["levels"]) for result in results)
    figure = Figure(figsize=(1.9 * num_levels + 3.6, 1.9 * len(results)), layout="constrained")
    axes = figure.subplots(len(results), num_levels + 1, width_ratios=[1.0] * num_levels + [1.7], squeeze=False)
    for row, result in zip(axes, results, strict=True):
        _draw_examples(row[:-1], study / "examples", result)
        _draw_distances(row[-1], result, "FID" if features == "inception" else f"FD ({features})")
    path = study / "disturbances.png"
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=100)
    return path


def _draw_examples(row: Any, examples: Path, result: dict[str, Any]) -> None:
    from matplotlib.image import imread

    for place, axes in enumerate(row):
        axes.axis("off")
        if place < len(result["levels"]):
            name = f"{result['name']}-{place}" if place else "none-0"
            axes.imshow(imread(examples / f"{name}.png"), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
            axes.set_title(f"{result['name']} {result['levels'][place]:g}", fontsize=8)


def _draw_distances(axes: Any, result: dict[str, Any], label: str) -> None:
    axes.plot(result["levels"], result["distances"], marker="o", color=_CURVE)
    axes.set_xticks(result["levels"])
    axes.set_ylim(bottom=0)
    axes.set_title(result["verdict"], fontsize=8)
    axes.set_xlabel(result["meaning"], fontsize=8)
    axes.set_ylabel(label, fontsize=8)
    axes.tick_params(labelsize=7)
