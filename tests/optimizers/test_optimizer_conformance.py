"""Every optimiser of the registry goes through the suite of torch's contract, and every rule through that of CG."""

import importlib
import inspect
from functools import partial

import pytest

from equipoise.optimizers import OPTIMIZERS, ConjugateGradient, conformance


def factory(name):
    """The class behind a name with the arguments that the name stands for, without the fused kernels.

    torch's fused kernels on the CPU ignore memory layouts; `equipoise.training.player` answers for that.
    """
    named = OPTIMIZERS[name]
    module, _, class_name = named.path.rpartition(".")
    return partial(getattr(importlib.import_module(module), class_name), **named.arguments)


@pytest.mark.parametrize("check", conformance.CONTRACT.values(), ids=conformance.CONTRACT)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_contract(name, check):
    check(factory(name))


@pytest.mark.parametrize("scope", ["player", "tensor"])
@pytest.mark.parametrize("check", conformance.CONTRACT.values(), ids=conformance.CONTRACT)
def test_the_contract_with_every_option_on(check, scope):
    if scope == "tensor" and check.__name__ == "ignores_how_parameters_are_split":
        pytest.skip("one beta a tensor depends on the tensors, by definition")
    options = {"cap": 0.4, "cap_power": 0.25, "floor": -0.3, "scale": 0.75, "mu": 1.0, "restart": True}
    check(partial(ConjugateGradient, beta="hz", scope=scope, weight_decay=0.1, **options))


@pytest.mark.parametrize("check", conformance.CONJUGACY.values(), ids=conformance.CONJUGACY)
def test_conjugate_gradients(check):
    check(ConjugateGradient)


def test_a_failure_names_its_check():
    class Idle(ConjugateGradient):
        def step(self, closure=None):
            return None

    with pytest.raises(AssertionError) as caught:
        conformance.check(Idle, {"zero": conformance.CONJUGACY["zero_beta_is_sgd"]})
    assert caught.value.__notes__ == ["in the check 'zero'"]


def test_the_names_cover_every_rule():
    rules = {named.arguments["beta"] for named in OPTIMIZERS.values() if named.path.endswith("ConjugateGradient")}
    assert rules == {"fr", "prp", "hs", "dy", "hz", "hs-dy", "fr-prp"}


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        # papers.md 0.5: the settings of Sato & Iiduka's DCGAN and WGAN-GP.
        ("adabelief", {"eps": 1e-16, "rectify": True, "weight_decouple": True, "weight_decay": 0.0}),
        ("rmsprop", {"alpha": 0.99, "eps": 1e-8, "momentum": 0, "centered": False, "weight_decay": 0}),
        ("amsgrad", {"amsgrad": True, "weight_decay": 0}),
        ("adam", {"amsgrad": False, "eps": 1e-8, "weight_decay": 0}),
        ("momentum", {"momentum": 0.9, "dampening": 0, "nesterov": False, "weight_decay": 0}),
        ("sgd", {"momentum": 0, "weight_decay": 0}),
    ],
)
def test_names_stand_for_the_settings_of_the_papers(name, settings):
    made = factory(name)(conformance.parameters(), lr=1e-3)
    in_force = made.param_groups[0]
    assert {key: in_force[key] for key in settings} == settings


def test_the_suite_needs_no_test_framework():
    for check in (*conformance.CONTRACT.values(), *conformance.CONJUGACY.values()):
        assert "pytest" not in inspect.getsource(inspect.getmodule(check))
