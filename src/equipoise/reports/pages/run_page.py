"""The page of one run: what happened, in words and pictures, and how to make it again."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from equipoise.reports.features import described_features, pictured_features
from equipoise.reports.pages.differences import flattened
from equipoise.reports.pages.findings import OUTCOMES, findings, label_of, next_steps, verdict
from equipoise.reports.pages.page import rendered
from equipoise.reports.pages.pictures import Picture, embedded, embedded_bytes, frames
from equipoise.reports.pages.records import Record, RunRecords, number_or
from equipoise.reports.pages.run_charts import not_drawn, run_charts
from equipoise.reports.pages.tables import Table, cell, from_record
from equipoise.reports.pages.words import duration, number, steps_text

_WITH_EXAMPLES = ("generative", "domain-adversarial")
_CAST = ("network.architecture", "data.source", "target.source")
_DAMAGED = (OSError, ValueError, KeyError, IndexError, TypeError, EOFError, BadZipFile)
"""What reading arrays that a fault has damaged raises."""
_MOST_LINES, _MOST_TEXTS = 24, 60
_PROTOCOL_WORDS = {
    "features": "features",
    "weights_hash": "SHA-256 of their weights",
    "num_samples": "generated examples",
    "num_reference": "real examples",
    "data": "fingerprint of the data",
    "reference": "fingerprint of the reference",
    "split": "split compared with",
    "seed": "seed of the latents",
    "resize": "resize rule",
    "length": "symbols of a line",
    "num_symbols": "symbols known",
    "num_floor": "real lines for the floor",
    "floor": "what real text gets",
}


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


@dataclass(frozen=True)
class Diagnosis:
    """The game measured at a checkpoint."""

    step: int
    verdict: str
    sentences: list[str]
    tables: list[Table]
    figures: list[tuple[Picture, str]]


def run_page(run: RunRecords, command: str) -> str:
    """The HTML of one run.

    Args:
        run: its records.
        command: what makes it again.
    """
    found = findings(run)
    tone, headline = verdict(found)
    return rendered(
        "run.html",
        title=run.name,
        subtitle=in_short(run),
        tone=tone,
        headline=headline,
        findings=found,
        steps=next_steps(found),
        tiles=tiles(run),
        stills=stills(run),
        charts=run_charts(run),
        not_drawn=not_drawn(run),
        interpolation=_interpolation(run),
        neighbours=_neighbours(run),
        features=_features(run),
        diagnoses=_diagnoses(run),
        events=_events(run),
        protocol=_protocol(run),
        command=command,
        settings=Table(
            "Settings", ["setting", "value"], [[name, cell(value)] for name, value in flattened(run.settings).items()]
        ),
        environment=Table(
            "Environment", ["what", "value"], [[name, cell(value)] for name, value in run.environment.items()]
        ),
    )


def in_short(run: RunRecords) -> str:
    """The settings that matter most, in a line."""
    kind = run.setting("game.kind")
    has_examples = kind in (None, *_WITH_EXAMPLES)
    if has_examples:
        architecture, source, target = (run.setting(name) for name in _CAST)
        cast = f"{architecture} adapted from {source} to {target}" if run.adapts else f"{architecture} on {source}"
        parts = [cast, _objective(run)]
    else:
        parts = [f"{kind} game between points"]
    for player in ("disc", "gen"):
        parts.append(f"{player} {run.setting(f'{player}.optimizer')} {cell(run.setting(f'{player}.lr'))}")
    batch = run.setting("training.batch_size")
    return " · ".join([*parts, *([f"batches of {batch}"] if has_examples else [])])


def _objective(run: RunRecords) -> str:
    objective, penalty = run.setting("game.objective"), run.setting("game.penalty")
    return str(objective) if penalty in (None, "none") else f"{objective} + {penalty}"


def tiles(run: RunRecords) -> list[tuple[str, str, str]]:
    """The few numbers that everyone asks for: name, value, remark."""
    total = number_or(run.setting("training.steps"), 0)
    made = [("Ending", OUTCOMES[run.ending][1] if run.ending in OUTCOMES else "Not ended", "")]
    made += _distance_tiles(run)
    made.append(("Steps", f"{run.last_step:,}", f"of {total:,.0f}" if total else ""))
    last = (run.metrics or run.evaluations or [{}])[-1]
    seconds = max(number_or(last.get("seconds"), 0), number_or((run.evaluations or [{}])[-1].get("seconds"), 0))
    made.append(("Time", duration(seconds), _where(run)))
    return made


def _distance_tiles(run: RunRecords) -> list[tuple[str, str, str]]:
    values = run.outcome.get("values")
    if not run.evaluations or not isinstance(values, dict) or "best" not in values:
        return []
    label = label_of(run)
    return [
        (f"{name} {label}", number(number_or(values.get(key))), steps_text(number_or(values.get(f"{key}_step"), 0)))
        for name, key in (("Best", "best"), ("Final", "latest"))
    ]


def _where(run: RunRecords) -> str:
    device = run.environment.get("cuda_device")
    threads = run.setting("threads") or run.environment.get("threads")
    if device and run.setting("device") != "cpu":
        return str(device)
    return {0: "", 1: "one CPU thread"}.get(int(number_or(threads, 0)), f"{threads} CPU threads")


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


def _interpolation(run: RunRecords) -> Still | None:
    path = run.interpolation
    if path is None:
        return None
    if path.suffix == ".txt":
        return Still(run.last_step, "", None, _lines(path))
    picture = embedded(path)
    return Still(run.last_step, "", picture) if picture else None


def _neighbours(run: RunRecords) -> dict[str, Any] | None:
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


def _features(run: RunRecords) -> tuple[Picture, str] | None:
    """The features of an adapted run at its newest step, with their description; None where there are none."""
    try:
        drawn = pictured_features(run.path) if run.adapts else None
    except _DAMAGED:
        return None
    picture = embedded_bytes(drawn) if drawn else None
    return (picture, described_features(run.path)) if picture else None


def _diagnoses(run: RunRecords) -> list[Diagnosis]:
    return [_diagnosis(run, step, record) for step, record in reversed(run.diagnoses)]


def _diagnosis(run: RunRecords, step: int, record: Record) -> Diagnosis:
    return Diagnosis(step, str(record.get("verdict") or ""), *analysed(record, run.path / "diagnosis"))


def analysed(record: Record, folder: Path) -> tuple[list[str], list[Table], list[tuple[Picture, str]]]:
    """Sentences, tables and figures of an analysis, whose figures lie in ``folder``; what is missing is left out."""
    sentences = [str(each) for each in _listed(record, "sentences")]
    tables = [table for each in _listed(record, "tables") if (table := from_record(each))]
    figures = []
    for each in _listed(record, "figures"):
        name = str(each.get("file") or "") if isinstance(each, dict) else ""
        if name and Path(name).name == name and (picture := embedded(folder / name)):
            figures.append((picture, str(each.get("alternative") or name)))
    return sentences, tables, figures


def _listed(record: Record, name: str) -> list[Any]:
    found = record.get(name)
    return found if isinstance(found, list) else []


def _events(run: RunRecords) -> Table | None:
    rows = [
        [cell(event.get("step")), cell(event.get("found")), cell(event.get("done")), cell(event.get("sentence"))]
        for event in run.events
    ]
    return Table("What the guard saw", ["step", "found", "done", "sentence"], rows[:200]) if rows else None


def _protocol(run: RunRecords) -> Table | None:
    told: Record = next(
        (each["protocol"] for each in reversed(run.evaluations) if isinstance(each.get("protocol"), dict)), {}
    )
    rows = [[_PROTOCOL_WORDS.get(name, name.replace("_", " ")), cell(value)] for name, value in told.items()]
    return Table(f"Protocol of the {'risk' if run.adapts else 'distance'}", ["what", "value"], rows) if rows else None
