"""Ramps of lambda: their ends, an identity, monotony, and the run's length."""

import math

import pytest

from equipoise.schedules import RAMPS, build_ramp

PARTS = [0.0, 0.01, 0.1, 0.5, 0.9, 1.0]


@pytest.mark.parametrize("part", PARTS)
def test_the_sigmoid_is_a_hyperbolic_tangent(part):
    assert RAMPS["sigmoid"](part) == pytest.approx(math.tanh(5 * part), abs=1e-15)


@pytest.mark.parametrize("name", RAMPS)
def test_a_ramp_never_falls_nor_leaves_the_range_and_ends_at_its_weight(name):
    values = [RAMPS[name](part) for part in PARTS]
    assert values == sorted(values)
    assert 0 <= values[0] <= values[-1] <= 1
    assert values[-1] == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("name", ["sigmoid", "linear"])
def test_a_weight_that_is_ramped_begins_at_nothing(name):
    assert RAMPS[name](0.0) == 0


@pytest.mark.parametrize("name", RAMPS)
def test_a_ramp_follows_the_part_of_the_run_and_stays_past_its_end(name):
    short, long = build_ramp(name, 10), build_ramp(name, 1000)
    assert short(3) == long(300)
    assert short(15) == short(10)
