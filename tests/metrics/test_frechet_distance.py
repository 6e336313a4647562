"""The Frechet distance against closed forms, an independent implementation, 50 digits, and its own symmetries."""

import mpmath
import numpy as np
import ot
import pytest
import torch

import equipoise.metrics.moments
from equipoise.core.errors import UserError
from equipoise.metrics import (
    Moments,
    Protocol,
    distance_protocol,
    frechet_distance,
    frechet_distance_from_features,
)


def random_covariance(rng, spectrum):
    rotation = np.linalg.qr(rng.standard_normal((len(spectrum), len(spectrum))))[0]
    covariance = (rotation * spectrum) @ rotation.T
    return (covariance + covariance.T) / 2


def random_moments(seed, dimension, decades=0.0):
    rng = np.random.default_rng(seed)
    return Moments(rng.standard_normal(dimension), random_covariance(rng, np.logspace(0, -decades, dimension)))


def sample_moments(seed, count, dimension):
    return Moments.from_features(np.random.default_rng(seed).standard_normal((count, dimension)))


def exact(moments):
    """The mean and covariance as they stand in float64, for mpmath."""
    return mpmath.matrix(moments.mean.tolist()), mpmath.matrix(moments.covariance.tolist())


def exact_moments(features):
    """Mean and covariance of features in mpmath's precision: float64 would blur a rank below the dimension."""
    rows = mpmath.matrix(features.tolist())
    mean = mpmath.matrix([mpmath.fsum(rows[:, column]) / rows.rows for column in range(rows.cols)])
    centred = mpmath.matrix([[rows[i, j] - mean[j] for j in range(rows.cols)] for i in range(rows.rows)])
    return mean, centred.T * centred / (rows.rows - 1)


def distance_to_50_digits(measure, a, b):
    with mpmath.workdps(50):
        (mean_a, covariance_a), (mean_b, covariance_b) = measure(a), measure(b)
        eigenvalues, vectors = mpmath.eigsy(covariance_a)
        root = vectors * mpmath.diag([mpmath.sqrt(max(value, 0)) for value in eigenvalues])
        congruent = root.T * covariance_b * root
        products = mpmath.eigsy((congruent + congruent.T) / 2, eigvals_only=True)
        cross = mpmath.fsum(mpmath.sqrt(max(value, 0)) for value in products)
        diagonals = mpmath.fsum(covariance_a[i, i] + covariance_b[i, i] for i in range(len(mean_a)))
        return float(mpmath.norm(mean_a - mean_b) ** 2 + diagonals - 2 * cross)


def traces(*moments):
    return sum(np.trace(each.covariance) for each in moments)


@pytest.mark.parametrize("dimension", [1, 2, 7, 64])
def test_equals_the_bures_wasserstein_distance_of_pot(dimension):
    a, b = random_moments(0, dimension, 1.0), random_moments(1, dimension, 1.0)
    independent = ot.gaussian.bures_wasserstein_distance(a.mean, b.mean, a.covariance, b.covariance) ** 2
    assert frechet_distance(a, b) == pytest.approx(independent, rel=1e-10)


def test_equal_covariances_leave_the_means():
    a = random_moments(0, 16)
    shifted = Moments(a.mean + np.linspace(-1, 1, 16), a.covariance)
    assert frechet_distance(a, shifted) == pytest.approx(np.square(np.linspace(-1, 1, 16)).sum(), rel=1e-12)


def test_in_one_dimension_it_compares_standard_deviations():
    a, b = Moments(np.array([1.0]), np.array([[4.0]])), Moments(np.array([-2.0]), np.array([[9.0]]))
    assert frechet_distance(a, b) == pytest.approx(9 + (3 - 2) ** 2, rel=1e-14)


@pytest.mark.parametrize("zeros", [0, 1, 3], ids=["full rank", "one direction missing", "disjoint supports"])
def test_commuting_covariances_compare_roots_of_eigenvalues(zeros):
    rotation = np.linalg.qr(np.random.default_rng(2).standard_normal((6, 6)))[0]
    first, second = np.arange(1.0, 7.0), np.arange(6.0, 0.0, -1.0)
    first[:zeros], second[len(second) - zeros :] = 0, 0
    a, b = (Moments(np.zeros(6), (rotation * spectrum) @ rotation.T) for spectrum in (first, second))
    assert frechet_distance(a, b) == pytest.approx(np.square(np.sqrt(first) - np.sqrt(second)).sum(), rel=1e-12)


