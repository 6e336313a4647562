"""A search's answers on disk: ``analysis.json``, ``trials.csv``, ``runs.csv``, and the best settings as YAML."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from equipoise.config.files import to_yaml
from equipoise.core.files import write_json, write_text
from equipoise.core.judges import JUDGES
from equipoise.studies.folder import Status
from equipoise.studies.tuning.budget import curve_as_json
from equipoise.studies.tuning.figures import rates_figure, search_figures
from equipoise.studies.tuning.findings import Finalist, Findings, RatioOfArms, ends_of
from equipoise.studies.tuning.heat_map import HeatMap
from equipoise.studies.tuning.plan import file_name
from equipoise.studies.tuning.scores import RunScore, Scored
from equipoise.studies.tuning.words import sentences, spelled

ANALYSIS, TRIALS, RUNS = "analysis.json", "trials.csv", "runs.csv"
NUM_SHOWN = 10
_NEVER = ["not reached", None, None, None]


def as_json(findings: Findings) -> dict[str, Any]:
    """All answers as plain values; what is infinite (a diverged run) becomes null on disk."""
    label = JUDGES[findings.judge]
    names = [arm.name for arm in findings.plan.arms]
    return {
        "kind": "tune",
        "title": f"Which settings give the least {label}, and what does a search cost?",
        "sentences": sentences(findings),
        "tables": [
            *([_fresh_table(findings.finalists, label)] if findings.finalists else []),
            *(_best_table(findings, name, label) for name in names if findings.of(name)),
            *([_ratio_table(findings.ratios)] if findings.ratios else []),
            *(_rates_table(name, found, label) for name, found in findings.maps.items()),
        ],
        "figures": search_figures(findings.maps, label),
        "judge": findings.judge,
        **findings.plan.alike,
        "sampler": findings.plan.sampler,
        "prune": findings.plan.prune,
        "num_trials": findings.plan.num_trials,
        "arms": {name: _arm(findings, name) for name in names},
        "curves": {name: curve_as_json(curve) for name, curve in findings.curves.items()},
        "ratios": [asdict(one) for one in findings.ratios],
        "gap_correlations": {name: asdict(one) for name, one in findings.gap_correlations.items()},
        "finalists": [_finalist(one) for one in findings.finalists],
        "heat_maps": {name: found.as_json(rates_figure(name)) for name, found in findings.maps.items()},
    }


def write_results(folder: Path, results: dict[str, Any], findings: Findings) -> None:
    """Write everything into the study's folder: all trials and runs that have ended, and ``best-NAME.yaml``."""
    write_json(folder / ANALYSIS, results)
    _write_csv(folder / TRIALS, [_trial_row(one) for one in findings.scored])
    fresh = {(one.searched.trial.arm.name, one.searched.trial.number): one for one in findings.finalists}
    rows = [_run_row(one, run, is_fresh=False) for one in findings.scored for run in one.runs]
    rows += [_run_row(one.searched, run, is_fresh=True) for one in fresh.values() for run in one.fresh]
    _write_csv(folder / RUNS, rows)
    for one in findings.finalists:
        write_text(folder / f"best-{file_name(one.name)}.yaml", to_yaml(one.searched.trial.settings))


def _arm(findings: Findings, name: str) -> dict[str, Any]:
    (arm,) = (arm for arm in findings.plan.arms if arm.name == name)
    return {
        "space": {field: repr(dimension) for field, dimension in arm.space.dimensions.items()},
        "trials": [_trial(one) for one in findings.of(name)],
    }


def _trial(one: Scored) -> dict[str, Any]:
    return {
        "number": one.trial.number,
        "values": dict(one.trial.values),
        "score": one.score,
        "useful": one.useful,
        "diverged": one.diverged,
        "gap": one.gap,
        "runs": [asdict(run) for run in one.runs],
    }


