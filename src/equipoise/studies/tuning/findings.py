"""What a search has found, as data: budget curves, their ratios, the best on fresh seeds; no words, no files."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from scipy.stats import spearmanr

from equipoise.studies.interval import Interval, MedianInterval, median_interval
from equipoise.studies.tuning.budget import BudgetCurve, BudgetRatio, budget_curve, budget_ratio, running_best
from equipoise.studies.tuning.heat_map import HeatMap
from equipoise.studies.tuning.other_study import OtherStudy
from equipoise.studies.tuning.plan import ADAPTIVE, TunePlan
from equipoise.studies.tuning.scores import RunScore, Scored

_FEWEST, _FEWEST_RANKED = 2, 5


@dataclass(frozen=True)
class Finalist:
    """A configuration that the search has chosen, on seeds that no trial has seen.

    Attributes:
        name: what it is the best of: an arm, or a part of one.
        searched: its trial; the score there is that of the luckiest of many, and too good.
        fresh: its runs on fresh seeds, as far as they have ended.
    """

    name: str
    searched: Scored
    fresh: tuple[RunScore, ...]

    @property
    def median(self) -> MedianInterval | None:
        """Over the fresh seeds, diverged runs included."""
        return median_interval([run.score for run in self.fresh]) if self.fresh else None


@dataclass(frozen=True)
class RatioOfArms:
    """How many of its trials one arm needs for what another has from some of its own.

    Attributes:
        arm: which needs them.
        other: which has given what is to be reached.
        ratio: the finding.
    """

    arm: str
    other: str
    ratio: BudgetRatio


@dataclass(frozen=True)
class RankCorrelation:
    """Spearman's, which an infinite score (the worst rank) does not upset.

    Attributes:
        rho: in [-1, 1].
        p_value: that ranks without any relation were correlated as much.
        num_trials: that it is made of.
    """

    rho: float
    p_value: float
    num_trials: int


@dataclass(frozen=True)
class Findings:
    """All of a search.

    Attributes:
        plan: that was played.
        scored: trials that have ended.
        finalists: none where the search was called back before its end.
        maps: over both learning rates, by arm.
        against: another search.
    """

    plan: TunePlan
    scored: tuple[Scored, ...]
    finalists: tuple[Finalist, ...]
    maps: Mapping[str, HeatMap]
    against: OtherStudy | None = None

    @property
    def judge(self) -> str:
        """Name of the value that distances are (see `core.judges`)."""
        return self.scored[0].runs[0].judge

    def of(self, arm: str) -> list[Scored]:
        """The trials of one arm, by number."""
        return sorted((one for one in self.scored if one.trial.arm.name == arm), key=lambda one: one.trial.number)

    @property
    def worth(self) -> dict[str, dict[int, float]]:
        """What each trial is worth to a search, by number, of every arm; those of the other study bear its name too.

        Without those that are worth nothing finite: not even their untrained generator could be measured.
        """
        mine = {
            arm.name: {one.trial.number: one.useful for one in self.of(arm.name) if math.isfinite(one.useful)}
            for arm in self.plan.arms
        }
        theirs = self.against.worth if self.against else {}
        name = self.against.name if self.against else ""
        return mine | {f"{arm} ({name})": worth for arm, worth in theirs.items()}

    @property
    def _samplers(self) -> set[str]:
        return {self.plan.sampler} | ({self.against.sampler} if self.against else set())

    @property
    def _independent(self) -> bool:
        """Whether trials are independent draws, over which there are intervals; points of a grid are not.

        Nor those of a search that gives runs up, by what its first trials gave.
        """
        return self._samplers == {"random"} and not self._prunes

    @property
    def _prunes(self) -> bool:
        """Whether runs of either search were given up."""
        return self.plan.prune or (self.against is not None and self.against.prune)

    @property
    def curves(self) -> dict[str, BudgetCurve]:
        """The budget curve of every arm with a trial."""
        found = {arm: list(worth.values()) for arm, worth in self.worth.items() if worth}
        if self._samplers & ADAPTIVE:
            return {arm: running_best(worth) for arm, worth in found.items()}
        return {arm: budget_curve(worth, intervals=self._independent) for arm, worth in found.items()}

    @property
    def ratios(self) -> list[RatioOfArms]:
        """Of every ordered pair of arms, at a quarter and at half of the trials that both have ended.

        None where trials follow from one another: one search says nothing of what another would have cost. Nor where
        runs were given up, whose worth is not known.
        """
        found, worth = [], {} if self._samplers & ADAPTIVE or self._prunes else self.worth
        for arm, other in ((arm, other) for arm in worth for other in worth if arm != other):
            common = sorted(worth[arm].keys() & worth[other].keys())
            if len(common) < _FEWEST:
                continue
            mine, theirs = ([worth[name][number] for number in common] for name in (arm, other))
            budgets = sorted({max(1, len(common) // 4), len(common) // 2})
            for budget in budgets:
                ratio = budget_ratio(mine, theirs, budget, intervals=self._independent)
                found.append(RatioOfArms(arm, other, ratio))
        return found

    @property
    def gap_correlations(self) -> dict[str, RankCorrelation]:
        """Of the discriminator's gap and the score, over all trials of an arm where there is a gap."""
        found = {}
        for arm in self.plan.arms:
            mine = [one for one in self.of(arm.name) if not math.isnan(one.gap)]
            gaps, scores = [one.gap for one in mine], [one.score for one in mine]
            if len(mine) >= _FEWEST_RANKED and len(set(gaps)) > 1 and len(set(scores)) > 1:
                result = spearmanr(gaps, scores)
                found[arm.name] = RankCorrelation(float(result.statistic), float(result.pvalue), len(mine))
        return found

    def differences(self) -> list[tuple[str, str, MedianInterval]]:
        """Second minus first finalist on each fresh seed: the median, of every pair; two diverged runs are equal."""
        found = []
        for place, one in enumerate(self.finalists):
            for other in self.finalists[place + 1 :]:
                mine, theirs = ({run.seed: run.score for run in each.fresh} for each in (one, other))
                pairs = [(mine[seed], theirs[seed]) for seed in mine if seed in theirs]
                if pairs:
                    gaps = [0.0 if first == second else second - first for first, second in pairs]
                    found.append((one.name, other.name, median_interval(gaps)))
        return found


def ends_of(interval: Interval) -> list[float | None]:
    """Value, low and high as the cells of a table."""
    return [interval.value, interval.low, interval.high]
