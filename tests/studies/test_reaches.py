"""Steps to a target: interpolation, censoring, two players, tuned trials."""

import math

import pytest

from equipoise.core.errors import UserError
from equipoise.studies.reaches import Curve, Reach, both, fewest, reach, reaches


def exponential_curve(every, rate=0.01, start=100.0, budget=1000):
    steps = list(range(0, budget + 1, every))
    values = [start * math.exp(-rate * step) for step in steps]
    return Curve(8, 0, steps, values, budget, [8 * step for step in steps], [0.5 * step for step in steps])


@pytest.mark.parametrize("every", [1, 10, 70])
def test_interpolation_is_exact_for_exponential_progress_whatever_the_cadence(every):
    found = reach(exponential_curve(every), target=10.0)
    truth = math.log(10) / 0.01
    assert found.met
    assert found.steps == pytest.approx(truth)
    assert found.images == pytest.approx(8 * truth)
    assert found.seconds == pytest.approx(truth / 2)
    assert found.half_width == every / 2
    assert found.shrinkage == 10.0
    assert found.sfo == pytest.approx(8 * truth)


def test_the_first_crossing_counts_though_the_distance_rises_again():
    assert reach(Curve(4, 0, [0, 10, 20, 30], [9.0, 1.0, 9.0, 1.0], 30), target=2.0).steps < 10


def test_a_run_that_never_arrives_or_diverged_is_censored_at_its_budget():
    assert reach(exponential_curve(10), target=1e-9) == Reach(8, 0, 1000, met=False, shrinkage=100.0 / 1e-9)
    diverged = Curve(8, 0, [0, 10], [9.0, math.nan], budget=1000)
    assert reach(diverged, target=1.0) == Reach(8, 0, 1000, met=False, shrinkage=9.0)


def test_after_a_value_that_is_not_finite_the_later_evaluation_counts():
    assert reach(Curve(8, 0, [0, 10, 20], [9.0, math.nan, 1.0], 20), target=2.0).steps == 20


def test_values_that_are_not_positive_are_interpolated_linearly():
    assert reach(Curve(8, 0, [0, 10], [1.0, -1.0], 10), target=0.5).steps == pytest.approx(2.5)


def test_a_target_met_at_step_0_is_refused():
    with pytest.raises(UserError, match=r"target 200 is already met at step 0 \(batch size 8, seed 0: 100\)"):
        reaches([exponential_curve(10)], target=200.0)


def test_both_players_have_arrived_when_the_later_one_has():
    disc = [Reach(8, 0, 100.0), Reach(8, 1, 500.0), Reach(16, 0, 900.0, met=False)]
    gen = [Reach(16, 0, 50.0), Reach(8, 1, 600.0), Reach(8, 0, 40.0)]
    assert both(disc, gen) == [Reach(8, 0, 100.0), Reach(8, 1, 600.0), Reach(16, 0, 900.0, met=False)]


def test_the_fastest_trial_of_each_batch_size_is_taken():
    found = [Reach(8, 0, 50.0, met=False), Reach(8, 1, 90.0), Reach(16, 0, 70.0), Reach(16, 1, 60.0)]
    assert fewest(found) == [found[1], found[3]]
