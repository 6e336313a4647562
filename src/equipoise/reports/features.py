"""What a domain-adversarial game did to the features: both domains in the plane, coloured by class and by domain.

Of a game between points there is a third picture: the points themselves, over what the classifier says of the plane.
Everything is read from the ``.npz`` files that training leaves among the samples.
"""

from pathlib import Path
from typing import Any

import numpy as np

from equipoise.core.files import replacing

SOURCE, TARGET = 0, 1
_COLOURS = ("#1f5f99", "#c8502b")
_NAMES = ("source", "target")
_MARKERS = ("o", "^")
_MOST_NAMED = 12


def feature_files(run: Path) -> list[Path]:
    """The files of a run's features, in the order of their steps."""
    return sorted((run / "samples").glob("step-*.npz"))


def draw_features(run: Path, out: Path | None = None) -> Path | None:
    """Draw the features of a run's newest step; None where there are none.

    Args:
        run: a run folder.
        out: the file to write (default: ``features.png`` in the run's folder).
    """
    files = feature_files(run)
    if not files:
        return None
    from matplotlib.figure import Figure

    with np.load(files[-1], allow_pickle=False) as arrays:
        found = dict(arrays)
    has_points = "points" in found
    figure = Figure(figsize=(13.5 if has_points else 9, 4.4), layout="constrained")
    axes = figure.subplots(1, 3 if has_points else 2)
    draw_by_domain(axes[0], found)
    draw_by_class(axes[1], found)
    if has_points:
        draw_points(axes[2], found)
    figure.suptitle(f"Step {int(files[-1].stem.removeprefix('step-')):,}", fontsize=10)
    path = out or run / "features.png"
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=110)
    return path


def draw_by_domain(axes: Any, found: dict[str, Any]) -> None:
    """Features, coloured by domain: mixed is what the game aims at."""
    for domain, (name, colour) in enumerate(zip(_NAMES, _COLOURS, strict=True)):
        rows = found["domain"] == domain
        axes.scatter(*found["plane"][rows].T, s=6, color=colour, alpha=0.6, label=name, marker=_MARKERS[domain])
    axes.set(title="Features, by domain", xticks=[], yticks=[])
    axes.legend(fontsize=7)


def draw_by_class(axes: Any, found: dict[str, Any]) -> None:
    """Features, coloured by the true class of the source and the predicted one of the target."""
    told = np.where(found["label"] >= 0, found["label"], found["predicted"])
    _scatter_by_class(axes, found["plane"], told, found)
    axes.set(title="By class (target: as predicted)", xticks=[], yticks=[])


def draw_points(axes: Any, found: dict[str, Any]) -> None:
    """The points themselves, over the regions of the classes."""
    told = np.where(found["label"] >= 0, found["label"], found["predicted"])
    palette = _palette(len(found["names"]))
    axes.contourf(found["regions"], levels=np.arange(-0.5, len(palette)), colors=palette, alpha=0.2,
                  extent=tuple(found["extent"]))  # fmt: skip
    _scatter_by_class(axes, found["points"], told, found)
    axes.set(title="Points, over what is predicted there", aspect="equal")


def _scatter_by_class(axes: Any, places: Any, told: Any, found: dict[str, Any]) -> None:
    palette = _palette(len(found["names"]))
    for domain, marker in enumerate(_MARKERS):
        rows = found["domain"] == domain
        colours = [palette[k] for k in told[rows]]
        axes.scatter(*places[rows].T, s=8, c=colours, marker=marker, alpha=0.7, linewidths=0)
    for name, colour in list(zip(found["names"], palette, strict=True))[:_MOST_NAMED]:
        axes.scatter([], [], s=12, color=colour, label=str(name))
    axes.legend(fontsize=6, ncols=2, title="o source, ^ target", title_fontsize=6)


def _palette(num_classes: int) -> list[Any]:
    from matplotlib import colormaps

    return [
        colormaps["tab10" if num_classes <= 10 else "turbo"](k if num_classes <= 10 else k / num_classes)
        for k in range(num_classes)
    ]
