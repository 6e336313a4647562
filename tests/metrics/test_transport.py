"""Wasserstein distances against POT, closed forms, and each other."""

import numpy as np
import ot
import pytest
from scipy.stats import wasserstein_distance

from equipoise.core.errors import UserError
from equipoise.metrics import exact_wasserstein, sliced_wasserstein


def sets(seed, num_x, num_y, dimension):
    draw = np.random.default_rng(seed)
    return draw.standard_normal((num_x, dimension)), 2 * draw.standard_normal((num_y, dimension)) + 1


@pytest.mark.parametrize("power", [1, 2])
def test_exact_equals_pot(power):
    x, y = sets(0, 60, 60, 3)
    cost = ot.dist(x, y, metric="euclidean") ** power
    assert exact_wasserstein(x, y, power).value == pytest.approx(ot.emd2([], [], cost) ** (1 / power), rel=1e-9)


@pytest.mark.parametrize("counts", [(50, 50), (50, 30), (7, 100), (1, 9)], ids=str)
def test_on_a_line_it_equals_scipy_for_any_sizes(counts):
    x, y = sets(1, *counts, 1)
    expected = wasserstein_distance(x[:, 0], y[:, 0])
    assert sliced_wasserstein(x, y, 2, power=1).value == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("counts", [(40, 40), (40, 25)], ids=str)
def test_sliced_equals_pot_along_the_same_directions(counts):
    x, y = sets(2, *counts, 5)
    found = [sliced_wasserstein(x, y, 400, seed=seed) for seed in (0, 1)]
    pot = ot.sliced_wasserstein_distance(x, y, n_projections=5000, seed=0)
    for each in found:
        assert abs(each.value - pot) < 5 * each.standard_error
    assert abs(found[0].value - found[1].value) < 5 * found[0].standard_error


def test_a_shift_costs_its_length_exactly_and_its_mean_projection_sliced():
    x = np.random.default_rng(3).standard_normal((100, 4))
    shift = np.array([3.0, 0, 4.0, 0])
    for power in (1, 2):
        assert exact_wasserstein(x, x + shift, power).value == pytest.approx(5, rel=1e-12)
    # E (u . shift)^2 = |shift|^2 / d over the sphere.
    found = sliced_wasserstein(x, x + shift, 4000)
    assert found.value == pytest.approx(2.5, abs=4 * found.standard_error)


def test_scaling_a_sorted_line():
    x = np.linspace(-1, 1, 101)[:, None]
    expected = np.sqrt(np.square(x).mean())
    assert exact_wasserstein(x, 2 * x).value == pytest.approx(expected, rel=1e-12)
    assert sliced_wasserstein(x, 2 * x).value == pytest.approx(expected, rel=1e-12)


def test_repeating_points_changes_nothing():
    x, y = sets(4, 20, 30, 3)
    whole = sliced_wasserstein(x, y).value
    assert sliced_wasserstein(x.repeat(3, axis=0), y).value == pytest.approx(whole, rel=1e-12)


def test_what_cannot_be_solved_is_refused():
    x, y = sets(5, 20, 30, 3)
    with pytest.raises(UserError, match="Sets of 20 and 30 points"):
        exact_wasserstein(x, y)
    with pytest.raises(UserError, match="5,000"):
        exact_wasserstein(np.zeros((5001, 1)), np.zeros((5001, 1)))
    with pytest.raises(UserError, match="power 3"):
        sliced_wasserstein(x, y, power=3)
    with pytest.raises(UserError, match="1 directions"):
        sliced_wasserstein(x, y, 1)
