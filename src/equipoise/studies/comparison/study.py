"""A comparison from its folder to its answers: the runs, the analysis, the files.

Who plays the runs and who shows them is handed in, as in `equipoise.studies.batch_size.study`.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from equipoise.core.errors import RunFailedError, UserError
from equipoise.core.judges import JUDGES, judge_of
from equipoise.studies.comparison.arms import Arm, check_arms, protocol_of
from equipoise.studies.comparison.budget import Budget, Spent
from equipoise.studies.comparison.comparison import Comparison, Pair, compare
from equipoise.studies.comparison.played import Played, played_runs
from equipoise.studies.comparison.results import results_of, write_results
from equipoise.studies.comparison.scores import ScoreName
from equipoise.studies.comparison.spending import unequal_spending
from equipoise.studies.engine import Play, Standings
from equipoise.studies.environments import environment_words
from equipoise.studies.folder import StopRule, StudyFolder, ToTheEnd
from equipoise.studies.plan import PlannedRun, distinct
from equipoise.studies.playable import require_playable


@dataclass(frozen=True)
class CompareAnswers:
    """What a comparison found.

    Attributes:
        comparison: the analysis.
        results: as in ``analysis.json``.
        played: the finished runs.
        standings: how every run stands, by key.
        num_left: planned runs that have not ended.
        remarks: sentences on how the runs were played: what they spent besides the budget, by which versions.
    """

    comparison: Comparison
    results: dict[str, Any]
    played: list[Played]
    standings: Standings
    num_left: int
    remarks: list[str]


@dataclass(frozen=True)
class CompareStudy:
    """One comparison.

    Attributes:
        arms: two or more.
        budget: of every run.
        num_seeds: runs of each arm, from its own seed on.
        by: the score that the verdict goes by.
        target: a distance whose cost is taken; None takes one from the runs.
        pairs: names of the arms to compare, two by two; None for all.

    Raises:
        UserError: there is no seed, or the target is no distance.
    """

    arms: tuple[Arm, ...]
    budget: Budget
    num_seeds: int = 5
    by: ScoreName = "final"
    target: float | None = None
    pairs: tuple[Pair, ...] | None = None

    def __post_init__(self) -> None:
        if self.num_seeds < 1:
            raise UserError(f"--seeds was given as {self.num_seeds}, but must be at least 1.")
        if self.target is not None and not 0 < self.target < math.inf:
            raise UserError(f"--target was given as {self.target:g}, but has to be a distance above 0.")

    @property
    def identity(self) -> dict[str, Any]:
        """What makes two studies the same one: data, evaluation and budget; arms and seeds may be added."""
        return {"kind": "compare", "budget": asdict(self.budget), **protocol_of(self.arms[0].settings)}

    @property
    def rule(self) -> StopRule:
        """When a run has shown enough."""
        return Spent(self.budget) if self.budget.unit == "seconds" else ToTheEnd()

    @cached_property
    def runs(self) -> list[PlannedRun]:
        """All runs, seed by seed, so that the first seed of every arm is there early."""
        arms = [(arm.name, self.budget.given_to(arm.settings)) for arm in self.arms]
        first = self.arms[0].settings.seed
        return [
            PlannedRun(settings.model_copy(update={"seed": seed}), {"arm": name, "seed": seed})
            for seed in range(first, first + self.num_seeds)
            for name, settings in arms
        ]

    def run(self, path: Path, play: Play) -> CompareAnswers:
        """Play what is missing in the folder ``path``, analyse all, and write the files of `results`.

        Args:
            path: made where there is none.
            play: plays the runs.

        Raises:
            UserError: the arms cannot be compared or built, or the folder holds another study, all before it is made;
                or runs were measured in different ways.
            RunFailedError: an arm has no run that ended.
        """
        check_arms(self.arms)
        require_playable(path, self.runs)
        answers = self.run_in(StudyFolder.open(path, self.identity), play)
        write_results(path, answers.results, answers.comparison, self.runs, answers.standings, answers.played)
        return answers

    def run_in(self, folder: StudyFolder, play: Play, others: Sequence[PlannedRun] = ()) -> CompareAnswers:
        """The same in a folder that may hold more than this comparison, which nothing is written into but runs.

        Args:
            folder: of the study.
            play: plays the runs.
            others: by which the arms were chosen, and which should have been played alike.
        """
        standings = play(folder, self.rule, distinct(self.runs))
        played = played_runs(folder, self.runs, self.rule, self.budget.unit)
        _require_ended(played, self.arms, folder.path)
        _require_same_protocol(played)
        found = compare(
            [one.trajectory for one in played], self.budget, by=self.by, target=self.target, pairs=self.pairs
        )
        distance = JUDGES[next((judge_of(record) for one in played for record in one.evaluations), "fd")]
        remarks = unequal_spending(self.budget, [arm.name for arm in self.arms], played)
        remarks += environment_words(folder, [*others, *self.runs], timed=self.budget.unit == "seconds")
        results = results_of(found, played, distance, len(self.runs), remarks)
        return CompareAnswers(found, results, played, standings, len(self.runs) - len(played), remarks)


def _require_ended(played: Sequence[Played], arms: Sequence[Arm], path: Path) -> None:
    ended = {one.trajectory.arm for one in played}
    missing = [arm.name for arm in arms if arm.name not in ended]
    if missing:
        raise RunFailedError(f"No run of {missing[0]!r} has ended yet; the same command goes on with '{path}'.")


def _require_same_protocol(played: Sequence[Played]) -> None:
    """Refuse runs whose records say that they were measured in different ways, such as against changed data."""
    first: tuple[str, dict[str, Any]] | None = None
    for one in played:
        for record in one.evaluations:
            if not record["protocol"]:  # nothing finite was there to measure
                continue
            protocol = {**record["protocol"], "seed": None, "judge": judge_of(record)}
            first = first or (one.run.key, protocol)
            if protocol != first[1]:
                raise UserError(
                    f"Runs {first[0]} and {one.run.key} were measured under different protocols, so that their "
                    f"distances cannot be compared; see their evaluations.jsonl, and choose another --out."
                )
