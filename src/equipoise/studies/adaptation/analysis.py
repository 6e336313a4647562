"""The table and the sentences of an adapted run, in the form that any page can show."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from equipoise.config import DataSettings, RunSettings
from equipoise.core.files import read_json_lines
from equipoise.studies.adaptation.choices import (
    BASELINES,
    Bounds,
    Choice,
    Record,
    choices,
    is_whole,
    last_target_accuracy,
)
from equipoise.studies.adaptation.words import interval_text, sentences
from equipoise.training.checkpoint import checkpoint_steps


def analysis(run: Path, settings: RunSettings) -> dict[str, Any]:
    """The run's table and sentences, in the form that any page can show.

    Args:
        run: folder of the adapted run; the bounds lie beside it where they were played.
        settings: of the run.
    """
    folders = {name: run.parent / f"{run.name}-{name}" for name in BASELINES}
    bounds = Bounds(*(last_target_accuracy(folders[name]) for name in BASELINES))
    evaluations, metrics = read_json_lines(run / "evaluations.jsonl"), read_json_lines(run / "metrics.jsonl")
    chosen = choices(evaluations, bounds)
    return {
        "kind": "adaptation",
        "title": f"{settings.name}: from {_called(settings.data)} to {_called(settings.target)}",
        "sentences": sentences(settings, evaluations, metrics, chosen),
        "tables": [_rules_table(chosen, bounds, _num_test(evaluations), _kept(run))],
        "figures": [],
        "bounds": bounds._asdict(),
        "choices": [choice._asdict() for choice in chosen],
    }


def _called(data: DataSettings) -> str:
    """A domain in words: its name, and what was done to it.

    >>> _called(DataSettings(source="moons", rotation=35.0))
    'moons turned by 35 degrees'
    """
    words = [Path(data.path).name or data.path if data.path else data.source]
    if data.texture != "none":
        words.append(f"blended with {Path(data.texture).name} texture")
    if data.rotation:
        words.append(f"turned by {data.rotation:g} degrees")
    return " ".join(words)


def _kept(run: Path) -> set[int]:
    """Steps of the checkpoints that the run has kept, which alone can be applied."""
    return set(checkpoint_steps(run / "checkpoints"))


def _num_test(evaluations: Sequence[Record]) -> int | None:
    """Examples of the target's test part; None where it has no labels, or an old record does not say."""
    found = [record.get("protocol", {}).get("num_test") for record in evaluations if is_whole(record["values"])]
    return found[-1] if found else None


def _rules_table(
    chosen: Sequence[Choice], bounds: Bounds, num_test: int | None, kept: Collection[int]
) -> dict[str, Any]:
    rows: list[list[Any]] = []
    for choice in chosen:
        state = "yes" if choice.step in kept else "no"
        rows.append(
            [choice.rule, choice.step, state, _percent(choice.source), *_reported(choice.target, bounds, num_test)]
        )
    for name, bound in zip(BASELINES, bounds, strict=True):
        if bound is not None:
            rows.append([name, None, None, None, *_reported(bound, bounds, num_test)])
    columns = ["rule", "step", "kept", "source, %", "target (oracle), %", "95 % interval", "gap closed, %"]
    known = [place for place in range(len(columns)) if any(row[place] is not None for row in rows)]
    return {
        "title": "The checkpoint that each rule chooses"
        + (f", and its accuracy on {num_test:,} test examples of the target" if num_test else ""),
        "columns": [columns[place] for place in known],
        "rows": [[row[place] for place in known] for row in rows],
    }


def _reported(target: float | None, bounds: Bounds, num_test: int | None) -> tuple[Any, ...]:
    """Accuracy on the target's test part, its interval and the gap closed, as cells."""
    interval = None if target is None or not num_test else interval_text(target, num_test)
    return _percent(target), interval, _percent(bounds.gap_closed(target))


def _percent(part: float | None) -> float | None:
    return None if part is None else round(100 * part, 2)
