"""The critical batch size, at which a target costs the fewest gradients: measured, fitted, and how sure that is.

Intervals of what is measured are bootstrapped over seeds: runs are drawn with replacement at each batch size apart.
Seeds share their data order and latents across batch sizes; what is slow about a seed at every size cancels in b*, so
that to draw at each size apart errs, if anything, to the wide side. Intervals of what is fitted come from the
likelihood (see `profile`).
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from equipoise.core.errors import UserError
from equipoise.studies.batch_size.fitting import Fit, fit, lack_of_fit, sizes_of
from equipoise.studies.batch_size.laws import Law, laws
from equipoise.studies.batch_size.profile import critical_batch_interval
from equipoise.studies.interval import Interval
from equipoise.studies.reaches import Reach

CLEAR_DIFFERENCE = 2.0
"""Difference of two Akaike criteria from which one law is said to fit better (Burnham & Anderson 2002)."""


@dataclass(frozen=True)
class SizeSummary:
    """All runs of one batch size; medians, in which a run that never arrives counts as infinite.

    Attributes:
        batch_size: real examples per update.
        num_runs: how many there were.
        num_met: how many met the target.
        steps: rounds to the target.
        sfo: steps x batch size.
        images: real examples seen by the discriminator.
        seconds: wall-clock time.
        least_sfo: what the cost cannot be below: the median with runs that never arrived at what they had spent.
    """

    batch_size: int
    num_runs: int
    num_met: int
    steps: Interval
    sfo: Interval
    images: float
    seconds: float
    least_sfo: float


@dataclass(frozen=True)
class FittedLaw:
    """One law's answer.

    Attributes:
        fit: the law with its parameters.
        critical_batch: b* with its interval.
        lack_of_fit: see `fitting.lack_of_fit`.
    """

    fit: Fit
    critical_batch: Interval
    lack_of_fit: float | None


@dataclass(frozen=True)
class Finding:
    """What the runs say about one target.

    Attributes:
        target: which.
        sizes: a summary for each batch size, ascending.
        measured: batch size of the least median cost, the interval of 95 % of the resamples that have one; None where
            no size has a finite median, because half of the runs or more never met the target.
        laws: by name; empty where the target was met at fewer than three batch sizes, or in the median at fewer than
            two.
        better: name of the law that fits clearly better, or None.
    """

    target: float
    sizes: list[SizeSummary]
    measured: Interval | None
    laws: Mapping[str, FittedLaw]
    better: str | None

    @property
    def at_edge(self) -> str | None:
        """Which end of the sweep the least cost lies at ("smallest", "largest"), so that b* may lie beyond; or None."""
        if self.measured is None:
            return None
        ends = {self.sizes[0].batch_size: "smallest", self.sizes[-1].batch_size: "largest"}
        return ends.get(int(self.measured.value))

    @property
    def given_up(self) -> list[int]:
        """Batch sizes whose runs ended, without arriving, at a cost below the least one, which may be theirs."""
        finite = [one.sfo.value for one in self.sizes if math.isfinite(one.sfo.value)]
        late = [one for one in self.sizes if not math.isfinite(one.sfo.value)]
        return [one.batch_size for one in late if finite and one.least_sfo < min(finite)]


def analyse(target: float, found: Sequence[Reach], num_resamples: int = 400, seed: int = 0) -> Finding:
    """Everything about one target.

    Args:
        target: the distance to be met; noted, not read.
        found: every run, censored ones included.
        num_resamples: of the bootstrap.
        seed: of the bootstrap.

    Raises:
        UserError: there are fewer than two batch sizes, or no run met the target.
    """
    sizes = sizes_of(found)
    if len(sizes) < 2:
        raise UserError(f"One batch size ({sizes[0] if sizes else 'none'}) has no minimum; give two sizes at least.")
    if not any(one.met for one in found):
        longest = max(one.steps for one in found)
        raise UserError(
            f"No run met the target {target:g} within {longest:,.0f} steps; choose a larger target or more --max-steps."
        )
    resamples = _resamples(found, num_resamples, np.random.default_rng(seed))
    summaries = [_summary([one for one in found if one.batch_size == size], resamples) for size in sizes]
    fitted = {law.name: _fitted(law, found) for law in laws(found)} if _enough(found) else {}
    return Finding(target, summaries, _measured(found, resamples), fitted, _better(fitted))


def _enough(found: Sequence[Reach]) -> bool:
    num_met = len({one.batch_size for one in found if one.met})
    return num_met >= 3 and sum(map(math.isfinite, _medians(found).values())) >= 2


def _resamples(found: Sequence[Reach], number: int, generator: np.random.Generator) -> list[list[Reach]]:
    """Bootstrap samples; none where every batch size has but one run."""
    groups = [[one for one in found if one.batch_size == size] for size in sizes_of(found)]
    if all(len(group) == 1 for group in groups):
        return []
    draws = (
        [group[pick] for group in groups for pick in generator.integers(len(group), size=len(group))]
        for _ in range(number)
    )
    return list(draws)


def _summary(runs: Sequence[Reach], resamples: Sequence[Sequence[Reach]]) -> SizeSummary:
    size = runs[0].batch_size
    medians = [_median_steps([one for one in sample if one.batch_size == size]) for sample in resamples]
    steps = _percentiles(_median_steps(runs), medians if len(runs) > 1 else [])
    return SizeSummary(
        size,
        len(runs),
        sum(one.met for one in runs),
        steps,
        steps.times(size),
        statistics.median([one.images if one.met else math.inf for one in runs]),
        statistics.median([one.seconds if one.met else math.inf for one in runs]),
        statistics.median([one.sfo for one in runs]),
    )


def _measured(found: Sequence[Reach], resamples: Sequence[Sequence[Reach]]) -> Interval | None:
    value = _cheapest(found)
    if value is None:
        return None
    return _percentiles(value, [size for sample in resamples if (size := _cheapest(sample)) is not None])


def _cheapest(found: Sequence[Reach]) -> float | None:
    """The batch size of the least median cost, or None where every median is infinite."""
    costs = {size: size * steps for size, steps in _medians(found).items() if math.isfinite(steps)}
    return float(min(costs, key=costs.__getitem__)) if costs else None


def _medians(found: Sequence[Reach]) -> dict[int, float]:
    return {size: _median_steps([one for one in found if one.batch_size == size]) for size in sizes_of(found)}


def _fitted(law: Law, found: Sequence[Reach]) -> FittedLaw:
    fitted = fit(law, found)
    return FittedLaw(fitted, critical_batch_interval(fitted, found), lack_of_fit(fitted, found))


def _percentiles(value: float, resampled: Sequence[float]) -> Interval:
    if not resampled:
        return Interval(value)
    # Order statistics, because a median may be infinite and must not be averaged.
    low, high = np.quantile(resampled, [0.025, 0.975], method="nearest")
    return Interval(value, float(low), float(high))


def _median_steps(runs: Sequence[Reach]) -> float:
    return statistics.median([one.steps if one.met else math.inf for one in runs])


def _better(fitted: Mapping[str, FittedLaw]) -> str | None:
    if len(fitted) < 2:
        return None
    (best, first), (_, second) = sorted(
        ((name, law.fit.aicc) for name, law in fitted.items()), key=lambda pair: pair[1]
    )
    return best if second - first > CLEAR_DIFFERENCE else None
