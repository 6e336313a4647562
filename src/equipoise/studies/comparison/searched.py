"""What tuning an arm found: its best configuration, how many runs went wrong, and what the gap had to say.

A run has *collapsed* that ended, and all the same is no better than before its first round, or finds fewer than half of
the classes or modes that it once found.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import stats

from equipoise.core.judges import distance_of
from equipoise.studies.comparison.paired import FEWEST
from equipoise.studies.comparison.played import Played
from equipoise.studies.comparison.scores import score
from equipoise.studies.comparison.significance import sign_flip_p
from equipoise.studies.folder import Record
from equipoise.studies.interval import Interval
from equipoise.studies.tables import Cell, Table
from equipoise.studies.tuning.budget import budget_ratio, mean_best

_LATE = 0.9
_LEAST = 1e-12  # a distance of 0 has no logarithm
_COUNTED = ("classes", "modes")


@dataclass(frozen=True)
class Tried:
    """One configuration over the search's seeds.

    Attributes:
        label: what tells it from the others of its arm.
        finals: final distances, infinite where the run diverged.
        num_diverged: runs.
        num_collapsed: runs that did not diverge.
        gap: mean over seeds of the discriminator's |loss - ideal| in the last tenth; None where none is known.
        first: median distance before the first round.
    """

    label: str
    finals: tuple[float, ...]
    num_diverged: int
    num_collapsed: int
    gap: float | None
    first: float = math.inf

    @property
    def median(self) -> float:
        """Of the finals."""
        return statistics.median(self.finals)

    @property
    def useful(self) -> float:
        """What the configuration is worth to a search: no less than an untrained generator, which anyone has."""
        return min(self.median, self.first)


@dataclass(frozen=True)
class Searched:
    """One arm over all of its configurations.

    Attributes:
        arm: its name.
        tried: every configuration.
        spearman: rank correlation of gap and final distance over the configurations that have a gap, those of which
            half of the runs diverged last; None where fewer than three have one. A run that diverged before its last
            tenth has none, so that this is of survivors: `num_with_gap` says of how many.
    """

    arm: str
    tried: tuple[Tried, ...]
    spearman: float | None

    @property
    def best(self) -> str:
        """Label of the configuration of the least median final distance; the first of several."""
        return min(self.tried, key=lambda one: one.median).label

    @property
    def num_with_gap(self) -> int:
        """Configurations of which some run came to its last tenth, and so has a gap."""
        return sum(one.gap is not None for one in self.tried)

    @property
    def num_runs(self) -> int:
        """Runs of the search."""
        return sum(len(one.finals) for one in self.tried)

    def mean_best(self, number: int) -> float:
        """Final distance that a search of so many of the configurations, drawn at random, finds on average."""
        return float(mean_best([one.useful for one in self.tried])[number - 1])


def searched(arm: str, runs: Sequence[Played], budget: float) -> Searched:
    """What the ``runs`` of one arm found; their labels say ``candidate``."""
    by_label: dict[str, list[Played]] = {}
    for one in runs:
        by_label.setdefault(str(one.run.labels["candidate"]), []).append(one)
    tried = tuple(_tried(label, group, budget) for label, group in by_label.items())
    return Searched(arm, tried, gap_correlation(tried))


def gap_correlation(tried: Sequence[Tried]) -> float | None:
    """Spearman's rank correlation of gap and median final distance over configurations.

    >>> made = [Tried(str(gap), (fd,), 0, 0, gap) for gap, fd in ((0.1, 2.0), (0.3, 5.0), (0.9, float("inf")))]
    >>> round(gap_correlation(made), 3)
    1.0
    """
    known = [(one.gap, one.median) for one in tried if one.gap is not None]
    gaps, finals = [gap for gap, _ in known], [final for _, final in known]
    if len(set(gaps)) < FEWEST or len(set(finals)) < 2:
        return None
    # Of ranks, because a final distance may be infinite.
    return float(stats.pearsonr(stats.rankdata(gaps), stats.rankdata(finals)).statistic)


def collapsed(evaluations: Sequence[Record]) -> bool:
    """Whether a run that ended is no better than at its start, or lost half of its classes or modes.

    >>> start, end = {"values": {"fd": 90.0, "classes": 2}}, {"values": {"fd": 30.0, "classes": 4}}
    >>> collapsed([start, {"values": {"fd": 20.0, "classes": 9}}, end]), collapsed([start, end])
    (True, False)
    """
    if len(evaluations) < 2:
        return False
    if not distance_of(evaluations[-1]) < distance_of(evaluations[0]):
        return True
    for name in _COUNTED:
        counts = [record["values"][name] for record in evaluations if record["values"].get(name) is not None]
        if counts and counts[-1] < max(counts) / 2:
            return True
    return False


def late_gap(metrics: Sequence[Record], num_steps: int) -> float | None:
    """Mean |disc_gap| over the last tenth of a run of ``num_steps``; None where there is none.

    >>> late_gap([{"step": 50, "disc_gap": 9.0}, {"step": 95, "disc_gap": -1.0}, {"step": 100, "disc_gap": 2.0}], 100)
    1.5
    """
    late = [
        abs(record["disc_gap"])
        for record in metrics
        if record["step"] > _LATE * num_steps and record.get("disc_gap") is not None
    ]
    return statistics.fmean(late) if late else None


def searches_table(found: Sequence[Searched], distance: str) -> Table:
    """A line for each arm; the least number of configurations of any arm is the budget at which searches are equal."""
    equal = min(len(one.tried) for one in found)
    columns = ["arm", "configurations", "runs", "diverged", "collapsed", "best", f"its median {distance}"]
    columns += [
        f"mean best of {equal}",
        f"median {distance} of all",
        "median gap",
        "with a gap",
        f"Spearman of gap and {distance}",
    ]
    return Table("Tuning, on seeds of its own", columns, [_row(one, equal) for one in found])


def candidates_table(found: Sequence[Searched], distance: str) -> Table:
    """A line for each configuration of each arm."""
    rows: list[list[Cell]] = [
        [one.arm, tried.label, tried.median, tried.num_diverged, tried.num_collapsed, tried.gap]
        for one in found
        for tried in one.tried
    ]
    columns = ["arm", "configuration", f"median {distance}", "diverged", "collapsed", "gap"]
    return Table("Every configuration of the search", columns, rows)


@dataclass(frozen=True)
class Together:
    """Two arms that tried the same configurations.

    Attributes:
        number: of configurations.
        num_lower: in which the first arm has the lower median.
        p: two-sided, of the sign-flip test over the logarithms of the ratios, or of signed ranks where a run diverged.
        needed: trials that the first arm needs for what half of the trials give the second on average, as a share of
            these; infinite where all of its trials do not get there.
    """

    number: int
    num_lower: int
    p: float
    needed: Interval


def by_configuration(one: Searched, other: Searched, *, drawn: bool = True) -> Together | None:
    """Two arms configuration by configuration; None unless they tried the same ones, three or more.

    Args:
        one: the first arm.
        other: the second.
        drawn: whether the configurations are independent draws, over which the share that is needed has an interval.
    """
    others = {tried.label: tried for tried in other.tried}
    if len(one.tried) < FEWEST or others.keys() != {tried.label for tried in one.tried}:
        return None
    pairs = [(tried, others[tried.label]) for tried in one.tried]
    medians = [(first.median, second.median) for first, second in pairs]
    ratios = [0.0 if a == b else math.log(max(a, _LEAST)) - math.log(max(b, _LEAST)) for a, b in medians]
    useful = [first.useful for first, _ in pairs], [second.useful for _, second in pairs]
    needed = budget_ratio(*useful, num_trials=len(pairs) // 2, intervals=drawn).ratio
    return Together(len(pairs), sum(ratio < 0 for ratio in ratios), sign_flip_p(ratios), needed)


def _tried(label: str, runs: Sequence[Played], budget: float) -> Tried:
    lost = [one.trajectory.is_lost(budget) for one in runs]
    gaps = [late_gap(one.metrics, one.run.settings.training.steps) for one in runs]
    known = [gap for gap in gaps if gap is not None]
    return Tried(
        label,
        tuple(score(one.trajectory, budget).final for one in runs),
        sum(lost),
        sum(collapsed(one.evaluations) for one, is_lost in zip(runs, lost, strict=True) if not is_lost),
        statistics.fmean(known) if known else None,
        statistics.median(float(one.trajectory.values[0]) if one.evaluations else math.inf for one in runs),
    )


def _row(one: Searched, equal: int) -> list[Cell]:
    gaps = [tried.gap for tried in one.tried if tried.gap is not None]
    best = min(one.tried, key=lambda tried: tried.median)
    return [
        one.arm,
        len(one.tried),
        one.num_runs,
        sum(tried.num_diverged for tried in one.tried),
        sum(tried.num_collapsed for tried in one.tried),
        best.label,
        best.median,
        one.mean_best(equal),
        statistics.median(tried.median for tried in one.tried),
        statistics.median(gaps) if gaps else None,
        one.num_with_gap,
        one.spearman,
    ]
