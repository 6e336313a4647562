"""The label-free risks against closed forms, identities and slow implementations of their definitions."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from equipoise.core.errors import UserError
from equipoise.metrics import selection
from equipoise.metrics.selection import (
    Evidence,
    accuracy_interval,
    deep_embedded_risk,
    density_ratio,
    effective_sample_size,
    error_rate,
    gap_closed,
    importance_weighted_risk,
    information_risk,
    mean_entropy,
    nuclear_norm_risk,
    proxy_a_distance,
)

LOGITS = np.random.default_rng(7).normal(size=(50, 4)) * 3


@pytest.fixture
def draw():
    return np.random.default_rng(7)


def probabilities(logits):
    return np.exp(logits) / np.exp(logits).sum(1, keepdims=True)


def one_hot(classes, num_classes):
    return 2000.0 * np.eye(num_classes)[classes]


# Predictions for the target


def test_entropy_is_that_of_scipy():
    assert mean_entropy(LOGITS) == pytest.approx(stats.entropy(probabilities(LOGITS), axis=1).mean(), rel=1e-12)
    assert mean_entropy(np.zeros((3, 5))) == pytest.approx(math.log(5), rel=1e-15)
    assert mean_entropy(one_hot([0, 1, 1], 5)) == 0


def test_information_is_that_of_the_joint_table():
    """I(example; prediction) from the joint law with even examples, by its definition."""
    joint = probabilities(LOGITS) / len(LOGITS)
    product = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
    assert information_risk(LOGITS) == pytest.approx(-(joint * np.log(joint / product)).sum(), rel=1e-12)
    assert information_risk(one_hot(np.arange(12) % 4, 4)) == pytest.approx(-math.log(4), rel=1e-12)
    assert information_risk(one_hot([2, 2, 2], 4)) == 0  # sure of one class for all: nothing is told
    assert information_risk(np.zeros((3, 4))) == pytest.approx(0, abs=1e-15)


def test_the_nuclear_norm_is_the_sum_of_singular_values_and_within_its_bounds():
    matrix = probabilities(LOGITS)
    values = np.sqrt(np.linalg.eigvalsh(matrix.T @ matrix))
    assert nuclear_norm_risk(LOGITS) == pytest.approx(-values.sum() / math.sqrt(50 * 4), rel=1e-10)
    assert nuclear_norm_risk(one_hot(np.arange(12) % 4, 4)) == pytest.approx(-1, rel=1e-12)
    assert nuclear_norm_risk(np.zeros((12, 4))) == pytest.approx(-math.sqrt(12 / 4) / math.sqrt(12 * 4), rel=1e-12)
    assert nuclear_norm_risk(one_hot([1] * 12, 4)) == pytest.approx(-math.sqrt(12) / math.sqrt(12 * 4), rel=1e-12)


# Examples of the source


def test_the_error_rate_is_one_less_the_accuracy_of_scikit_learn(draw):
    from sklearn.metrics import accuracy_score

    labels = draw.integers(0, 4, 50)
    assert error_rate(LOGITS, labels) == pytest.approx(1 - accuracy_score(labels, LOGITS.argmax(1)), rel=1e-12)


def test_the_weighted_risk_is_the_target_s_expectation(draw):
    """p_s = N(0, 1), p_t = N(1, 1), l = x^2: E_t l = 2, and the mean of w l is so within five standard errors."""
    x = draw.normal(size=400_000)
    weights, losses = np.exp(x - 0.5), x**2
    error = (weights * losses).std() / math.sqrt(len(x))
    assert abs(importance_weighted_risk(losses, weights) - 2) < 5 * error
    assert importance_weighted_risk(losses, np.ones_like(x)) == pytest.approx(losses.mean(), rel=1e-12)


def test_normalised_weights_give_a_weighted_average(draw):
    weights, losses = draw.exponential(size=60), draw.random(60)
    expected = np.average(losses, weights=weights)
    for scale in (1.0, 1e-3, 1e-300):
        found = importance_weighted_risk(losses, scale * weights, normalised=True)
        assert found == pytest.approx(expected, rel=1e-12)


def test_dev_is_the_published_formula(draw):
    weights, losses = draw.exponential(size=60), draw.random(60)
    weighted = weights * losses
    covariance = np.cov(np.stack([weighted, weights]), ddof=1)
    eta = -covariance[0, 1] / weights.var(ddof=1)
    expected = weighted.mean() + eta * weights.mean() - eta
    assert deep_embedded_risk(losses, weights) == pytest.approx(expected, rel=1e-12)


def test_dev_is_the_intercept_of_a_regression_at_weight_one(draw):
    """The control variate with the best coefficient is the least-squares line of w l on w, read off at E w = 1."""
    weights, losses = draw.exponential(size=60), draw.random(60)
    slope, intercept = np.polyfit(weights, weights * losses, 1)
    assert deep_embedded_risk(losses, weights) == pytest.approx(intercept + slope, rel=1e-10)


def test_dev_with_a_constant_loss_or_equal_weights(draw):
    assert deep_embedded_risk(np.full(20, 0.3), draw.exponential(size=20)) == pytest.approx(0.3, rel=1e-12)
    losses = draw.random(20)
    assert deep_embedded_risk(losses, np.ones(20)) == pytest.approx(losses.mean(), rel=1e-15)
    assert deep_embedded_risk(losses, np.full(20, 0.1)) == pytest.approx(0.1 * losses.mean(), rel=1e-12)


def test_dev_has_less_variance_than_plain_weights_and_the_same_mean(draw):
    """l is the sign of x in N(0, 1), the target N(1, 1): the target's risk is the normal law's at 1."""
    truth = stats.norm.cdf(1)
    samples = [draw.normal(size=500) for _ in range(400)]
    plain, dev = (
        np.array([rule((x > 0).astype(float), np.exp(x - 0.5)) for x in samples])
        for rule in (importance_weighted_risk, deep_embedded_risk)
    )
    assert dev.std() < 0.4 * plain.std()
    assert abs(plain.mean() - truth) < 5 * plain.std() / 20
    assert abs(dev.mean() - truth) < 0.01  # its bias is of the order 1 / N


@pytest.mark.parametrize(("num_source", "num_target"), [(20_000, 20_000), (20_000, 5_000)])
def test_the_density_ratio_of_normal_laws(num_source, num_target, draw):
    """Of equal covariance: log w = (m_t - m_s)' C^-1 x + const, in coordinates that are neither apart nor standard."""
    mixing = np.array([[2.0, 0.5], [0.0, 0.7]])
    ours = draw.normal(size=(num_source, 2)) @ mixing.T
    theirs = draw.normal([0.8, -0.4], size=(num_target, 2)) @ mixing.T
    at = draw.normal(size=(200, 2))
    truth = np.exp(at @ [0.8, -0.4] - 0.5 * (0.8**2 + 0.4**2))
    found = density_ratio(ours, theirs, at @ mixing.T)
    assert np.abs(np.log(found / truth)).max() < 0.2
    assert np.abs(np.log(found / truth)).mean() < 0.05


