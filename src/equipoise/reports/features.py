"""What a domain-adversarial game did to the features: both domains in the plane, coloured by class and by domain.

Of a game between points there is a third picture: the points themselves, over what the classifier says of the plane.
Everything is read from the ``.npz`` files that training leaves among the samples.
"""

import io
from pathlib import Path
from typing import Any

import numpy as np

from equipoise.core.files import read_json_lines, replacing

SOURCE, TARGET = 0, 1
_COLOURS = ("#0072b2", "#d55e00")
_OKABE_ITO = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#000000", "#f0e442")
"""Okabe & Ito 2008."""
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
    content = pictured_features(run)
    if content is None:
        return None
    path = out or run / "features.png"
    with replacing(path) as temporary:
        temporary.write_bytes(content)
    return path


def pictured_features(run: Path) -> bytes | None:
    """The features of a run's newest step as a PNG; None where there are none."""
    files = feature_files(run)
    if not files:
        return None
    found, written = _arrays(files[-1]), io.BytesIO()
    _figure(found, _step_of(files[-1])).savefig(written, format="png", dpi=110)
    return written.getvalue()


def described_features(run: Path) -> str:
    """The picture in words and numbers, for those who cannot see it."""
    files = feature_files(run)
    if not files:
        return ""
    step, domain = _step_of(files[-1]), _arrays(files[-1])["domain"]
    of_source, of_target = (int((domain == each).sum()) for each in (SOURCE, TARGET))
    words = (
        f"Features at step {step:,} in the plane, by domain and by class: {of_source:,} examples of the source as "
        f"dots, {of_target:,} of the target as triangles."
    )
    return words + _measured_at(run, step)


def _measured_at(run: Path, step: int) -> str:
    """How mixed the domains are, by the newest evaluation up to ``step``."""
    records = [each for each in read_json_lines(run / "evaluations.jsonl") if each.get("step", step + 1) <= step]
    values = records[-1].get("values") if records else None
    accuracies = {name: values.get(f"{name}_accuracy") for name in ("domain", "probe")} if values else {}
    who = {"domain": "The discriminator", "probe": "A fresh discriminator"}
    return "".join(
        f" {who[name]} tells {value:.0%} of the held-out examples apart, where a coin gets 50%."
        for name, value in accuracies.items()
        if isinstance(value, float)
    )


def _arrays(file: Path) -> dict[str, Any]:
    with np.load(io.BytesIO(file.read_bytes()), allow_pickle=False) as arrays:
        return dict(arrays)


def _step_of(file: Path) -> int:
    return int(file.stem.removeprefix("step-"))


def _figure(found: dict[str, Any], step: int) -> Any:
    from matplotlib.figure import Figure

    has_points = "points" in found
    figure = Figure(figsize=(13.5 if has_points else 9, 4.4), layout="constrained")
    axes = figure.subplots(1, 3 if has_points else 2)
    draw_by_domain(axes[0], found)
    draw_by_class(axes[1], found)
    if has_points:
        draw_points(axes[2], found)
    figure.suptitle(f"Step {step:,}", fontsize=10)
    return figure


def draw_by_domain(axes: Any, found: dict[str, Any]) -> None:
    """Features, coloured by domain: mixed is what the game aims at."""
    for domain, (name, colour) in enumerate(zip(_NAMES, _COLOURS, strict=True)):
        rows = found["domain"] == domain
        axes.scatter(*found["plane"][rows].T, s=12, color=colour, alpha=0.6, label=name, marker=_MARKERS[domain])
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
        axes.scatter(*places[rows].T, s=12, c=colours, marker=marker, alpha=0.7, linewidths=0)
    named = list(zip(found["names"], palette, strict=True))[:_MOST_NAMED]
    for name, colour in named:
        axes.scatter([], [], s=16, color=colour, label=str(name))
    _write_names(axes, places, told, found, len(named))
    axes.legend(fontsize=6, ncols=2, title="o source, ^ target", title_fontsize=6)


def _write_names(axes: Any, places: Any, told: Any, found: dict[str, Any], number: int) -> None:
    """Every class by name where its examples of the source lie, so that nobody has to tell colours apart."""
    box = {"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 1}
    for label, name in enumerate(found["names"][:number]):
        rows = (found["domain"] == SOURCE) & (told == label)
        if rows.any():
            away = np.linalg.norm(places[rows] - np.median(places[rows], axis=0), axis=1)
            axes.text(*places[rows][away.argmin()], str(name)[:12], fontsize=7, ha="center", va="center", bbox=box)


def _palette(num_classes: int) -> list[Any]:
    """Colours that the colour-blind can tell apart; beyond eight classes, steps from dark to light."""
    from matplotlib import colormaps

    if num_classes <= len(_OKABE_ITO):
        return list(_OKABE_ITO[:num_classes])
    return [colormaps["viridis"](k / (num_classes - 1)) for k in range(num_classes)]
