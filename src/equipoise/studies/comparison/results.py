"""A comparison on disk.

analysis.json   everything, for programs, pages and the figure
runs.csv        a line for every planned run, whatever became of it
table.md        the tables as Markdown
table.tex       the tables as LaTeX
"""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from equipoise.core.files import write_json, write_text
from equipoise.studies.comparison.budget import UNITS, cost_at
from equipoise.studies.comparison.comparison import Comparison, Summary
from equipoise.studies.comparison.paired import Paired
from equipoise.studies.comparison.played import Played
from equipoise.studies.comparison.scores import SCORES, WORDS, ScoreName, Scores
from equipoise.studies.comparison.spending import spent_table
from equipoise.studies.comparison.words import decision, sentences
from equipoise.studies.folder import Standing
from equipoise.studies.interval import Interval
from equipoise.studies.plan import PlannedRun
from equipoise.studies.tables import Cell, Table, cell_text
from equipoise.studies.words import interval_words

ANALYSIS, RUNS, MARKDOWN, LATEX = "analysis.json", "runs.csv", "table.md", "table.tex"
FIGURE = "comparison.png"


def results_of(
    found: Comparison, played: Sequence[Played], distance: str, num_planned: int, remarks: Sequence[str] = ()
) -> dict[str, Any]:
    """Everything as plain values; what is infinite becomes null on disk.

    Args:
        found: the comparison.
        played: the runs it is made of.
        distance: its name, such as FD.
        num_planned: runs of the plan.
        remarks: sentences on how the runs were played.
    """
    names = " and ".join(arm.name for arm in found.arms) if len(found.arms) == 2 else f"{len(found.arms)} arms"
    return {
        "kind": "compare",
        "title": f"Which is better at {found.budget}: {names}?",
        "sentences": [*sentences(found, distance), *remarks],
        "tables": [table.as_json() for table in tables_of(found, played, distance)],
        "figures": [
            {
                "file": FIGURE,
                "alternative": f"{distance} of every arm against {found.budget.unit}, median and bands over seeds, and "
                f"the differences of every pair, seed by seed.",
            }
        ],
        "distance": distance,
        "by": found.by,
        "budget": asdict(found.budget),
        "asked": asdict(found.asked),
        "target": found.target,
        "num_planned": num_planned,
        "num_finished": len(played),
        "arms": [asdict(arm) for arm in found.arms],
        "pairs": {score: [_pair(pair) for pair in pairs] for score, pairs in found.pairs.items()},
        "bands": {name: asdict(band) for name, band in found.bands.items()},
        "runs": [_run(one) for one in found.scores],
    }


def write_results(
    folder: Path,
    results: dict[str, Any],
    found: Comparison,
    plan: Sequence[PlannedRun],
    standings: Mapping[str, Standing],
    played: Sequence[Played],
) -> None:
    """Write the four files into the study's ``folder``."""
    write_json(folder / ANALYSIS, results)
    write_text(folder / RUNS, _csv(found, plan, standings, played))
    tables = [Table(**table) for table in results["tables"]]
    write_text(folder / MARKDOWN, "\n\n".join(table.as_markdown() for table in tables) + "\n")
    write_text(folder / LATEX, "\n\n".join(table.as_latex() for table in tables) + "\n")


def tables_of(found: Comparison, played: Sequence[Played], distance: str) -> list[Table]:
    """The arms, the pairs by every score (the verdict's first), and what was spent."""
    others = [score for score in SCORES if score != found.by]
    pairs = [_pairs_table(found, score, distance) for score in (found.by, *others)]
    return [_arms_table(found, distance), *pairs, spent_table([arm.name for arm in found.arms], played)]


def _arms_table(found: Comparison, distance: str) -> Table:
    unit = found.budget.unit
    summed = "95 %" if found.is_mean else "median, 95 %"
    columns = ["arm", "runs", "diverged", *(f"{WORDS[score]} {distance} ({summed})" for score in SCORES)]
    columns += [] if found.target is None else ["met", f"{unit} to {found.target:.3g}"]
    return Table(f"Arms at {found.budget}", columns, [_arm_row(arm) for arm in found.arms])


def _arm_row(arm: Summary) -> list[Cell]:
    row: list[Cell] = [arm.name, arm.num_runs, arm.num_diverged, *(with_ends(arm.scores[score]) for score in SCORES)]
    if arm.to_target is not None:
        never = math.isinf(arm.to_target)
        row += [f"{arm.num_met}/{arm.num_runs}", "never" if never else round(arm.to_target, 1)]
    return row


def _pairs_table(found: Comparison, score: ScoreName, distance: str) -> Table:
    columns = ["first", "second", "first - second (95 %)", "seeds", "p", "p (Holm)", "seeds for 80 %"]
    rows: list[list[Cell]] = [
        [
            pair.first,
            pair.second,
            with_ends(pair.difference) + ("" if pair.is_mean else ", median"),
            len(pair.seeds),
            pair.p,
            pair.adjusted_p,
            _needed(pair),
        ]
        for pair in found.pairs[score]
    ]
    return Table(f"Paired differences in {WORDS[score]} {distance}", columns, rows)


def _needed(pair: Paired) -> Cell:
    if pair.seeds_needed is not None:
        return pair.seeds_needed
    return "> 1,000" if pair.is_mean and pair.p is not None else None


def _pair(pair: Paired) -> dict[str, Any]:
    return {**asdict(pair), "decision": decision(pair)}


def _run(scores: Scores) -> dict[str, Any]:
    met = scores.target.met if scores.target else None
    return {
        "arm": scores.run.arm,
        "seed": scores.run.seed,
        "diverged": scores.run.diverged,
        **{name: getattr(scores, name) for name in SCORES},
        "met": met,
        "to_target": scores.target.steps if scores.target and met else None,
        "costs": list(scores.run.costs),
        "values": list(scores.run.values),
    }


def _csv(
    found: Comparison, plan: Sequence[PlannedRun], standings: Mapping[str, Standing], played: Sequence[Played]
) -> str:
    ended = {
        (one.trajectory.arm, one.trajectory.seed): (one, scores)
        for one, scores in zip(played, found.scores, strict=True)
    }
    rows = [_csv_row(run, standings[run.key], ended.get((str(run.labels["arm"]), run.settings.seed))) for run in plan]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _csv_row(run: PlannedRun, standing: Standing, ended: tuple[Played, Scores] | None) -> dict[str, Any]:
    one, scores = ended or (None, None)
    row: dict[str, Any] = {"run": run.key, **run.labels, "status": standing.status.value, "sentence": standing.sentence}
    for name in SCORES:
        row[name] = getattr(scores, name) if scores else ""
    reach = scores.target if scores else None
    row["to_target"] = reach.steps if reach and reach.met else ""
    last = one.evaluations[-1] if one and one.evaluations else {}
    return row | {unit: cost_at(last, unit) if last else "" for unit in UNITS}


def with_ends(interval: Interval) -> str:
    """A number and the ends of its interval, as far as it has any."""
    ends = interval_words(interval)
    return cell_text(interval.value) + (f" ({ends})" if ends else "")
