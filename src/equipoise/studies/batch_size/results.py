"""A study's answers on disk: ``analysis.json`` for programs and for the figure, ``runs.csv`` for a spreadsheet."""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from equipoise.core.files import write_json, write_text
from equipoise.core.judges import JUDGES
from equipoise.studies.batch_size.advice import advice
from equipoise.studies.batch_size.plan import TargetAnswer
from equipoise.studies.folder import Standing
from equipoise.studies.interval import Interval
from equipoise.studies.measured import Measured
from equipoise.studies.plan import PlannedRun
from equipoise.studies.reaches import reach

ANALYSIS, RUNS, FIGURE = "analysis.json", "runs.csv", "batch-size.png"
_COLUMNS = ("batch size", "met", "steps", "SFO", "images", "seconds")
_NUM_DRAWN = 60


def as_json(answers: Sequence[TargetAnswer], num_planned: int, num_finished: int, rates: str) -> dict[str, Any]:
    """All answers as plain values; what is infinite (a median that was never met) becomes null on disk."""
    return {
        "kind": "batch-size",
        "title": "Which batch size reaches the target at the least cost?",
        "sentences": [sentence for answer in answers for sentence in advice(answer.finding, JUDGES[answer.judge])],
        "tables": [_table(answer) for answer in answers],
        "figures": [{"file": FIGURE, "alternative": "Steps and gradient cost to the target against the batch size."}],
        "rates": rates,
        "num_planned": num_planned,
        "num_finished": num_finished,
        "targets": [_target(answer) for answer in answers],
    }


def write_results(
    folder: Path,
    results: dict[str, Any],
    plan: Sequence[PlannedRun],
    standings: Mapping[str, Standing],
    measured: Sequence[Measured],
    answers: Sequence[TargetAnswer],
) -> None:
    """Write ``analysis.json`` and ``runs.csv``, one line for each planned run, whatever became of it."""
    write_json(folder / ANALYSIS, results)
    finished = {run.run.key: run for run in measured}
    rows = [_row(run, standings[run.key], finished.get(run.key), answers) for run in plan]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(folder / RUNS, text.getvalue())


def _row(
    run: PlannedRun, standing: Standing, measured: Measured | None, answers: Sequence[TargetAnswer]
) -> dict[str, Any]:
    row: dict[str, Any] = {"run": run.key, **run.labels, "status": standing.status.value, "sentence": standing.sentence}
    finite = [value for value in measured.curve.values if math.isfinite(value)] if measured else []
    row |= {"best_distance": min(finite, default=""), "last_step": measured.curve.steps[-1] if measured else ""}
    for answer in answers:
        target = answer.finding.target
        one = reach(measured.curve, target) if measured else None
        for name in ("steps", "sfo", "seconds"):
            row[f"{name}_to_{target:g}"] = getattr(one, name) if one and one.met else ""
    return row


def _table(answer: TargetAnswer) -> dict[str, Any]:
    """The sizes of one target as any page can show them."""
    rows = [
        [one.batch_size, f"{one.num_met}/{one.num_runs}", one.steps.value, one.sfo.value, one.images, one.seconds]
        for one in answer.finding.sizes
    ]
    title = f"Medians to {JUDGES[answer.judge]} {answer.finding.target:g}"
    return {"title": title, "columns": list(_COLUMNS), "rows": rows}


def _target(answer: TargetAnswer) -> dict[str, Any]:
    finding = answer.finding
    return {
        "target": finding.target,
        "judge": answer.judge,
        "sizes": [asdict(summary) for summary in finding.sizes],
        "measured": _interval(finding.measured),
        "at_edge": finding.at_edge,
        "laws": {name: _law(law, finding.sizes) for name, law in finding.laws.items()},
        "better": finding.better,
        "noise_scales": {name: _interval(scale) for name, scale in answer.noise_scales.items()},
        "advice": advice(finding, JUDGES[answer.judge]),
    }


def _law(law: Any, sizes: Sequence[Any]) -> dict[str, Any]:
    lowest, highest = sizes[0].batch_size, sizes[-1].batch_size
    drawn = [lowest * (highest / lowest) ** (number / _NUM_DRAWN) for number in range(_NUM_DRAWN + 1)]
    return {
        "critical_batch": asdict(law.critical_batch),
        "aicc": law.fit.aicc,
        "scatter": law.fit.scatter,
        "lack_of_fit": law.lack_of_fit,
        "curve": {"batch_size": drawn, "steps": law.fit.steps(drawn)},
    }


def _interval(interval: Interval | None) -> dict[str, Any] | None:
    return None if interval is None else asdict(interval)