def test_domains_that_are_alike_weigh_all_examples_alike(draw):
    """Even where there are more dimensions than examples, and any two sets can be told apart by a plane."""
    ours, theirs, at = (draw.normal(size=(n, 300)) for n in (100, 100, 50))
    assert np.abs(np.log(density_ratio(ours, theirs, at))).max() < 0.5
    assert effective_sample_size(density_ratio(ours, theirs, at)) > 45


def test_the_effective_sample_size(draw):
    assert effective_sample_size([2.0] * 7) == pytest.approx(7, rel=1e-15)
    assert effective_sample_size([1.0, 1.0, 0.0, 0.0]) == pytest.approx(2, rel=1e-15)
    assert effective_sample_size([1e-300, 1e-300]) == pytest.approx(2, rel=1e-12)
    x = draw.normal(size=400_000)
    assert effective_sample_size(np.exp(x / 2)) / len(x) == pytest.approx(math.exp(-0.25), rel=0.02)


# A fresh probe


@pytest.mark.parametrize("probe", ["linear", "network"])
@pytest.mark.parametrize("shift", [0.0, 1.0, 3.0])
def test_the_proxy_distance_is_twice_the_total_variation_of_normal_laws(probe, shift, draw):
    ours, theirs = draw.normal(size=(4000, 3)), draw.normal([shift, 0, 0], size=(4000, 3))
    found = proxy_a_distance(ours, theirs, probe)
    truth = 2 * (2 * stats.norm.cdf(shift / 2) - 1)
    assert found.distance == pytest.approx(truth, abs=5 * 4 * 0.5 / math.sqrt(8000))
    assert found.distance == pytest.approx(2 * (1 - 2 * (1 - found.accuracy)), rel=1e-12)
    assert (found.num_examples, found.probe) == (4000, probe)


def test_a_network_sees_what_a_plane_cannot_part(draw):
    """A shell around a ball: means and so linear probes are alike."""
    ours, theirs = draw.normal(size=(2, 2000, 2))
    theirs = theirs / np.linalg.norm(theirs, axis=1, keepdims=True) * 4
    assert proxy_a_distance(ours, theirs, "linear").accuracy < 0.6
    assert proxy_a_distance(ours, theirs, "network").accuracy > 0.95


def test_a_larger_domain_does_not_bias_the_probe(draw):
    found = proxy_a_distance(draw.normal(size=(3000, 2)), draw.normal(size=(301, 2)))
    assert found.num_examples == 300
    assert abs(found.accuracy - 0.5) < 0.1


# What is said of the chosen one


