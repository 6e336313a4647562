"""The distance of endless samples: its line, its bias, its interval."""

import numpy as np
import pytest

from equipoise.core.errors import UserError
from equipoise.metrics import Moments, extrapolated_distance, frechet_distance, interval
from equipoise.metrics.extrapolated import intercept_weights

pytestmark = pytest.mark.filterwarnings("ignore::equipoise.core.errors.SampleSizeWarning")
LAW = Moments(np.zeros(16), np.eye(16))


def samples(seed, count=3000, shift=0.0):
    return np.random.default_rng(seed).standard_normal((count, 16)) + shift


def test_distances_are_those_of_the_first_samples_of_one_order():
    rows = samples(0)
    found = extrapolated_distance(rows, LAW, seed=3)
    order = np.random.default_rng(3).permutation(len(rows))
    for size, distance in zip(found.sizes, found.distances, strict=True):
        expected = frechet_distance(Moments.from_features(rows[order[:size]]), LAW)
        assert distance == pytest.approx(expected, rel=1e-10)
    assert found.finite_value == pytest.approx(frechet_distance(Moments.from_features(rows), LAW), rel=1e-10)
    assert (found.sizes[0], found.sizes[-1], len(found.sizes)) == (300, 3000, 15)


def test_the_line_is_that_of_numpy():
    found = extrapolated_distance(samples(1), LAW)
    inverse = 1 / np.array(found.sizes)
    (slope, intercept), covariance = np.polyfit(inverse, found.distances, 1, cov=True)
    assert (found.value, found.slope) == pytest.approx((intercept, slope), rel=1e-8)
    assert found.standard_error == pytest.approx(np.sqrt(covariance[1, 1]), rel=1e-8)
    weights = intercept_weights(np.array(found.sizes))
    assert weights.sum() == pytest.approx(1)
    assert weights @ np.array(found.distances) == pytest.approx(found.value, rel=1e-9)


@pytest.mark.parametrize("shift", [0.0, 0.25])
def test_the_bias_is_gone(shift):
    values = [extrapolated_distance(samples(seed, shift=shift), LAW) for seed in range(40)]
    extrapolated, finite = (np.array([getattr(each, name) for each in values]) for name in ("value", "finite_value"))
    truth = 16 * shift**2
    assert extrapolated.mean() == pytest.approx(truth, abs=4 * extrapolated.std() / np.sqrt(40))
    # (16 + (16^2 / 2 + 16 / 2) / 2) / 3000 to first order.
    assert finite.mean() - truth == pytest.approx(84 / 3000, rel=0.3)


def test_the_interval_is_as_wide_as_the_spread_over_samples():
    found = [interval("frechet-infinity", samples(seed, shift=0.25), samples(1000 + seed, 6000)) for seed in range(40)]
    values = np.array([each.value for each in found])
    assert np.mean([each.standard_error for each in found]) == pytest.approx(values.std(), rel=0.3)
    assert np.mean([each.low <= values.mean() <= each.high for each in found]) > 0.85


def test_published_sizes_begin_at_five_thousand():
    assert extrapolated_distance(samples(2, 10_000), LAW).sizes[0] == 5000


@pytest.mark.parametrize(("count", "settings"), [(10, {}), (100, {"num_sizes": 2}), (100, {"smallest": 95})])
def test_too_few_samples_for_a_line_are_refused(count, settings):
    with pytest.raises(UserError, match="sizes from"):
        extrapolated_distance(samples(3, count), LAW, **settings)
