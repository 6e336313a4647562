"""One pass over examples keeps what was asked for, whatever the batches."""

import pytest
import torch

from equipoise.core.errors import UserError
from equipoise.data.digits import load_digits
from equipoise.metrics import Moments, Protocol, build_features, class_coverage
from equipoise.training.measuring import observing
from equipoise.training.measuring.observing import Needs, Observation, chosen_rows, observe

CPU = torch.device("cpu")
EVERYTHING = Needs(rows=True, features=True, logits=True, classes=True)


@pytest.fixture(scope="module")
def digits():
    return next(load_digits(CPU).ordered(600, CPU)).examples


@pytest.fixture(scope="module")
def network():
    return build_features("digits")


@pytest.mark.parametrize("batch_size", [7, 100, 600])
def test_what_is_kept_is_what_the_network_gives(digits, network, batch_size, monkeypatch):
    monkeypatch.setattr(observing, "MOST_ROWS", 50)
    seen = observe(torch.split(digits, batch_size), network, EVERYTHING, Protocol.of(network), 600)
    features, logits = network(digits), network.classify(digits)
    torch.testing.assert_close(seen.features, features, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(seen.logits, logits, atol=1e-4, rtol=1e-5)
    torch.testing.assert_close(seen.rows, features[chosen_rows(600, 50, seed=0)], atol=1e-5, rtol=1e-5)
    assert seen.classes == class_coverage(logits)
    expected = Moments.from_features(features)
    assert abs(seen.moments.covariance - expected.covariance).max() < 1e-5
    assert seen.moments.count == 600


def test_nothing_is_kept_that_was_not_asked_for(digits, network):
    seen = observe([digits], network, Needs(), Protocol.of(network), 600)
    assert (seen.rows, seen.features, seen.logits, seen.classes) == (None,) * 4


def test_the_network_runs_once_for_features_and_classes(digits, network, monkeypatch):
    passes = []
    monkeypatch.setattr(type(network), "classify", lambda *_: pytest.fail("a second pass"))
    through = type(network).__call__
    monkeypatch.setattr(type(network), "__call__", lambda self, x: passes.append(len(x)) or through(self, x))
    observe(torch.split(digits, 300), network, EVERYTHING, Protocol.of(network), 600)
    assert passes == [300, 300]


def test_features_without_classes_are_refused_for_them():
    points = build_features("points")
    with pytest.raises(UserError, match="'points' tell no classes"):
        Observation(points, Needs(logits=True), Protocol.of(points), total=2)


def test_rows_are_drawn_evenly_and_always_the_same():
    rows = chosen_rows(10_000, 1000, seed=0)
    assert rows == sorted(set(rows)) == chosen_rows(10_000, 1000, seed=0)
    assert abs(sum(rows) / 1000 - 5000) < 4 * 10_000 / (12 * 1000) ** 0.5
    assert rows != chosen_rows(10_000, 1000, seed=1)
