"""From finished runs to the score of a trial: pure functions of records.

A run's score is its last distance (or its least, where that is asked for); a run that diverged, or was given up, is
worth infinity, whatever it had reached before. A trial's score is the median over its seeds, so that one lucky seed
does not win and one unlucky seed does not lose. The last distance is the default because the least one hides what
happens afterwards, and picks the luckiest of many evaluations.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from equipoise.studies.folder import Record, Status
from equipoise.studies.measured import Measured
from equipoise.studies.tuning.plan import ScoreName, Trial


@dataclass(frozen=True)
class RunScore:
    """What one run gave.

    Attributes:
        seed: of the run.
        status: how it ended.
        score: less is better; infinite where it diverged or was given up.
        first: its distance before training; NaN where it was not finite.
        judge: name of the value that its distances are (see `core.judges`).
        gap: how far the discriminator's loss was from its ideal in the end, |mean of the last logging interval - ideal|
            (the optimality gap of Hazimeh & Ponomareva 2023); infinite where it was not finite, NaN without an ideal.
    """

    seed: int
    status: Status
    score: float
    first: float = math.nan
    judge: str = "fd"
    gap: float = math.nan


@dataclass(frozen=True)
class Scored:
    """A trial with its runs, all of which have ended.

    Attributes:
        trial: which.
        runs: a score for each seed.
    """

    trial: Trial
    runs: tuple[RunScore, ...]

    @property
    def score(self) -> float:
        """Median over seeds."""
        return statistics.median(run.score for run in self.runs)

    @property
    def diverged(self) -> float:
        """Share of runs that diverged, in [0, 1]."""
        return sum(run.status is Status.DIVERGED for run in self.runs) / len(self.runs)

    @property
    def gap(self) -> float:
        """Median over seeds; NaN where the game has no ideal loss."""
        return statistics.median(run.gap for run in self.runs)

    @property
    def useful(self) -> float:
        """The score, or the distance of an untrained generator where that is less: what the trial is worth to a search.

        Anyone has an untrained generator, so that no trial is worth less; and means over trials stay finite.
        """
        firsts = [run.first for run in self.runs if math.isfinite(run.first)]
        return min(self.score, statistics.median(firsts)) if firsts else self.score


def run_score(run: Measured, which: ScoreName) -> RunScore:
    """The score of a finished run."""
    values = list(run.curve.values)
    finite = [value for value in values if math.isfinite(value)]
    ended_well = run.standing.status is Status.COMPLETE and bool(values) and math.isfinite(values[-1])
    status = run.standing.status
    if status is Status.COMPLETE and not ended_well:  # the distance itself was not finite at the end
        status = Status.DIVERGED
    score = math.inf
    if ended_well:
        score = values[-1] if which == "final" else min(finite)
    first = values[0] if values else math.nan
    return RunScore(run.run.settings.seed, status, score, first, run.judge, _gap(run.metrics))


def _gap(metrics: Sequence[Record]) -> float:
    """The last gap of the discriminator, unsigned."""
    last = metrics[-1] if metrics else {"disc_loss": math.nan}
    gap = last.get("disc_gap")
    if gap is None:
        return math.inf if last.get("disc_loss") is None else math.nan  # null on disk: not finite, or no ideal
    return abs(float(gap))


def score_trials(
    trials: Sequence[Trial], seeds: Sequence[int], measured: Mapping[str, Measured], which: ScoreName
) -> list[Scored]:
    """The trials all of whose runs have ended, in order.

    Args:
        trials: to look at.
        seeds: of each.
        measured: finished runs by key.
        which: score of a run.
    """
    found = []
    for trial in trials:
        runs = [measured.get(run.key) for run in trial.runs(seeds)]
        ended = [run for run in runs if run is not None]
        if len(ended) == len(runs):
            found.append(Scored(trial, tuple(run_score(run, which) for run in ended)))
    return found


def best_of(scored: Sequence[Scored]) -> Scored | None:
    """The trial of the least finite score; the first of several."""
    finite = [one for one in scored if math.isfinite(one.score)]
    return min(finite, key=lambda one: one.score) if finite else None
