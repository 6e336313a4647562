"""Which batch size? Steps to a target distance against the batch size, and what it costs (Sato & Iiduka 2023).

The plan holds one recipe at several batch sizes and seeds. Rates stay as they are, as in the paper, or follow the batch
size by a rule, or are tuned anew for each size among multiples. Every run stops shortly after it has met the hardest
target, or at the budget, or diverged; none is pruned, because distances of a GAN rise before they fall.

What runs of one seed share: the networks' first weights at every batch size; the order of a finite data set that is not
mirrored, which is cut into batches of different length (and what is left over at the end of an epoch differs); and on a
CPU the latents, one after the other, as long as batch size x latent dimension is a multiple of 16, the width in which
torch draws normal numbers. Optimisers at one batch size share everything, batch by batch.
"""

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from equipoise.config import RunSettings
from equipoise.core.errors import UserError
from equipoise.core.judges import distance_of
from equipoise.studies.batch_size.critical import Finding, analyse
from equipoise.studies.batch_size.noise_scale import at_target
from equipoise.studies.folder import Record, Standing, Status
from equipoise.studies.interval import Interval
from equipoise.studies.measured import Measured
from equipoise.studies.plan import PlannedRun, content, distinct
from equipoise.studies.reaches import Curve, Reach, reach

Rates = Literal["fixed", "sqrt", "linear", "tuned"]
TUNED_FACTORS = (0.5, 1.0, 2.0)
"""Multiples of the recipe's rates among which the best is taken where rates are tuned for every batch size."""
_POWERS = {"fixed": 0.0, "tuned": 0.0, "sqrt": 0.5, "linear": 1.0}


@dataclass(frozen=True)
class TargetMet:
    """Stop a run once it has met the hardest target, and a few evaluations later.

    Attributes:
        target: the value of the evaluations' judge to be met.
        evaluations_after: how many more evaluations to take then.
    """

    target: float
    evaluations_after: int = 1

    def verdict(self, evaluations: Sequence[Record]) -> Standing | None:
        """COMPLETE from then on; see `folder.StopRule.verdict`."""
        for position, record in enumerate(evaluations):
            if distance_of(record) <= self.target:
                if len(evaluations) - position <= self.evaluations_after:
                    return None
                return Standing(Status.COMPLETE, f"Met {self.target:g} by step {record['step']}.")
        return None


def require_distance(settings: RunSettings) -> None:
    """Nothing, or a `UserError` where ``settings`` measure no distance."""
    if settings.evaluation.features == "none":
        raise UserError(
            f"Recipe {settings.name!r} measures no distance, by which a study judges its runs; choose another recipe, "
            f"or set --evaluation.features."
        )


