"""Influence, bias and interval of the Frechet distance against differences, closed forms, bootstrap and truth."""

import numpy as np
import pytest

from equipoise.core.errors import SampleSizeWarning, UserError
from equipoise.metrics import Moments, frechet_distance, frechet_interval
from equipoise.metrics.optimal_map import optimal_map

pytestmark = pytest.mark.filterwarnings("ignore::equipoise.core.errors.SampleSizeWarning")


def laws(dimension):
    """Two normal laws that share nothing: roots of their covariances, and the mean of the second."""
    draw = np.random.default_rng(7)
    rotation = np.linalg.qr(draw.standard_normal((dimension, dimension)))[0]
    spread = np.linspace(0.3, 1.5, dimension)
    return np.diag(spread), rotation * spread, np.full(dimension, 0.5 / np.sqrt(dimension))


def drawn(seed, dimension, count, heavy=False):
    draw = np.random.default_rng(seed)
    first, second, mean = laws(dimension)

    def noise():
        shape = (count, dimension)
        return draw.standard_t(6, shape) / np.sqrt(1.5) if heavy else draw.standard_normal(shape)

    return noise() @ first.T, mean + noise() @ second.T


def truth(dimension):
    first, second, mean = laws(dimension)
    return frechet_distance(Moments(np.zeros(dimension), first @ first.T), Moments(mean, second @ second.T))


def moments_of(*sets):
    return [Moments.from_features(each) for each in sets]


def interval_of(ours, theirs, **settings):
    return frechet_interval(*moments_of(ours, theirs), ours, theirs, **settings)


def weighted(rows, weights):
    mean = weights @ rows
    return Moments(mean, (rows - mean).T @ ((rows - mean) * weights[:, None]))


@pytest.mark.parametrize("dimension", [1, 5, 20])
def test_the_map_carries_one_covariance_to_the_other(dimension):
    ours, theirs = moments_of(*drawn(0, dimension, 200))
    found = optimal_map(ours, theirs)
    there, back = found.forward @ found.forward.T, found.backward @ found.backward.T
    np.testing.assert_allclose(there @ ours.covariance @ there, theirs.covariance, atol=1e-10)
    np.testing.assert_allclose(there @ back, np.eye(dimension), atol=1e-9)


def test_an_influence_is_the_derivative_with_respect_to_a_weight():
    """Where one example counts a little more, in both sets."""
    ours, theirs = drawn(1, 6, 80)
    even = np.full(80, 1 / 80)
    sides = [(ours, theirs, False), (theirs, ours, True)]
    for rows, others, flipped in sides:
        here, there = weighted(rows, even), weighted(others, even)
        found = optimal_map(there, here).flipped() if flipped else optimal_map(here, there)
        influences = found.influences(rows)
        for example in (0, 17, 79):
            step = 1e-5
            ends = [
                frechet_distance(weighted(rows, (1 - each) * even + each * np.eye(80)[example]), there)
                for each in (step, -step)
            ]
            assert influences[example] == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-5, abs=1e-6)
        assert influences.mean() == pytest.approx(0, abs=1e-10)


@pytest.mark.parametrize("counts", [(12, 40), (40, 12), (12, 15)], ids=str)
def test_below_full_rank_the_influence_is_still_the_derivative_inside_the_span(counts):
    draw = np.random.default_rng(2)
    rows, others = (draw.standard_normal((count, 20)) for count in counts)
    even = np.full(len(rows), 1 / len(rows))
    here, there = weighted(rows, even), weighted(others, np.full(len(others), 1 / len(others)))
    influences = optimal_map(here, there).influences(rows)
    step, onto = 1e-6, np.eye(len(rows))[3]
    ends = [frechet_distance(weighted(rows, (1 - each) * even + each * onto), there) for each in (step, -step)]
    assert influences[3] == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-4)


def test_the_bias_of_normal_samples_is_that_of_the_published_table():
    """A sample in 64 dimensions against its own law: 1.104, 0.368 and 0.1104 to first order at these sizes."""
    law = Moments(np.zeros(64), np.eye(64))
    first_order = optimal_map(law, law).gaussian_bias()
    assert first_order == pytest.approx(64 + (64 * 64 / 2 + 64 / 2) / 2)
    for count, published in ((3000, 0.37), (10_000, 0.11), (50_000, 0.02)):
        assert first_order / count == pytest.approx(published, abs=0.005)


