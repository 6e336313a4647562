"""The kernel distance against a double loop, a closed form, and its own spread over samples."""

import numpy as np
import pytest
import torch

from equipoise.core.errors import UserError
from equipoise.metrics import kernel, kernel_distance, subset_kernel_distance


def sets(seed, num_x, num_y, dimension=4, shift=0.3):
    draw = np.random.default_rng(seed)
    return draw.standard_normal((num_x, dimension)), draw.standard_normal((num_y, dimension)) + shift


def double_loop(x, y):
    """The definition, pair by pair."""

    def k(a, b):
        return (sum(p * q for p, q in zip(a, b, strict=True)) / len(a) + 1) ** 3

    n, m = len(x), len(y)
    within_x = sum(k(x[i], x[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    within_y = sum(k(y[i], y[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    return within_x + within_y - 2 * sum(k(a, b) for a in x for b in y) / (n * m)


@pytest.mark.parametrize("block", [3, 7, 1024])
def test_equals_a_double_loop(block, monkeypatch):
    monkeypatch.setattr(kernel, "BLOCK", block)
    x, y = sets(0, 23, 17)
    assert kernel_distance(x, y).value == pytest.approx(double_loop(x, y), rel=1e-12)


def test_one_subset_of_everything_is_the_distance_of_all_pairs():
    x, y = sets(1, 40, 40)
    found = subset_kernel_distance(x, y, num_subsets=3, subset_size=40)
    assert found.value == pytest.approx(kernel_distance(x, y).value, rel=1e-12)
    assert found.std == pytest.approx(0, abs=1e-12)


def test_unbiased_for_laws_with_a_closed_form():
    """In one dimension (x y + 1)^3 compares the first three moments, with weights 3, 3 and 1."""
    moments = np.array([[0, 1, 0], [0.5, 1 + 0.25, 0.5**3 + 3 * 0.5]])
    truth = (np.array([3, 3, 1]) * np.square(moments[0] - moments[1])).sum()
    found = [kernel_distance(*sets(seed, 60, 50, dimension=1, shift=0.5)) for seed in range(300)]
    values = np.array([each.value for each in found])
    assert values.mean() == pytest.approx(truth, abs=4 * values.std() / np.sqrt(300))


@pytest.mark.parametrize(("shift", "slack"), [(0.0, 0.3), (0.4, 0.15), (1.0, 0.15)])
def test_the_standard_error_is_the_spread_over_samples(shift, slack):
    """Where both laws are one, the first order vanishes and the second is all there is."""
    found = [kernel_distance(*sets(seed, 150, 100, shift=shift)) for seed in range(300)]
    spread = np.std([each.value for each in found])
    assert np.mean([each.standard_error for each in found]) == pytest.approx(spread, rel=slack)


def test_float32_features_lose_nothing_that_shows():
    x, y = sets(2, 500, 400, dimension=64)
    exact = kernel_distance(x.astype(np.float32).astype(np.float64), y.astype(np.float32).astype(np.float64))
    assert kernel_distance(x.astype(np.float32), y.astype(np.float32)).value == pytest.approx(exact.value, rel=1e-5)


def test_subsets_depend_on_the_seed_alone():
    x, y = sets(3, 200, 200)
    one, again, other = (subset_kernel_distance(x, y, 5, 50, seed) for seed in (1, 1, 2))
    assert one == again
    assert one.value != other.value
    assert one.standard_error == pytest.approx(one.std / np.sqrt(5))
    assert abs(one.value - kernel_distance(x, y).value) < 5 * one.standard_error


def test_impossible_subsets_are_refused():
    x, y = sets(4, 20, 30)
    with pytest.raises(UserError, match=r"Subsets of 25 were asked for, but the sets have 20 and 30"):
        subset_kernel_distance(x, y, 10, 25)
    with pytest.raises(UserError, match="At least 2 subsets"):
        subset_kernel_distance(x, y, 1, 5)
    with pytest.raises(UserError, match="At least 4 examples are needed on each side, but the samples are 3"):
        kernel_distance(torch.zeros(3, 2), torch.zeros(5, 2))
