"""Checks of decays: factors that depend on the number of finished steps alone.

A factory is called as ``make(num_steps)`` and returns a function of the step.
"""

import itertools
import math
import random
from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch import nn

Decay = Callable[[int], float]
Factory = Callable[[int], Decay]
NUM_STEPS = 10_000


def starts_at_one(make: Factory) -> None:
    """At step 0 the base value itself is in force."""
    assert make(NUM_STEPS)(0) == 1.0


def is_monotone_and_finite(make: Factory) -> None:
    """The factor moves one way only, and stays positive until the last step and at least 0 beyond it."""
    decay = make(NUM_STEPS)
    factors = [decay(step) for step in range(2 * NUM_STEPS)]
    pairs = list(itertools.pairwise(factors))
    assert all(later <= earlier for earlier, later in pairs) or all(later >= earlier for earlier, later in pairs)
    assert all(map(math.isfinite, factors))
    assert all(factor > 0 for factor in factors[:NUM_STEPS])
    assert all(factor >= 0 for factor in factors)


def depends_on_the_step_alone(make: Factory) -> None:
    """Asked in another order, again, or by another instance after a resume, a step has the factor that it had."""
    decay, steps = make(NUM_STEPS), list(range(0, 2 * NUM_STEPS, 37))
    expected = [decay(step) for step in steps]
    shuffled = list(zip(steps, expected, strict=True))
    random.Random(0).shuffle(shuffled)
    assert all(decay(step) == factor for step, factor in shuffled)
    resumed = make(NUM_STEPS)
    assert [resumed(step) for step in steps[len(steps) // 2 :]] == expected[len(steps) // 2 :]


def never_compounds(make: Factory) -> None:
    """Driven by torch's LambdaLR, the rate after 10,000 steps is base x factor and nothing more."""
    decay = make(NUM_STEPS)
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(()))], lr=0.1)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, decay)
    optimizer.step()
    for step in range(NUM_STEPS):
        assert optimizer.param_groups[0]["lr"] == 0.1 * decay(step)
        scheduler.step()


DECAY: Mapping[str, Callable[[Factory], None]] = MappingProxyType(
    {
        each.__name__: each
        for each in (starts_at_one, is_monotone_and_finite, depends_on_the_step_alone, never_compounds)
    }
)
