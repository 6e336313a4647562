"""What an optimiser has to do to be trusted, as checks that anyone can run on any optimiser.

A check takes a factory and raises AssertionError where the optimiser fails; it needs no test framework. `CONTRACT`
holds the checks of torch's contract, for optimisers of every kind; `CONJUGACY` those that pin the iterates of a
conjugate gradient method, rule by rule. In a test suite:

    from equipoise.optimizers import conformance

    @pytest.mark.parametrize("check", conformance.CONTRACT.values(), ids=conformance.CONTRACT)
    def test_mine(check):
        check(MyOptimizer)          # called as MyOptimizer(params, lr=...)

>>> import torch
>>> from equipoise.optimizers import ConjugateGradient, conformance
>>> conformance.check(torch.optim.SGD, conformance.CONTRACT)
>>> conformance.check(ConjugateGradient, conformance.CONTRACT | conformance.CONJUGACY)
"""

from collections.abc import Mapping
from types import MappingProxyType

from equipoise.core.conformance import run_checks
from equipoise.optimizers.conformance.conjugacy import CONJUGACY
from equipoise.optimizers.conformance.contract import CONTRACT as _CONTRACT
from equipoise.optimizers.conformance.memory import MEMORY
from equipoise.optimizers.conformance.playing import Check, Factory, parameters, play

CONTRACT: Mapping[str, Check] = MappingProxyType(_CONTRACT | MEMORY)
__all__ = ["CONJUGACY", "CONTRACT", "Check", "Factory", "check", "parameters", "play"]


def check(make: Factory, checks: Mapping[str, Check]) -> None:
    """Run all ``checks``; the first that fails raises AssertionError with its name noted."""
    run_checks(make, checks)