@pytest.mark.parametrize("decades", [(0, 0), (0, 12), (12, 0), (4, 12), (12, 12)])
def test_well_and_ill_conditioned_covariances_against_50_digits(decades):
    a, b = random_moments(3, 20, decades[0]), random_moments(4, 20, decades[1])
    assert frechet_distance(a, b) == pytest.approx(distance_to_50_digits(exact, a, b), abs=1e-11 * traces(a, b))


def test_features_below_full_rank_against_50_digits(features_below_full_rank):
    a, b = (Moments.from_features(features) for features in features_below_full_rank)
    expected = distance_to_50_digits(exact_moments, *features_below_full_rank)
    assert frechet_distance(a, b) == pytest.approx(expected, abs=1e-12 * traces(a, b))
    assert frechet_distance(b, a) == pytest.approx(expected, abs=1e-12 * traces(a, b))


@pytest.fixture(params=[(11, 11), (5, 19), (11, 40), (2, 40), "dead features"], ids=str)
def features_below_full_rank(request):
    """Two sets in 20 dimensions: fewer examples than dimensions, or features that are always zero."""
    rng = np.random.default_rng(5)
    if request.param == "dead features":
        index = np.arange(20)
        return [rng.standard_normal((40, 20)) * mask for mask in (index % 3 != 0, 2.0 * (index % 4 != 0))]
    return [rng.standard_normal((count, 20)) for count in request.param]


@pytest.mark.parametrize("count", [2, 10, 32, 63, 64, 65, 66, 80, 1000])
def test_a_set_is_at_zero_from_itself_at_any_rank(count):
    a, again = sample_moments(8, count, 64), sample_moments(8, count, 64)
    assert frechet_distance(a, a) <= 1e-12 * traces(a)
    assert frechet_distance(a, again) <= 1e-12 * traces(a)


def test_constant_features_have_no_spread():
    a, b = Moments.from_features(np.full((5, 3), 1.0)), Moments.from_features(np.full((9, 3), 3.0))
    assert frechet_distance(a, b) == 12.0
    assert frechet_distance(a, Moments(np.ones(3), np.eye(3))) == pytest.approx(3.0, rel=1e-15)


@pytest.mark.parametrize("counts", [(200, 300), (20, 300), (20, 30)])
def test_symmetric_and_the_same_in_any_frame(counts):
    rng = np.random.default_rng(9)
    a, b = (rng.standard_normal((count, 32)) * scale for count, scale in zip(counts, (1.0, 2.0), strict=True))
    rotation, shift = np.linalg.qr(rng.standard_normal((32, 32)))[0], rng.standard_normal(32)
    here = frechet_distance(Moments.from_features(a), Moments.from_features(b))
    there = frechet_distance(Moments.from_features(a @ rotation + shift), Moments.from_features(b @ rotation + shift))
    assert frechet_distance(Moments.from_features(b), Moments.from_features(a)) == pytest.approx(here, rel=1e-12)
    assert there == pytest.approx(here, rel=1e-11)


@pytest.mark.parametrize("decades", [0.0, 4.0])
def test_all_routes_agree_where_all_apply(decades, monkeypatch):
    rng = np.random.default_rng(10)
    spread = np.logspace(0, -decades / 2, 150)
    a, b = (rng.standard_normal((count, 150)) * spread for count in (400, 500))
    by_eigenvalues = frechet_distance(*(Moments.from_features(each) for each in (a, b)))
    monkeypatch.setattr("equipoise.metrics.frechet._rounding_of_roots", lambda _: np.inf)
    by_factors = frechet_distance(*(Moments.from_features(each) for each in (a, b)))
    assert by_eigenvalues == pytest.approx(by_factors, rel=1e-11)


@pytest.mark.parametrize("order", [1, -1], ids=["small variances first", "large variances first"])
@pytest.mark.parametrize("decades", [4, 8, 10])
def test_roots_lost_in_rounding_are_not_taken(order, decades):
    """Badly scaled features: the eigenvalues alone are off by 1e-9 of the traces and more."""
    rng = np.random.default_rng(11)
    scale = np.logspace(0, -decades / 2, 150)[::order]
    a, b = (rng.standard_normal((count, 150)) * scale for count in (400, 500))
    ours, theirs = Moments.from_features(a), Moments.from_features(b)
    # The same in features of equal size: the roots of a product of diagonal and well-conditioned matrices, exactly.
    left, right = (np.linalg.qr(x - x.mean(axis=0))[1] / np.sqrt(len(x) - 1) for x in (a, b))
    root = np.linalg.svd(left @ right.T, compute_uv=False).sum()
    expected = np.square(ours.mean - theirs.mean).sum() + traces(ours, theirs) - 2 * root
    assert frechet_distance(ours, theirs) == pytest.approx(expected, abs=1e-11 * traces(ours, theirs))


