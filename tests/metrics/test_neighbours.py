"""Precision, recall, density and coverage against all distances at once, and in cases known by heart."""

import numpy as np
import pytest
from sklearn.metrics import pairwise_distances

from equipoise.core.errors import SampleSizeWarning, UserError
from equipoise.metrics import neighbour_intervals, neighbour_scores, neighbours


def by_definition(x, y, k):
    """From full distance matrices of scikit-learn, by the formulas of both papers."""
    to_real = pairwise_distances(x, y)
    real_radii = np.sort(pairwise_distances(y), axis=1)[:, k]
    sample_radii = np.sort(pairwise_distances(x), axis=1)[:, k]
    in_real = to_real <= real_radii
    return (
        in_real.any(axis=1).mean(),
        (to_real <= sample_radii[:, None]).any(axis=0).mean(),
        in_real.sum(axis=1).mean() / k,
        in_real.any(axis=0).mean(),
    )


def scores(found):
    return tuple(getattr(found, name) for name in neighbours.SCORES)


def sets(seed, num_x, num_y, dimension, dtype=np.float64):
    draw = np.random.default_rng(seed)
    x, y = draw.standard_normal((num_x, dimension)), 1.2 * draw.standard_normal((num_y, dimension)) + 0.3
    return x.astype(dtype), y.astype(dtype)


@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize("block", [7, 1024])
def test_equal_to_the_definition(k, block, monkeypatch):
    monkeypatch.setattr(neighbours, "BLOCK", block)
    x, y = sets(0, 120, 90, 5)
    assert scores(neighbour_scores(x, y, k)) == pytest.approx(by_definition(x, y, k), rel=1e-12)


def test_many_features_in_float32():
    # A pair in 30,000 may be so near to the surface of a ball that float32 cannot say on which side.
    x, y = sets(1, 200, 150, 300, np.float32)
    assert scores(neighbour_scores(x, y)) == pytest.approx(by_definition(x, y, 5), abs=0.005)


@pytest.mark.parametrize("dimension", [2, 300])
@pytest.mark.parametrize("copies", [1, 8])
@pytest.mark.parametrize("offset", [0.0, 1000.0])
def test_a_set_is_like_itself_even_where_examples_are_repeated(dimension, copies, offset):
    """With more copies than neighbours every radius is zero, and only ties count."""
    x = np.random.default_rng(2).standard_normal((40, dimension)).repeat(copies, axis=0).astype(np.float32) + offset
    found = neighbour_scores(x, x.astype(np.float32))
    assert (found.precision, found.recall, found.coverage) == (1, 1, 1)


def test_a_collapsed_generator_is_precise_and_covers_little():
    real = np.random.default_rng(3).standard_normal((500, 2))
    collapsed = np.random.default_rng(4).standard_normal((500, 2)) * 0.05
    found = neighbour_scores(collapsed, real)
    assert found.precision > 0.95
    assert found.recall < 0.05
    assert found.coverage < 0.2


def test_sets_far_apart_have_nothing_in_common():
    x = np.random.default_rng(5).standard_normal((50, 3))
    assert scores(neighbour_scores(x, x + 100)) == (0, 0, 0, 0)


def test_leaving_groups_out_equals_measuring_without_them():
    x, y = sets(6, 103, 87, 4)
    together = neighbours._scores(*neighbours._checked(x, y, 5), 5, 10)
    groups_x, groups_y = (np.arange(len(each)) * 10 // len(each) for each in (x, y))
    for group in range(10):
        apart = by_definition(x[groups_x != group], y[groups_y != group], 5)
        assert together[1 + group] == pytest.approx(apart, rel=1e-12)


def test_the_intervals_are_as_wide_as_the_spread_over_samples():
    with pytest.warns(SampleSizeWarning, match="under 10,000"):
        found = [neighbour_intervals(*sets(seed, 400, 400, 3), level=0.9) for seed in range(60)]
    for name in neighbours.SCORES:
        values = np.array([each[name].value for each in found])
        covered = np.mean([each[name].low <= values.mean() <= each[name].high for each in found])
        assert covered > 0.8, f"{name}: {covered}"
        assert np.mean([each[name].standard_error for each in found]) < 2 * values.std()


def test_too_few_neighbours_and_examples_are_refused():
    x, y = sets(7, 20, 5, 3)
    with pytest.raises(UserError, match="At least 6 examples are needed on each side, but the reference are 5"):
        neighbour_scores(x, y)
    with pytest.raises(UserError, match="0 neighbours"):
        neighbour_scores(x, x, 0)