def _finalist(one: Finalist) -> dict[str, Any]:
    median = one.median
    return {
        "name": one.name,
        "trial": one.searched.trial.number,
        "arm": one.searched.trial.arm.name,
        "values": dict(one.searched.trial.values),
        "searched": one.searched.score,
        "fresh": [asdict(run) for run in one.fresh],
        "median": None if median is None else asdict(median),
    }


def _fresh_table(finalists: Sequence[Finalist], label: str) -> dict[str, Any]:
    columns = [
        "best of",
        "settings",
        "seeds",
        f"median {label}",
        "low",
        "high",
        "diverged",
        "searched, optimistic",
    ]
    rows = []
    for one in finalists:
        median = one.median
        ends = [None, None, None] if median is None else ends_of(median.interval)
        diverged = sum(run.status is Status.DIVERGED for run in one.fresh)
        values = spelled(list(one.searched.trial.values.items()))
        rows.append([one.name, values, len(one.fresh), *map(_cell_text, ends), diverged, one.searched.score])
    return {"title": "The best of the search on seeds that it has not seen", "columns": columns, "rows": rows}


def _best_table(findings: Findings, name: str, label: str) -> dict[str, Any]:
    ranked = sorted(findings.of(name), key=lambda one: one.score)[:NUM_SHOWN]
    (arm,) = (arm for arm in findings.plan.arms if arm.name == name)
    columns = ["trial", *arm.space.dimensions, f"median {label}, optimistic", "least", "most", "diverged"]
    rows = []
    for one in ranked:
        scores = [run.score for run in one.runs]
        diverged = sum(run.status is Status.DIVERGED for run in one.runs)
        share = f"{diverged}/{len(scores)}"
        numbers = map(_cell_text, (one.score, min(scores), max(scores)))
        rows.append([one.trial.number, *one.trial.values.values(), *numbers, share])
    return {"title": f"{name}: the best of {len(findings.of(name))} trials", "columns": columns, "rows": rows}


def _ratio_table(ratios: Sequence[RatioOfArms]) -> dict[str, Any]:
    columns = ["arm", "as good as", "with trials", "needs trials", "ratio", "low", "high"]
    rows = []
    for one in ratios:
        ratio = one.ratio.ratio
        needed = [ratio.value * one.ratio.num_trials, *ends_of(ratio)] if math.isfinite(ratio.value) else _NEVER
        rows.append([one.arm, one.other, one.ratio.num_trials, *needed])
    return {"title": "Trials that one arm needs for the mean best of another", "columns": columns, "rows": rows}


def _rates_table(name: str, found: HeatMap, label: str) -> dict[str, Any]:
    disc, gen = found.rates
    cells = {(cell.disc, cell.gen): cell for cell in found.cells}
    rows = [[f"gen.lr {other:g}", *(_cell_text(cells[one, other].score) for one in disc)] for other in reversed(gen)]
    return {"title": f"{name}: {label} by rates", "columns": ["", *(f"disc.lr {one:g}" for one in disc)], "rows": rows}


def _cell_text(score: float | None) -> float | str | None:
    if score is None or math.isnan(score):
        return None
    return "diverged" if math.isinf(score) else score


def _trial_row(one: Scored) -> dict[str, Any]:
    trial = {"arm": one.trial.arm.name, "trial": one.trial.number, **one.trial.values}
    return trial | {"score": one.score, "useful": one.useful, "diverged": one.diverged, "gap": one.gap}


def _run_row(one: Scored, run: RunScore, *, is_fresh: bool) -> dict[str, Any]:
    (planned,) = one.trial.runs([run.seed])
    row = {"run": planned.key, **planned.labels, "fresh": is_fresh, "status": run.status.value}
    return row | {"score": run.score, "first": run.first, "gap": run.gap}


def _write_csv(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """A line for each row; arms of different spaces leave each other's columns empty."""
    text = io.StringIO()
    columns = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(text, columns, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())
