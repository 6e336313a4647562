"""Checks of gap-aware factors: numbers that follow a loss and its distance to an ideal value.

A factory is called as ``make()``, ``make(average=...)`` and ``make(late=...)`` and returns a fresh schedule with the
attributes and methods of `equipoise.schedules.GapAware`. With average 0 the factor is a function of the newest loss.
"""

import copy
import json
import math
import random
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

import torch

from equipoise.schedules.gap_aware import GapAware

Factory = Callable[..., GapAware]
NUM_STEPS = 10_000
TINY = 1e-9


def stays_in_bounds(make: Factory) -> None:
    """Whatever the loss, the factor lies between the smallest and the largest one."""
    gap = make(average=0.0)
    for loss in losses_around(gap, 1e300):
        assert gap.curve.min_factor <= factor_at(gap, loss) <= gap.curve.max_factor


def rises_with_the_loss(make: Factory) -> None:
    """A larger loss never gives a smaller factor, and between the thresholds gives a larger one."""
    gap = make(average=0.0)
    losses = sorted(losses_around(gap, 3.0))
    factors = [factor_at(gap, loss) for loss in losses]
    assert factors == sorted(factors)
    for width, other in ((gap.curve.above, gap.curve.max_factor), (-gap.curve.below, gap.curve.min_factor)):
        inside = [factor_at(gap, gap.ideal_loss + part / 8 * width) for part in range(9)]
        assert other == 1 or len(set(inside)) == len(inside)


def is_one_at_the_ideal(make: Factory) -> None:
    """At the ideal value, and before any loss was seen, the base rate itself is in force."""
    assert make().factor == make(average=0.0).factor == 1.0
    gap = make(average=0.0)
    assert factor_at(gap, gap.ideal_loss + gap.curve.above) == gap.curve.max_factor
    assert factor_at(gap, gap.ideal_loss) == 1.0


def is_continuous_at_the_ideal(make: Factory) -> None:
    """A loss that is hardly off the ideal moves the factor hardly off 1, on either side."""
    gap = make(average=0.0)
    for width in (gap.curve.above, -gap.curve.below):
        for part in (1e-3, 1e-6, 1e-9):
            assert abs(factor_at(gap, gap.ideal_loss + part * width) - 1) <= 20 * part + 1e-12


def saturates_at_the_thresholds(make: Factory) -> None:
    """The bounds are reached at the thresholds, not before and not after."""
    gap = make(average=0.0)
    for width, bound in ((gap.curve.above, gap.curve.max_factor), (-gap.curve.below, gap.curve.min_factor)):
        for reach in (1 + TINY, 1.5, 100.0):
            assert math.isclose(factor_at(gap, gap.ideal_loss + reach * width), bound, rel_tol=TINY)
        assert bound == 1 or abs(factor_at(gap, gap.ideal_loss + 0.9 * width) - bound) > 1e-3 * bound


def follows_a_moving_average(make: Factory) -> None:
    """The loss that counts is a + (1 - a)(...) from the ideal value on, against its closed form."""
    gap, shift = make(average=0.9), 0.25
    for _ in range(12):
        gap.observe(gap.ideal_loss + shift)
    assert math.isclose(gap.gap, shift * (1 - 0.9**12), rel_tol=1e-9)


def reads_tensors_as_numbers(make: Factory) -> None:
    """Numbers and tensors with a graph, of no dimension or one, give the same factor; no graph is kept."""
    number, flat = make(average=0.5), make(average=0.5)
    value = number.ideal_loss + number.curve.above / 2
    number.observe(value)
    flat.observe(torch.tensor([value], dtype=torch.float64, requires_grad=True) * 1)
    assert number.factor == flat.factor
    assert isinstance(flat.factor, float)


def passes_over_what_is_not_finite(make: Factory) -> None:
    """One overflow does not stay in the average."""
    gap = make(average=0.5)
    gap.observe(gap.ideal_loss + gap.curve.above)
    before = gap.factor
    for loss in (math.nan, math.inf, -math.inf):
        gap.observe(loss)
        assert gap.factor == before


def resumes_as_if_never_stopped(make: Factory) -> None:
    """A schedule put back from its state, which JSON can hold, goes on exactly like the one that never stopped."""
    for late in (False, True):
        whole, draws = make(late=late), list(drawn(50, make()))
        for loss in draws[:25]:
            whole.observe(loss)
        resumed = make(late=late)
        resumed.load_state_dict(json.loads(json.dumps(copy.deepcopy(whole.state_dict()))))
        for loss in draws[25:]:
            assert resumed.factor == whole.factor
            whole.observe(loss)
            resumed.observe(torch.tensor(loss, dtype=torch.float64))
        assert resumed.factor == whole.factor


def comes_one_update_late_or_at_once(make: Factory) -> None:
    """The late path sees what the prompt one sees, one update later and unchanged."""
    prompt, late = make(late=False), make(late=True)
    previous = 1.0
    for loss in drawn(50, prompt):
        prompt.observe(loss)
        late.observe(torch.tensor(loss, dtype=torch.float64))
        assert late.factor == previous
        previous = prompt.factor


def never_compounds(make: Factory) -> None:
    """After 10,000 steps of a losing or a winning player the factor is what it was, and 1 again at the ideal."""
    for side in (-1, 1):
        gap = make(average=0.0)
        loss = gap.ideal_loss + side * 0.01 * (gap.curve.above if side > 0 else gap.curve.below)
        first = factor_at(gap, loss)
        for _ in range(NUM_STEPS):
            gap.observe(loss)
            assert gap.factor == first
        assert factor_at(gap, gap.ideal_loss) == 1.0


def factor_at(gap: GapAware, loss: float) -> float:
    """The factor right after ``loss``."""
    gap.observe(loss)
    return gap.factor


def losses_around(gap: GapAware, reach: float) -> Iterator[float]:
    """Losses on both sides of the ideal: a fine grid, and ``reach`` at the far ends."""
    for number in range(-200, 201):
        yield gap.ideal_loss + number / 100 * (gap.curve.above if number > 0 else gap.curve.below)
    yield from (gap.ideal_loss - reach, gap.ideal_loss + reach)


def drawn(number: int, gap: GapAware) -> Iterator[float]:
    """Seeded losses around the ideal."""
    generator = random.Random(0)
    for _ in range(number):
        yield gap.ideal_loss + 3 * generator.gauss(0, 1) * max(gap.curve.above, gap.curve.below)


GAP: Mapping[str, Callable[[Factory], None]] = MappingProxyType(
    {
        each.__name__: each
        for each in (
            stays_in_bounds,
            rises_with_the_loss,
            is_one_at_the_ideal,
            is_continuous_at_the_ideal,
            saturates_at_the_thresholds,
            follows_a_moving_average,
            reads_tensors_as_numbers,
            passes_over_what_is_not_finite,
            resumes_as_if_never_stopped,
            comes_one_update_late_or_at_once,
            never_compounds,
        )
    }
)