@pytest.mark.parametrize("counts", [(10, 12), (10, 200), (200, 12), (200, 300), (2, 2), (64, 65)], ids=str)
def test_features_give_the_distance_of_their_moments(counts):
    rng = np.random.default_rng(12)
    a, b = (
        rng.standard_normal((count, 64)).astype(np.float32) + shift for count, shift in zip(counts, (0, 1), strict=True)
    )
    moments = [Moments.from_features(each) for each in (a, b)]
    expected = pytest.approx(frechet_distance(*moments), rel=1e-11)
    assert frechet_distance_from_features(a, b) == expected
    assert frechet_distance_from_features(torch.from_numpy(a), moments[1]) == expected
    assert frechet_distance_from_features(a, a) <= 1e-12 * traces(moments[0])


def test_features_of_other_dimensions_are_refused():
    with pytest.raises(UserError, match="3 and 4 features"):
        frechet_distance_from_features(np.zeros((2, 3)), np.zeros((2, 4)))
    with pytest.raises(UserError, match="at least 2 examples, but 1"):
        frechet_distance_from_features(np.zeros((1, 3)), np.zeros((2, 3)))


@pytest.mark.parametrize(("count", "bias"), [(100, 12.2), (300, 3.85), (1000, 1.12)], ids=["N=100", "N=300", "N=1000"])
def test_a_small_sample_is_away_from_its_own_distribution(count, bias):
    truth = Moments(np.zeros(64), np.eye(64))
    distances = [frechet_distance(sample_moments(seed, count, 64), truth) for seed in range(40)]
    # The spread of one distance is about 2 % of its mean, so that of forty is 0.3 %; the table is rounded to 0.5 %.
    assert np.mean(distances) == pytest.approx(bias, rel=0.015)


def test_the_factor_of_a_reference_is_made_once_and_that_of_samples_never(monkeypatch):
    made = []
    factor = equipoise.metrics.moments.cholesky_factor
    monkeypatch.setattr(equipoise.metrics.moments, "cholesky_factor", lambda each: made.append(each) or factor(each))
    reference = sample_moments(12, 500, 150)
    for seed in (13, 14, 15):
        frechet_distance(sample_moments(seed, 400, 150), reference)
    assert len(made) == 1
    assert made[0] is reference.covariance


def test_other_dimensions_networks_and_weights_are_refused():
    a = sample_moments(15, 10, 3)
    with pytest.raises(UserError, match="3 and 4 features"):
        frechet_distance(a, sample_moments(15, 10, 4))
    digits, mnist, newer = (
        Moments(a.mean, a.covariance, a.count, Protocol(name, weights))
        for name, weights in (("digits", "11"), ("mnist", "11"), ("digits", "22"))
    )
    with pytest.raises(UserError, match="'digits' and 'mnist'"):
        frechet_distance(digits, mnist)
    with pytest.raises(UserError, match="weights 11 on one side and 22"):
        frechet_distance(digits, newer)
    assert frechet_distance(digits, a) <= 1e-12


def test_a_matrix_that_is_no_covariance_is_refused():
    good, bad = Moments(np.zeros(2), np.eye(2)), Moments(np.zeros(2), np.array([[1.0, 2.0], [2.0, 1.0]]))
    for pair in ((good, bad), (bad, good), (bad, bad)):
        with pytest.raises(UserError, match="negative variance"):
            frechet_distance(*pair)


def test_a_set_on_a_line_is_measured_whatever_rounding_leaves_across_it():
    """Moments that a blown-up generator left: 9693 along the line, and -9e-11 across it, 40 units in the last place."""
    line = np.array([[5381.536933445984, -4816.814675851164], [-4816.814675851164, 4311.352669029711]])
    assert np.linalg.eigvalsh(line)[0] < 0
    samples, reference = Moments(np.zeros(2), line), Moments(np.zeros(2), np.eye(2))
    along = np.sqrt(np.trace(line))  # root of the only eigenvalue
    assert frechet_distance(samples, reference) == pytest.approx((along - 1) ** 2 + 1, rel=1e-9)


def test_the_protocol_of_a_distance_names_both_sides():
    features = np.random.default_rng(0).standard_normal((20, 3))
    samples = Moments.from_features(features[:5], Protocol("digits", "11", seed=7))
    reference = Moments.from_features(features, Protocol("digits", "11", data="abc", split="train"))
    assert distance_protocol(samples, reference) == {
        "features": "digits",
        "weights_hash": "11",
        "num_samples": 5,
        "num_reference": 20,
        "data": "abc",
        "split": "train",
        "seed": 7,
    }
