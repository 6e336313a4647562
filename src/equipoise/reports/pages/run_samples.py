"""What a run generated: samples over time, the way between two of them, their neighbours; an adapted run's features."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from equipoise.reports.features import described_features, pictured_features
from equipoise.reports.pages.findings import label_of
from equipoise.reports.pages.pictures import Picture, embedded, embedded_bytes, frames
from equipoise.reports.pages.records import RunRecords, number_or
from equipoise.reports.pages.words import number, steps_text

_DAMAGED = (OSError, ValueError, KeyError, IndexError, TypeError, EOFError, BadZipFile)
"""What reading arrays that a fault has damaged raises."""
_MOST_LINES, _MOST_TEXTS = 24, 60


@dataclass(frozen=True)
class Still:
    """What was generated at one step.

    Attributes:
        step: after which.
        caption: the step, and the distance measured there.
        picture: a grid of images or a cloud of points, or None.
        lines: of text; empty of other data.
    """

    step: int
    caption: str
    picture: Picture | None
    lines: tuple[str, ...] = ()


def stills(run: RunRecords) -> list[Still]:
    """The samples of a run over time, from the same latents; pictures or lines."""
    measured = {each["step"]: number_or(each["values"].get(run.judge)) for each in run.evaluations}

    def caption(step: int) -> str:
        value = measured.get(step)
        words = steps_text(step)
        return words[0].upper() + words[1:] + (f": {label_of(run)} {number(value)}" if value is not None else "")

    shown = [Still(frame.step, caption(frame.step), frame.picture) for frame in frames(run.samples)]
    texts = [sample for sample in run.samples if sample.path.suffix == ".txt"]
    texts = texts[:: -(-len(texts) // _MOST_TEXTS)] if texts else []
    return shown + [Still(each.step, caption(each.step), None, _lines(each.path)) for each in texts]


def _lines(path: Path) -> tuple[str, ...]:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return ()
    return tuple(
        "".join(sign if sign.isprintable() else "\ufffd" for sign in line[:200]) for line in lines[:_MOST_LINES] if line
    )


def interpolation(run: RunRecords) -> Still | None:
    """What lies between two latents, at the last step; None where it was not drawn."""
    path = run.interpolation
    if path is None:
        return None
    if path.suffix == ".txt":
        return Still(run.last_step, "", None, _lines(path))
    picture = embedded(path)
    return Still(run.last_step, "", picture) if picture else None


def neighbours(run: RunRecords) -> dict[str, Any] | None:
    """The nearest training examples, in which space and among how many; None where they were not drawn."""
    picture = embedded(run.path / "samples" / "neighbours.png") if run.neighbours else None
    if picture is None:
        return None
    looked, total = (int(number_or(run.neighbours.get(key), 0)) for key in ("num_looked_at", "num_training"))
    space = run.neighbours.get("space")
    return {
        "picture": picture,
        "space": "pixels" if space == "pixels" else f"the features {space!r}",
        "looked": f"{looked:,} of {total:,}" if looked < total else f"all {total:,}",
    }


def features(run: RunRecords) -> tuple[Picture, str] | None:
    """The features of an adapted run at its newest step, with their description; None where there are none."""
    try:
        drawn = pictured_features(run.path) if run.adapts else None
    except _DAMAGED:
        return None
    picture = embedded_bytes(drawn) if drawn else None
    return (picture, described_features(run.path)) if picture else None
