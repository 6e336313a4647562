"""All that is said of several arms at one budget: each arm by itself, and each pair seed by seed.

A pure function of runs; nothing is played, read or written. Holm's correction is over the pairs of one score: the score
that the verdict goes by is chosen before the runs are looked at, the others stand beside it.
"""

import itertools
import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from equipoise.core.errors import UserError
from equipoise.studies.comparison.budget import Budget
from equipoise.studies.comparison.paired import Paired, infinite_interval, mean_interval, paired
from equipoise.studies.comparison.scores import SCORES, ScoreName, Scores, score, target_of
from equipoise.studies.comparison.significance import holm
from equipoise.studies.comparison.trajectory import Trajectory, shared_budget
from equipoise.studies.interval import Interval

Array = NDArray[np.float64]
Pair = tuple[str, str]
_NUM_DRAWN = 101


@dataclass(frozen=True)
class Summary:
    """One arm.

    Attributes:
        name: of the arm.
        num_runs: runs that ended, diverged ones among them.
        num_diverged: of these, within the budget.
        scores: by name, the mean over seeds with its 95 % interval; the median where a run of any arm diverged.
        num_met: runs that met the target.
        to_target: median cost to the target in the budget's unit, runs that never met it counted as taking longer;
            infinite where half of them or more never did. None where there is no target.
    """

    name: str
    num_runs: int
    num_diverged: int
    scores: dict[ScoreName, Interval]
    num_met: int
    to_target: float | None


@dataclass(frozen=True)
class Band:
    """The curves of one arm over its seeds.

    Attributes:
        costs: spent, in the budget's unit.
        median: over seeds; infinite where more than half of the runs have diverged.
        quartiles: first and third.
        ends: least and greatest.
    """

    costs: list[float]
    median: list[float]
    quartiles: tuple[list[float], list[float]]
    ends: tuple[list[float], list[float]]


@dataclass(frozen=True)
class Comparison:
    """What was found.

    Attributes:
        budget: at which the arms are compared; less than was asked for where a run had spent less.
        asked: what was asked for.
        by: the score that the verdict goes by.
        target: the distance whose cost was taken, if any.
        arms: summaries, in the order given.
        pairs: by score, each pair with its difference.
        scores: every run.
        bands: by arm.
    """

    budget: Budget
    asked: Budget
    by: ScoreName
    target: float | None
    arms: list[Summary]
    pairs: dict[ScoreName, list[Paired]]
    scores: list[Scores]
    bands: dict[str, Band]

    @property
    def is_mean(self) -> bool:
        """Whether arms are summed up by means; by medians, all of them, where a run diverged."""
        return not any(arm.num_diverged for arm in self.arms)


def compare(
    runs: Sequence[Trajectory],
    asked: Budget,
    *,
    by: ScoreName = "final",
    target: float | None = None,
    pairs: Sequence[Pair] | None = None,
) -> Comparison:
    """Compare arms.

    Args:
        runs: of all arms, in the order in which arms are to be named.
        asked: the budget.
        by: the score that the verdict goes by.
        target: a distance to reach; None takes one from the runs.
        pairs: to compare; None for all.

    Raises:
        UserError: no budget is left that all runs have spent, or the target is met at the start.
    """
    spent = shared_budget(runs, asked.amount)
    if spent <= 0:
        raise UserError(f"No run has spent anything of {asked} at an evaluation; give a larger --budget.")
    if target is None:
        target = target_of([score(run, spent) for run in runs])
    else:
        _refuse_met(runs, target)
    scores = [score(run, spent, target) for run in runs]
    names = list(dict.fromkeys(run.arm for run in runs))
    chosen = list(itertools.combinations(names, 2)) if pairs is None else list(pairs)
    by_arm = {name: [one for one in scores if one.run.arm == name] for name in names}
    middle = infinite_interval if any(run.is_lost(spent) for run in runs) else mean_interval
    return Comparison(
        Budget(asked.unit, spent),
        asked,
        by,
        target,
        [_summary(name, by_arm[name], spent, middle) for name in names],
        {name: _pairs(by_arm, chosen, name, spent) for name in SCORES},
        scores,
        {name: band([one.run for one in by_arm[name]], spent) for name in names},
    )


def band(runs: Sequence[Trajectory], budget: float) -> Band:
    """Median, quartiles and ends of the curves of ``runs`` from 0 to ``budget``."""
    costs = np.linspace(0.0, budget, _NUM_DRAWN)
    curves = np.stack([run.at(costs) for run in runs])
    low, quarter, median, three, high = (_quantile(curves, level).tolist() for level in (0.0, 0.25, 0.5, 0.75, 1.0))
    return Band(costs.tolist(), median, (quarter, three), (low, high))


def _quantile(curves: Array, level: float) -> Array:
    """The quantile of ``curves`` (runs, costs) at each cost, of values that may be infinite."""
    ordered, place = np.sort(curves, axis=0), level * (len(curves) - 1)
    below, above = ordered[math.floor(place)], ordered[math.ceil(place)]
    share = place - math.floor(place)
    found: Array = np.where(np.isfinite(above) | (share == 0), below, math.inf)
    known = np.isfinite(below) & np.isfinite(above)
    found[known] += share * (above[known] - below[known])
    return found


def _ranked(one: Scores, name: ScoreName, budget: float) -> float:
    """A score as arms are compared by it: infinite where the run diverged, its best too, whatever that had been."""
    return math.inf if one.run.is_lost(budget) else float(getattr(one, name))


def _summary(
    name: str, scores: Sequence[Scores], budget: float, middle: Callable[[Sequence[float]], Interval]
) -> Summary:
    values = {each: [_ranked(one, each, budget) for one in scores] for each in SCORES}
    reaches = [one.target for one in scores if one.target]
    to_target = statistics.median(one.steps if one.met else math.inf for one in reaches) if reaches else None
    return Summary(
        name,
        len(scores),
        sum(one.run.is_lost(budget) for one in scores),
        {each: middle(values[each]) for each in SCORES},
        sum(one.met for one in reaches),
        to_target,
    )


def _pairs(arms: dict[str, list[Scores]], chosen: Sequence[Pair], name: ScoreName, budget: float) -> list[Paired]:
    by_seed = {arm: {one.run.seed: _ranked(one, name, budget) for one in scores} for arm, scores in arms.items()}
    found = [
        paired((first, by_seed[first]), (second, by_seed[second]), len(chosen))
        for first, second in chosen
        if by_seed[first].keys() & by_seed[second].keys()
    ]
    tested = [one for one in found if one.p is not None]
    adjusted = dict(zip(map(id, tested), holm([one.p for one in tested if one.p is not None]), strict=True))
    return [replace(one, adjusted_p=adjusted.get(id(one))) for one in found]


def _refuse_met(runs: Sequence[Trajectory], target: float) -> None:
    first = min((run.values[0] for run in runs if len(run.values)), default=math.inf)
    if first <= target:
        raise UserError(
            f"The target {target:g} is met at the first evaluation already, where the distance is {first:.4g}; choose "
            f"a smaller one."
        )
