"""What a schedule has to do to be trusted, as checks that anyone can run on any schedule.

A check takes a factory and raises AssertionError where the schedule fails; it needs no test framework. `DECAY` holds
the checks of a decay, a function of the step; `GAP` those of a gap-aware factor, which follows a loss. In a test suite:

    from equipoise.schedules import conformance

    @pytest.mark.parametrize("check", conformance.GAP.values(), ids=conformance.GAP)
    def test_mine(check):
        check(MyGapAware)           # called as MyGapAware(average=..., late=...)

>>> import math
>>> from functools import partial
>>> from equipoise.schedules import GapAware, conformance
>>> conformance.check(lambda num_steps: lambda step: 1 / (1 + step), conformance.DECAY)
>>> conformance.check(partial(GapAware, ideal_loss=math.log(4)), conformance.GAP)
"""

from collections.abc import Callable, Mapping
from typing import Any

from equipoise.core.conformance import run_checks
from equipoise.schedules.conformance.decay import DECAY
from equipoise.schedules.conformance.gap import GAP

__all__ = ["DECAY", "GAP", "check"]


def check(make: Any, checks: Mapping[str, Callable[[Any], None]]) -> None:
    """Run all ``checks``; the first that fails raises AssertionError with its name noted."""
    run_checks(make, checks)
