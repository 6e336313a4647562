"""What the losses of a run stand beside: the ideal of the game, and the V* that a gap-aware rate was told to follow.

They are one unless V* was set by hand. What a loss means is read from the ideal alone: a coin does not know of V*.
"""

import numpy as np

from equipoise.reports.pages.records import RunRecords


def ideal_of(run: RunRecords, player: str) -> float | None:
    """A player's loss where its game is at balance; None where there is none.

    Records that do not tell it apart from V* give V*.
    """
    told = run.metric(f"{player}_ideal")
    finite = told[np.isfinite(told)]
    return float(finite[-1]) if len(finite) else goal_of(run, player)


def goal_of(run: RunRecords, player: str) -> float | None:
    """V*, from which the recorded gaps are taken; None where there are none."""
    goals = run.metric(f"{player}_loss") - run.metric(f"{player}_gap")
    finite = goals[np.isfinite(goals)]
    return float(np.median(finite)) if len(finite) else None


def is_tuned(run: RunRecords, player: str) -> bool:
    """Whether V* is another number than the ideal."""
    ideal, goal = ideal_of(run, player), goal_of(run, player)
    return ideal is not None and goal is not None and not np.isclose(ideal, goal, rtol=1e-4, atol=1e-6)
