"""What a study will cost, from a few timed rounds of each arm."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from equipoise.core.judges import distance_of
from equipoise.studies.plan import PlannedRun
from equipoise.training.measuring.evaluator import build_evaluator
from equipoise.training.session import Session

_NUM_WARM, _SECONDS = 3, 0.5


@dataclass(frozen=True)
class Cost:
    """Of one run, had it to play all of its steps.

    Attributes:
        run: which.
        round_seconds: of a round.
        evaluation_seconds: of an evaluation; 0 where there is none.
        first_distance: measured before the first round, or None.
    """

    run: PlannedRun
    round_seconds: float
    evaluation_seconds: float
    first_distance: float | None

    @property
    def seconds(self) -> float:
        """Upper end of the run's time: all steps and all evaluations."""
        settings = self.run.settings
        num_evaluations = settings.training.steps / settings.evaluation.every + 1
        return settings.training.steps * self.round_seconds + num_evaluations * self.evaluation_seconds


def cost(run: PlannedRun, threads: int = 1) -> Cost:
    """Time a few rounds of ``run`` in memory; nothing is written.

    Raises:
        UserError: the run's settings do not fit the data or the machine.
    """
    session = Session(run.settings.model_copy(update={"threads": threads}))
    evaluator = build_evaluator(session.settings, session.device, session.board.source, session.board.to_measure)
    started, distance = time.perf_counter(), None
    if evaluator:
        distance = distance_of(evaluator.evaluate(session.subject))
    evaluation_seconds = time.perf_counter() - started if evaluator else 0.0
    for _ in range(_NUM_WARM):
        session.play_round()
    return Cost(run, _round_seconds(session), evaluation_seconds, distance)


def _round_seconds(session: Session) -> float:
    started, num_rounds = time.perf_counter(), 0
    while time.perf_counter() - started < _SECONDS:
        session.play_round()
        num_rounds += 1
    session.meter.total().item()  # reads the device, so that queued work is counted
    return (time.perf_counter() - started) / num_rounds


def one_of_each_arm(runs: Sequence[PlannedRun]) -> list[PlannedRun]:
    """The first run of each arm, which differ in more than the seed."""
    arms = {tuple((name, value) for name, value in run.labels.items() if name != "seed"): run for run in reversed(runs)}
    return list(reversed(arms.values()))
