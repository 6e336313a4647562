"""The finished runs of a comparison, read from its folder."""

from collections.abc import Sequence
from dataclasses import dataclass

from equipoise.studies.comparison.budget import Unit
from equipoise.studies.comparison.trajectory import Trajectory, trajectory
from equipoise.studies.folder import Record, Standing, Status, StopRule, StudyFolder
from equipoise.studies.measured import finished_runs
from equipoise.studies.plan import PlannedRun


@dataclass(frozen=True)
class Played:
    """A finished run.

    Attributes:
        run: what was planned.
        standing: how it ended.
        evaluations: its lines of ``evaluations.jsonl``.
        metrics: its lines of ``metrics.jsonl``.
        trajectory: what the analysis takes of it.
    """

    run: PlannedRun
    standing: Standing
    evaluations: list[Record]
    metrics: list[Record]
    trajectory: Trajectory


def played_runs(folder: StudyFolder, plan: Sequence[PlannedRun], rule: StopRule, unit: Unit) -> list[Played]:
    """Those runs of ``plan`` that are finished, in its order.

    Args:
        folder: of the study.
        plan: runs whose labels say ``arm`` and ``seed``.
        rule: of the study.
        unit: in which costs are counted.

    Raises:
        UserError: the records of a run do not say what was spent in ``unit``.
    """
    found = []
    for run, standing, evaluations, metrics in finished_runs(folder, plan, rule):
        lost, arm, seed = standing.status is Status.DIVERGED, str(run.labels["arm"]), int(run.labels["seed"])
        path_of_run = trajectory(arm, seed, evaluations, unit, diverged=lost)
        found.append(Played(run, standing, evaluations, metrics, path_of_run))
    return found