@pytest.mark.parametrize(("right", "count", "level"), [(90, 100, 0.95), (0, 20, 0.9), (20, 20, 0.99), (1, 3, 0.5)])
def test_wilson_s_interval_solves_its_equation(right, count, level):
    """Its ends are the p at which |p - accuracy| is z standard errors of p."""
    found = accuracy_interval(right, count, level)
    z = stats.norm.ppf((1 + level) / 2)
    for end in (found.low, found.high):
        assert (end - right / count) ** 2 == pytest.approx(z**2 * end * (1 - end) / count, rel=1e-9, abs=1e-15)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert (found.num_samples, found.method, found.level) == (count, "wilson", level)


def test_wilson_s_interval_holds_the_truth_as_often_as_it_says(draw):
    rights = draw.binomial(50, 0.93, size=2000)
    ends = {right: accuracy_interval(int(right), 50) for right in set(rights.tolist())}
    held = np.mean([ends[right].low <= 0.93 <= ends[right].high for right in rights.tolist()])
    assert 0.92 < held < 0.99


def test_the_gap_that_is_closed():
    assert gap_closed(0.6, 0.6, 0.9) == 0
    assert gap_closed(0.9, 0.6, 0.9) == 1
    assert gap_closed(0.5, 0.6, 0.8) == pytest.approx(-0.5)
    assert math.isnan(gap_closed(0.7, 0.8, 0.8))
    assert math.isnan(gap_closed(0.7, 0.9, 0.8))


# Mistakes


def evidence(**changes):
    draw = np.random.default_rng(0)
    given = {
        "source_features": draw.normal(size=(30, 3)),
        "source_logits": draw.normal(size=(30, 4)),
        "source_labels": draw.integers(0, 4, 30),
        "train_features": draw.normal(size=(40, 3)),
        "target_features": draw.normal(size=(20, 3)),
        "target_logits": draw.normal(size=(20, 4)),
    }
    return Evidence(**(given | changes))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"source_logits": np.zeros((29, 4))}, "30 features and 29 logits of the source"),
        ({"target_logits": np.zeros((20, 5))}, "4 classes for the source and 5 for the target"),
        ({"source_labels": np.full(30, 4)}, "Labels from 4 to 4 were given, but the logits are of 4 classes"),
        ({"source_labels": np.zeros(29, int)}, r"Labels of shape \(29,\)"),
        ({"source_labels": np.zeros(30)}, "type float64"),
        ({"target_features": np.full((20, 3), np.nan)}, "NaN or infinite"),
        ({"target_features": np.zeros((0, 3)), "target_logits": np.zeros((0, 4))}, "No examples were given"),
        ({"target_logits": np.zeros((20, 1))}, "at least two classes"),
    ],
)
def test_evidence_that_does_not_agree_is_one_sentence(changes, words):
    with pytest.raises(UserError, match=words) as caught:
        evidence(**changes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: importance_weighted_risk([1.0], [1.0, 2.0]), "1 losses and 2 weights"),
        (lambda: deep_embedded_risk([1.0, 1.0], [1.0, -2.0]), "A weight of -2"),
        (lambda: deep_embedded_risk([1.0], [1.0]), "at least two examples"),
        (lambda: importance_weighted_risk([np.nan], [1.0]), "losses .* not finite"),
        (lambda: effective_sample_size([0.0, 0.0]), "All weights are zero"),
        (lambda: importance_weighted_risk([1.0], [0.0], normalised=True), "All weights are zero"),
        (lambda: density_ratio(np.zeros((9, 2)), np.zeros((9, 3)), np.zeros((9, 2))), "2, 3 and 2 dimensions"),
        (lambda: density_ratio(np.zeros((9, 2)), np.zeros((3, 2)), np.zeros((9, 2))), "at least 4 of each"),
        (lambda: proxy_a_distance(np.zeros((9, 2)), np.zeros((9, 3))), "2 and 3 dimensions"),
        (lambda: proxy_a_distance(np.zeros((9, 2)), np.zeros((7, 2))), "At least 8 examples"),
        (lambda: accuracy_interval(3, 2), "3 of 2 examples"),
        (lambda: accuracy_interval(0, 0), "0 of 0 examples"),
        (lambda: accuracy_interval(1, 2, 1.0), "level 1.0"),
    ],
)
def test_mistakes_are_one_sentence(call, words):
    with pytest.raises(UserError, match=words) as caught:
        call()
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_features_without_any_spread_are_no_accident():
    assert density_ratio(np.ones((9, 2)), np.ones((9, 2)), np.ones((4, 2))) == pytest.approx(np.ones(4))
    assert proxy_a_distance(np.ones((9, 2)), np.ones((9, 2))).accuracy == 0.5


def test_tensors_are_taken_from_any_graph():
    logits = torch.tensor(LOGITS, requires_grad=True)
    assert mean_entropy(logits) == mean_entropy(LOGITS)
    assert error_rate(logits.float(), torch.zeros(50, dtype=torch.int64)) == (LOGITS.argmax(1) != 0).mean()


def test_everything_offered_is_there():
    assert all(hasattr(selection, name) for name in selection.__all__)
