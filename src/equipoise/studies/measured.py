"""What a study reads back of its finished runs: pure data for the analyses."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from equipoise.config import RunSettings
from equipoise.core.files import read_json_lines
from equipoise.core.judges import distance_of, judge_of
from equipoise.studies.folder import FINISHED, Record, Standing, StopRule, StudyFolder
from equipoise.studies.plan import PlannedRun
from equipoise.studies.reaches import Curve
from equipoise.training.run_folder import EVALUATIONS, METRICS


@dataclass(frozen=True)
class Measured:
    """A finished run as the analysis takes it.

    Attributes:
        run: what was planned.
        standing: how it ended.
        curve: its distances.
        metrics: its lines of ``metrics.jsonl``.
        judge: name of the value that its distances are (see `core.judges`).
    """

    run: PlannedRun
    standing: Standing
    curve: Curve
    metrics: list[Record]
    judge: str = "fd"


def finished_runs(
    folder: StudyFolder, plan: Sequence[PlannedRun], rule: StopRule
) -> Iterator[tuple[PlannedRun, Standing, list[Record], list[Record]]]:
    """Those runs of ``plan`` that are finished, in its order: how they ended, their evaluations and their metrics."""
    for run in plan:
        standing = folder.standing(run, rule)
        if standing.status in FINISHED:
            path = folder.run_path(run)
            yield run, standing, read_json_lines(path / EVALUATIONS), read_json_lines(path / METRICS)


def measured_runs(folder: StudyFolder, plan: Sequence[PlannedRun], rule: StopRule) -> list[Measured]:
    """The runs of ``plan`` that are finished, with their records."""
    return [
        Measured(run, standing, curve_of(run.settings, evaluations), metrics, next(map(judge_of, evaluations), "fd"))
        for run, standing, evaluations, metrics in finished_runs(folder, plan, rule)
    ]


def curve_of(settings: RunSettings, evaluations: Sequence[Record]) -> Curve:
    """The distances of a run."""
    columns = {name: [record[name] for record in evaluations] for name in ("step", "images", "seconds")}
    return Curve(
        settings.training.batch_size,
        settings.seed,
        columns["step"],
        [distance_of(record) for record in evaluations],
        settings.training.steps,
        columns["images"],
        columns["seconds"],
    )
