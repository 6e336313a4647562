"""From the measurements of a run to the steps it took to a target.

A run is measured now and then, so that the step at which it met a target is known to lie between two evaluations. In
between the value is taken to move geometrically (linearly where it is not positive), and half the distance between the
two evaluations stays as an error of the answer. A run that never arrives is *censored*: all that is known is that it
takes longer than it was given. It is kept as such and never dropped; Shallue et al. 2019 and Sato & Iiduka 2023 take
the first evaluation at or below the target and leave out runs that do not arrive.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from equipoise.core.errors import UserError


@dataclass(frozen=True)
class Curve:
    """What one run measured.

    Attributes:
        batch_size: real examples per update.
        seed: of the run (or the number of a trial).
        steps: steps of the evaluations, ascending.
        values: measured there; smaller is better; NaN where the measurement was not finite.
        budget: steps the run was allowed.
        images: real examples the discriminator had seen at each evaluation.
        seconds: wall-clock time of the run at each evaluation, evaluations included.
    """

    batch_size: int
    seed: int
    steps: Sequence[float]
    values: Sequence[float]
    budget: float
    images: Sequence[float] = ()
    seconds: Sequence[float] = ()


@dataclass(frozen=True)
class Reach:
    """When a run met the target, or how long it is known not to have met it.

    Attributes:
        batch_size: real examples per update.
        seed: of the run.
        steps: rounds to the target, interpolated; where it was not met, the budget.
        met: whether it was met.
        half_width: half the distance between the two evaluations that enclose the answer, in steps.
        images: real examples the discriminator saw until then; NaN where it is not known.
        seconds: wall-clock time until then; NaN where it is not known.
        shrinkage: first value divided by the target; NaN where it is not known.
    """

    batch_size: int
    seed: int
    steps: float
    met: bool = True
    half_width: float = 0.0
    images: float = math.nan
    seconds: float = math.nan
    shrinkage: float = math.nan

    @property
    def sfo(self) -> float:
        """Gradient cost: steps x batch size, the paper's stochastic first-order oracle complexity."""
        return self.steps * self.batch_size


def reach(curve: Curve, target: float) -> Reach:
    """When ``curve`` first met ``target``.

    A run that ended early without meeting it (it diverged) counts as not having met it within its budget.

    Raises:
        UserError: the first evaluation is at or below the target already, so that there is nothing to reach.

    >>> reach(Curve(8, 0, steps=[0, 100, 200], values=[16.0, 4.0, 1.0], budget=200), target=2.0).steps
    150.0
    """
    shrinkage = curve.values[0] / target if curve.values else math.nan
    met = [position for position, value in enumerate(curve.values) if value <= target]
    if not met:
        return Reach(curve.batch_size, curve.seed, curve.budget, met=False, shrinkage=shrinkage)
    if met[0] == 0:
        raise UserError(
            f"The target {target:g} is already met at step {curve.steps[0]:g} (batch size {curve.batch_size}, seed "
            f"{curve.seed}: {curve.values[0]:.4g}); choose a smaller one."
        )
    after, before = met[0], met[0] - 1
    fraction = _fraction(curve.values[before], curve.values[after], target)
    width = curve.steps[after] - curve.steps[before]
    return Reach(
        curve.batch_size,
        curve.seed,
        _between(curve.steps, before, fraction),
        half_width=width / 2,
        images=_between(curve.images, before, fraction),
        seconds=_between(curve.seconds, before, fraction),
        shrinkage=shrinkage,
    )


def reaches(curves: Iterable[Curve], target: float) -> list[Reach]:
    """`reach` of every curve, by batch size and seed."""
    return sorted((reach(curve, target) for curve in curves), key=lambda found: (found.batch_size, found.seed))


def both(disc: Sequence[Reach], gen: Sequence[Reach]) -> list[Reach]:
    """When both players have met their own targets: the later of the two, N(b) = max(N_D(b), N_G(b)).

    Args:
        disc: of the discriminator's criterion, one for each batch size and seed.
        gen: of the generator's, of the same runs.
    """
    partners = {(one.batch_size, one.seed): one for one in gen}
    pairs = [(one, partners[one.batch_size, one.seed]) for one in disc]
    joined = [max(pair, key=lambda one: (not one.met, one.steps)) for pair in pairs]
    return [replace(late, met=one.met and other.met) for late, (one, other) in zip(joined, pairs, strict=True)]


def fewest(found: Iterable[Reach]) -> list[Reach]:
    """The run of each batch size that arrived first, as where rates are tuned anew for every batch size."""
    best: dict[int, Reach] = {}
    for one in found:
        rival = best.get(one.batch_size)
        if rival is None or (not one.met, one.steps) < (not rival.met, rival.steps):
            best[one.batch_size] = one
    return [best[size] for size in sorted(best)]


def _fraction(before: float, after: float, target: float) -> float:
    """Where between two values the target lies, 0 to 1; 1 (the later evaluation) after a value that is not finite."""
    if not math.isfinite(before):
        return 1.0
    if after > 0:
        before, after, target = math.log(before), math.log(after), math.log(target)
    return (before - target) / (before - after)


def _between(column: Sequence[float], before: int, fraction: float) -> float:
    if not column:
        return math.nan
    return column[before] + fraction * (column[before + 1] - column[before])