@dataclass(frozen=True)
class BatchSizePlan:
    """The runs of a study.

    Attributes:
        base: the recipe with all changes; its own batch size is the one its rates belong to.
        sizes: batch sizes.
        num_seeds: seeds, counted from the recipe's.
        rates: fixed; sqrt or linear in the batch size; or tuned.

    Raises:
        UserError: the plan makes no sense.
    """

    base: RunSettings
    sizes: tuple[int, ...]
    num_seeds: int = 5
    rates: Rates = "fixed"

    def __post_init__(self) -> None:
        if len(set(self.sizes)) < 2:
            given = " ".join(map(str, self.sizes)) or "none"
            raise UserError(f"--sizes was given as {given}, but a minimum needs two different batch sizes at least.")
        if min(self.sizes) < 2:
            raise UserError(f"--sizes holds {min(self.sizes)}, but batch sizes begin at 2.")
        if self.num_seeds < 1:
            raise UserError(f"--seeds was given as {self.num_seeds}, but must be at least 1.")
        require_distance(self.base)

    @property
    def identity(self) -> dict[str, Any]:
        """What makes two studies the same: all settings but batch size, seed and rates."""
        settings = content(self.base)
        del settings["seed"], settings["training"]["batch_size"]
        return {"kind": "batch-size", "settings": settings}

    @property
    def factors(self) -> tuple[float, ...]:
        """Multiples of the rates to try at each batch size."""
        return TUNED_FACTORS if self.rates == "tuned" else (1.0,)

    def runs(self) -> list[PlannedRun]:
        """All runs, seed by seed, so that the first seed of every batch size is there early."""
        seeds = range(self.base.seed, self.base.seed + self.num_seeds)
        sizes = sorted(set(self.sizes), reverse=True)  # the longest runs last: those of small batches
        return distinct([self._run(size, seed, factor) for seed in seeds for size in sizes for factor in self.factors])

    def pilot(self) -> PlannedRun:
        """The run that a target is taken from: the middle batch size, first seed."""
        sizes = sorted(set(self.sizes))
        return self._run(sizes[len(sizes) // 2], self.base.seed, 1.0)

    def _run(self, size: int, seed: int, factor: float) -> PlannedRun:
        scale = factor * (size / self.base.training.batch_size) ** _POWERS[self.rates]
        base = self.base
        players = {
            name: player.model_copy(update={"lr": player.lr * scale})
            for name, player in (("disc", base.disc), ("gen", base.gen))
        }
        training = base.training.model_copy(update={"batch_size": size})
        settings = base.model_copy(update={"seed": seed, "training": training, **players})
        return PlannedRun(settings, {"batch_size": size, "seed": seed, "factor": factor})


@dataclass(frozen=True)
class TargetAnswer:
    """Everything about one target.

    Attributes:
        finding: the analysis.
        reaches: the runs it is made of.
        noise_scales: of either player where runs met the target, if the noise was measured.
        judge: name of the value that has to meet the target (see `core.judges`).
    """

    finding: Finding
    reaches: list[Reach]
    noise_scales: dict[str, Interval | None]
    judge: str


def answer(target: float, runs: Sequence[Measured], num_resamples: int = 400) -> TargetAnswer:
    """The analysis of one target; where rates were tuned, of the best multiple at each batch size.

    Raises:
        UserError: the target was met at step 0, or by no run, or there is one batch size alone.
    """
    pairs = [(run, reach(run.curve, target)) for run in runs]
    pairs = _best_factors(pairs)
    pairs.sort(key=lambda pair: (pair[1].batch_size, pair[1].seed))
    found = [one for _, one in pairs]
    finding = analyse(target, found, num_resamples)
    met = [(run.metrics, one.steps) for run, one in pairs if one.met]
    noise = {
        name: at_target([records for records, _ in met], [step for _, step in met], name) for name in ("disc", "gen")
    }
    return TargetAnswer(finding, found, noise, next((run.judge for run in runs if run.curve.values), "fd"))


def target_of_pilot(curve: Curve) -> float:
    """A target that a run of the middle batch size met in a quarter of its budget: its least distance until then.

    Small batches take several times as many steps as the middle one: with four times as many, most still arrive.

    Raises:
        UserError: the pilot diverged, or never came below its first distance.
    """
    early = [value for step, value in zip(curve.steps, curve.values, strict=True) if step <= curve.budget / 4]
    finite = [value for value in early if math.isfinite(value)]
    if len(finite) < 2 or min(finite) >= finite[0]:
        raise UserError(
            "The pilot run did not improve within a quarter of its steps, so that no target can be taken from it; give "
            "--target a number, or change the rates."
        )
    return float(f"{min(finite):.3g}")


def _best_factors(pairs: list[tuple[Measured, Reach]]) -> list[tuple[Measured, Reach]]:
    """The runs of the multiple of the rates with the fewest median steps, batch size by batch size."""
    kept = []
    for size in sorted({one.batch_size for _, one in pairs}):
        groups: dict[Any, list[tuple[Measured, Reach]]] = {}
        for pair in pairs:
            if pair[1].batch_size == size:
                groups.setdefault(pair[0].run.labels["factor"], []).append(pair)
        kept += min(groups.values(), key=_median_rank)
    return kept


def _median_rank(group: Iterable[tuple[Measured, Reach]]) -> tuple[float, list[float]]:
    """The median steps; where those are equal, as where most runs never arrive, the steps of the first to arrive."""
    ordered = sorted(one.steps if one.met else math.inf for _, one in group)
    return statistics.median_high(ordered), ordered