REPEATS = 100


@pytest.fixture(scope="module", params=[(4, False), (16, False), (16, True)], ids=str)
def repeated(request):
    """Dimension, and the intervals of many samples of two laws, normal or with heavy tails."""
    dimension, heavy = request.param
    sets = (drawn(seed, dimension, 40 * dimension, heavy) for seed in range(REPEATS))
    return dimension, [interval_of(*each, level=0.9) for each in sets]


def test_bias_and_error_are_those_of_many_samples(repeated):
    dimension, found = repeated
    values, limit = np.array([each.value for each in found]), truth(dimension)
    assert np.mean([each.standard_error for each in found]) == pytest.approx(values.std(), rel=0.2)
    assert values.mean() - limit == pytest.approx(
        np.mean([each.bias for each in found]), abs=4 * values.std() / np.sqrt(REPEATS)
    )


def test_nine_intervals_in_ten_hold_the_mean_and_corrected_ones_the_truth(repeated):
    dimension, found = repeated
    mean, limit = np.mean([each.value for each in found]), truth(dimension)
    corrected = [each.corrected() for each in found]
    # Of 100 intervals of 90 %, fewer than 80 hold it in one case of 1,000.
    assert sum(each.low <= mean <= each.high for each in found) >= 80
    assert sum(each.low <= limit <= each.high for each in corrected) >= 80


def test_it_agrees_with_a_full_bootstrap():
    ours, theirs = drawn(3, 8, 400)
    found, draw = interval_of(ours, theirs), np.random.default_rng(0)
    resampled = [
        frechet_distance(*moments_of(*(each[draw.integers(400, size=400)] for each in (ours, theirs))))
        for _ in range(400)
    ]
    assert found.standard_error == pytest.approx(np.std(resampled), rel=0.15)


def test_without_features_the_sets_are_taken_for_normal():
    ours, theirs = drawn(4, 8, 5000)
    with_features, without = interval_of(ours, theirs), frechet_interval(*moments_of(ours, theirs))
    assert (with_features.method, without.method) == ("influence", "gaussian")
    assert without.standard_error == pytest.approx(with_features.standard_error, rel=0.1)
    assert without.bias == pytest.approx(with_features.bias, rel=0.1)


def test_a_part_of_the_rows_is_enough():
    ours, theirs = drawn(5, 8, 20_000)
    moments = moments_of(ours, theirs)
    whole = frechet_interval(*moments, ours, theirs)
    part = frechet_interval(*moments, ours[:2000], theirs[:2000])
    assert part.standard_error == pytest.approx(whole.standard_error, rel=0.1)
    assert whole.notes == ()


def test_a_file_without_a_count_adds_no_error_and_says_so():
    ours, theirs = drawn(6, 8, 20_000)
    reference = Moments.from_features(theirs)
    foreign = Moments(reference.mean, reference.covariance)
    found = frechet_interval(Moments.from_features(ours), foreign, ours)
    assert found.num_reference is None
    assert found.standard_error < interval_of(ours, theirs).standard_error
    assert "count of the reference is not known" in found.notes[0]


@pytest.mark.filterwarnings("error")
def test_small_sets_warn_and_large_ones_do_not():
    with pytest.warns(SampleSizeWarning, match="fewer than twice the 16 features") as caught:
        interval_of(*drawn(7, 16, 30))
    assert len(caught) == 1
    with pytest.warns(SampleSizeWarning, match="under 10,000"):
        interval_of(*drawn(7, 16, 9999))
    interval_of(*drawn(7, 2, 10_000))


def test_the_seed_decides_the_ends():
    ours, theirs = drawn(8, 4, 300)
    one, again, other = (interval_of(ours, theirs, seed=seed) for seed in (1, 1, 2))
    assert one == again
    assert (one.low, one.high) != (other.low, other.high)


def test_mistakes():
    ours, theirs = drawn(9, 4, 30)
    with pytest.raises(UserError, match="Rows of 3 features were given with moments of 4"):
        frechet_interval(*moments_of(ours, theirs), ours[:, :3], theirs)
    with pytest.raises(UserError, match=r"level 1\.5"):
        interval_of(ours, theirs, level=1.5)
