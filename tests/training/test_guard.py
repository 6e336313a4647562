"""The guard's rules on numbers alone; whole runs that diverge are in tests/faults."""

import math

import pytest

from equipoise.config import GuardSettings, RunSettings
from equipoise.config.files import merged
from equipoise.training.guarding.guard import Guard
from equipoise.training.runs import new_guard
from equipoise.training.session import Session


def found(name, values, **settings):
    """At which of the evaluations a blow-up is found."""
    guard = Guard(GuardSettings(**settings), None)
    return [place for place, value in enumerate(values) if guard.after_evaluation({name: value, "distinct": 1.0})]


@pytest.mark.parametrize(
    ("values", "places"),
    [
        ([0.9, 0.4, 0.1, 0.63, 0.63, 0.63], []),  # 1 - 0.9 / 2.5 = 0.64
        ([0.9, 0.4, 0.1, 0.65, 0.65, 0.65], [4]),
        ([0.9, 0.1, 0.65, 0.2, 0.65, 0.2], []),  # not in a row
        ([0.6, 0.5, 0.99, 1.0], [3]),
        ([0.95, 1.0, 1.0, 1.0], []),  # less than blow_up_floor above the best: nothing was lost
        ([0.3, math.nan, math.nan], [2]),
    ],
)
def test_a_divergence_of_text_blows_up_although_it_is_at_most_1(values, places):
    assert found("jsd4", values) == places


def test_the_rule_of_text_follows_its_settings():
    assert found("jsd4", [0.5, 0.7, 0.7], blow_up_factor=1.5) == [2]  # 1 - 0.5 / 1.5 = 0.67
    assert found("jsd4", [0.5, 0.7, 0.7], blow_up_factor=1.5, blow_up_floor=0.3) == []


def test_distances_without_bound_are_judged_by_their_ratio():
    assert found("fd", [10.0, 2.0, 4.9, 4.9]) == []
    assert found("fd", [10.0, 2.0, 5.1, 5.1]) == [3]


def test_a_record_without_a_known_value_is_no_trouble():
    assert found("accuracy", [0.1, 0.9, math.nan]) == []


@pytest.mark.parametrize(("schedule", "is_found"), [({}, False), ({"gap": "linear", "ideal_loss": 5.0}, True)])
def test_the_discriminator_wins_by_the_ideal_value_that_was_tuned(schedule, is_found):
    changes = {
        "threads": 1,
        "data": {"source": "ring"},
        "network": {"architecture": "mlp", "width": 4},
        "disc": {"schedule": schedule},
        "guard": {"disc_wins_after": 2},
    }
    guard = new_guard(Session(RunSettings.model_validate(merged(RunSettings().model_dump(), changes))))
    seen = [guard.after_log(0.4, gradient) for gradient in (1.0, 1e-9, 1e-9)]
    assert bool(seen[-1]) is is_found  # 0.4 is below a tenth of 5, but not of the game's 1.39


def test_an_ideal_value_below_0_gives_no_scale():
    guard = Guard(GuardSettings(disc_wins_after=1), -5.0)
    assert not [finding for gradient in (1.0, 1e-9) for finding in guard.after_log(-9.0, gradient)]
