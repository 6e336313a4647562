"""The batch-size study from its folder to its answers: the target, the runs, the analysis, the files.

Who plays the runs and who shows them is handed in, so that the command line and a notebook run the same study.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from equipoise.core.errors import RunFailedError, UserError
from equipoise.studies.batch_size.plan import BatchSizePlan, TargetAnswer, TargetMet, answer, target_of_pilot
from equipoise.studies.batch_size.results import as_json, write_results
from equipoise.studies.cost import cost
from equipoise.studies.engine import Play, Standings
from equipoise.studies.folder import StudyFolder, ToTheEnd
from equipoise.studies.measured import Measured, measured_runs


@dataclass(frozen=True)
class BatchSizeAnswers:
    """What a study found.

    Attributes:
        results: as in ``analysis.json``.
        standings: how every run stands, by key.
        num_left: planned runs that have not ended.
        refusals: why a target has no answer, a sentence each.
    """

    results: dict[str, Any]
    standings: Standings
    num_left: int
    refusals: list[str]


@dataclass(frozen=True)
class BatchSizeStudy:
    """One study.

    Attributes:
        plan: its runs.
        targets: distances to meet, or None for what the pilot run reaches.
        threads: CPU threads of a run.
    """

    plan: BatchSizePlan
    targets: tuple[float, ...] | None
    threads: int = 1

    def check(self) -> None:
        """Refuse what cannot work before a folder is made: a size above the data set, a target met at step 0.

        Raises:
            UserError: so it is.
        """
        largest = max(self.plan.runs(), key=lambda run: run.labels["batch_size"])
        first = cost(largest, self.threads).first_distance
        for target in self.targets or ():
            if first is not None and first <= target:
                raise UserError(
                    f"The target {target:g} is already met at step 0, where the distance is {first:.4g}; choose a "
                    f"smaller one."
                )

    def run(self, path: Path, play: Play, say: Callable[[str], None] = print) -> BatchSizeAnswers:
        """Play what is missing in the folder ``path``, analyse all, and write ``analysis.json`` and ``runs.csv``.

        Args:
            path: made where there is none.
            play: plays the runs.
            say: told the target that the pilot run gave.

        Raises:
            UserError: the folder holds another study, or no target was met.
            RunFailedError: no run has ended.
        """
        folder = StudyFolder.open(path, self.plan.identity)
        targets = self.targets or (self._target(folder, play, say),)
        runs, rule = self.plan.runs(), TargetMet(min(targets))
        standings = play(folder, rule, runs)
        measured = measured_runs(folder, runs, rule)
        if not measured:
            raise RunFailedError(f"No run has ended yet; the same command goes on with '{path}'.")
        answers, refusals = _answers(targets, measured)
        results = as_json(answers, len(runs), len(measured), self.plan.rates)
        write_results(path, results, runs, standings, measured, answers)
        return BatchSizeAnswers(results, standings, len(runs) - len(measured), refusals)

    def _target(self, folder: StudyFolder, play: Play, say: Callable[[str], None]) -> float:
        """The pilot run's target; the same for as long as the folder exists, because the run is kept."""
        pilot, rule = self.plan.pilot(), ToTheEnd()
        standing = play(folder, rule, [pilot])[pilot.key]
        ended = measured_runs(folder, [pilot], rule)
        if not ended:
            raise RunFailedError(f"The pilot run has not ended ({standing.status}: {standing.sentence}); start again.")
        target = target_of_pilot(ended[0].curve)
        say(f"Target {target:g}: what batch size {pilot.labels['batch_size']} reached in a quarter of its steps.")
        return target


def _answers(targets: Sequence[float], measured: Sequence[Measured]) -> tuple[list[TargetAnswer], list[str]]:
    """The analysis of every target that was met, and why others have none; raised where there is no answer at all."""
    answers, refusals = [], []
    for target in targets:
        try:
            answers.append(answer(target, measured))
        except UserError as error:
            refusals.append(error)
    if not answers:
        raise refusals[0]
    return answers, [str(refusal) for refusal in refusals]
