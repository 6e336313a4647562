"""Every decay of the registry, and the gap-aware factor in every shape, goes through the suite; planted bugs do not."""

import math
from functools import partial

import pytest

from equipoise.config import ScheduleSettings
from equipoise.games import OBJECTIVES
from equipoise.schedules import DECAYS, INTERPOLATIONS, GapAware, GapCurve, build_decay, build_gap_aware, conformance

IDEALS = {name: objective.ideal_disc_loss for name, objective in OBJECTIVES.items()} | {"negative": -100.0}


@pytest.mark.parametrize("check", conformance.DECAY.values(), ids=conformance.DECAY)
@pytest.mark.parametrize("name", DECAYS)
def test_decays(name, check):
    check(lambda num_steps: build_decay(ScheduleSettings(decay=name), num_steps))


@pytest.mark.parametrize("check", conformance.DECAY.values(), ids=conformance.DECAY)
@pytest.mark.parametrize("name", ["linear", "cosine", "exponential"])
def test_decays_that_grow(name, check):
    check(lambda num_steps: build_decay(ScheduleSettings(decay=name, final=3.0), num_steps))


@pytest.mark.parametrize("check", conformance.GAP.values(), ids=conformance.GAP)
@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@pytest.mark.parametrize("ideal", IDEALS.values(), ids=IDEALS)
def test_gap_aware_factors(ideal, interpolation, check):
    check(partial(GapAware, ideal, GapCurve.around(ideal, interpolation=interpolation)))


@pytest.mark.parametrize("check", conformance.GAP.values(), ids=conformance.GAP)
def test_gap_aware_factors_of_other_shapes(check):
    check(partial(GapAware, 1.0, GapCurve(above=0.3, below=0.02, max_factor=10.0, min_factor=0.5)))
    check(partial(GapAware, 1.0, GapCurve(above=0.3, below=0.02, max_factor=1.0, min_factor=1.0)))


def test_interpolations_of_the_settings_are_those_of_the_curve():
    for name in INTERPOLATIONS:
        assert build_gap_aware(ScheduleSettings(gap=name), 1.0, "disc").curve.interpolation == name


class Compounding(GapAware):
    """Multiplies what it multiplied before, as a third-party port does."""

    @property
    def factor(self):
        self.product = getattr(self, "product", 1.0) * super().factor
        return self.product


class Upside(GapAware):
    """Slows a losing player down."""

    @property
    def factor(self):
        return 1 / super().factor


class Unsaved(GapAware):
    """Forgets the average."""

    def load_state_dict(self, state):
        pass


class Forgetful(GapAware):
    """Starts the average at 0, as an average of losses usually does."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.loss = 0.0


class Poisoned(GapAware):
    """Takes in everything."""

    def observe(self, loss):
        self.loss = self.average * self.loss + (1 - self.average) * float(loss)


@pytest.mark.parametrize(
    ("planted", "found_by"),
    [
        (Compounding, "never_compounds"),
        (Upside, "rises_with_the_loss"),
        (Unsaved, "resumes_as_if_never_stopped"),
        (Forgetful, "is_one_at_the_ideal"),
        (Poisoned, "passes_over_what_is_not_finite"),
        (Poisoned, "comes_one_update_late_or_at_once"),
    ],
)
def test_planted_bugs_are_found(planted, found_by):
    with pytest.raises(AssertionError):
        conformance.GAP[found_by](partial(planted, math.log(4)))


@pytest.mark.parametrize(
    ("planted", "found_by"),
    [
        (lambda num_steps: lambda step: 0.5, "starts_at_one"),
        (lambda num_steps: lambda step: 1 + math.sin(step) / 2, "is_monotone_and_finite"),
        (lambda num_steps: lambda step: 1 - 2 * step / num_steps, "is_monotone_and_finite"),
    ],
)
def test_planted_bugs_in_decays_are_found(planted, found_by):
    with pytest.raises(AssertionError):
        conformance.DECAY[found_by](planted)


def test_a_decay_that_compounds_is_found():
    def make(num_steps):
        state = {"factor": 1.0}

        def decay(step):
            state["factor"] *= 1 - 1e-4
            return state["factor"] if step else 1.0

        return decay

    for name in ("depends_on_the_step_alone", "never_compounds"):
        with pytest.raises(AssertionError):
            conformance.DECAY[name](make)


def test_a_failure_names_its_check():
    with pytest.raises(AssertionError) as caught:
        conformance.check(partial(Upside, 1.0), conformance.GAP)
    assert caught.value.__notes__ == ["in the check 'stays_in_bounds'"]
