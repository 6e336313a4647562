"""What a run reached within the budget: best, final, mean on the way, and what it spent to the target.

Less is better. A run that diverged within the budget is infinitely bad at its end and on the way; its best is what it
had reached before, which is kept in the records and which no arm is compared by: it would hide that the run diverged.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from scipy.integrate import trapezoid

from equipoise.studies.comparison.trajectory import Trajectory
from equipoise.studies.reaches import Curve, Reach, reach

ScoreName = Literal["final", "best", "area"]
SCORES: tuple[ScoreName, ...] = get_args(ScoreName)
WORDS: dict[ScoreName, str] = {"final": "final", "best": "best", "area": "mean on the way"}


@dataclass(frozen=True)
class Scores:
    """Of one run.

    Attributes:
        run: the run.
        final: its distance when the budget was spent; infinite if it diverged.
        best: the least distance until then; infinite if there is none.
        area: the area under its curve from 0 to the budget, divided by the budget: the mean distance on the way;
            infinite if it diverged.
        target: when it met the target, or None where no target is known. Its ``steps`` are in the budget's unit.
    """

    run: Trajectory
    final: float
    best: float
    area: float
    target: Reach | None = None


def score(run: Trajectory, budget: float, target: float | None = None) -> Scores:
    """The scores of ``run`` at ``budget``.

    >>> found = score(Trajectory("a", 0, [0, 10, 20], [8.0, 2.0, 4.0]), budget=20.0)
    >>> found.final, found.best, found.area
    (4.0, 2.0, 4.0)
    """
    within = [(cost, value) for cost, value in zip(run.costs, run.values, strict=True) if cost <= budget]
    final = float(run.at([budget])[0])
    best = min([value for _, value in within if math.isfinite(value)] + [final])
    grid = np.unique([0.0, *(cost for cost, _ in within), budget])
    curve = run.at(grid)
    area = float(trapezoid(curve, grid) / budget) if np.isfinite(curve).all() else math.inf
    return Scores(run, final, best, area, None if target is None else _to_target(run, budget, target))


def _to_target(run: Trajectory, budget: float, target: float) -> Reach:
    within = [(cost, value) for cost, value in zip(run.costs, run.values, strict=True) if cost < budget]
    within.append((budget, float(run.at([budget])[0])))
    costs, values = zip(*within, strict=True)
    return reach(Curve(0, run.seed, costs, values, budget), target)


def target_of(scores: Sequence[Scores]) -> float | None:
    """A target for arms that were given none: what half of the runs of the arm that does worst came down to.

    So every arm meets it by about half of its runs or more, and none is chosen for. None where half of the runs of an
    arm never improved on their start.
    """
    arms: dict[str, list[float]] = {}
    for one in scores:
        arms.setdefault(one.run.arm, []).append(one.best)
    worst = max(sorted(bests)[len(bests) // 2] for bests in arms.values())
    firsts = [one.run.values[0] for one in scores if len(one.run.values)]
    return worst if math.isfinite(worst) and firsts and worst < min(firsts) else None
