"""The Inception Score against its definition in plain loops, its bounds, and IND."""

import math

import numpy as np
import pytest
import torch

from equipoise.core.errors import UserError
from equipoise.metrics import inception_score


def logits(count, classes=7, scale=2.0):
    return np.random.default_rng(0).standard_normal((count, classes)) * scale


def by_definition(values):
    rows = [[math.exp(value - max(row)) for value in row] for row in values.tolist()]
    rows = [[value / sum(row) for value in row] for row in rows]
    marginal = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
    divergences = [sum(p * math.log(p / m) for p, m in zip(row, marginal, strict=True)) for row in rows]
    return math.exp(sum(divergences) / len(rows))


def test_one_split_is_the_definition():
    found = inception_score(logits(50), num_splits=1)
    assert found.value == pytest.approx(by_definition(logits(50)), rel=1e-12)
    assert found.std == 0


def test_splits_of_a_known_order():
    order = np.random.default_rng(3).permutation(53)
    scores = [by_definition(part) for part in np.array_split(logits(53)[order], 10)]
    found = inception_score(torch.from_numpy(logits(53)), seed=3)
    assert found.value == pytest.approx(np.mean(scores), rel=1e-12)
    assert found.std == pytest.approx(np.std(scores), rel=1e-12)
    assert (found.num_samples, found.num_splits, found.seed) == (53, 10, 3)


def test_sorted_classes_do_not_spoil_the_splits():
    sure = np.repeat(np.eye(10) * 1e3, 100, axis=0)
    assert inception_score(sure).value > 9.4


def test_bounds_are_reached():
    assert inception_score(np.eye(4) * 1e3, 1).value == pytest.approx(4)
    assert inception_score(np.zeros((30, 4))).value == pytest.approx(1)
    # Fewer examples in a split than classes: no score can pass their number.
    found = inception_score(np.eye(100) * 1e3, num_splits=20)
    assert found.maximum == 5
    assert found.value == pytest.approx(5)


def test_ind_falls_as_images_get_better():
    worse, better = (inception_score(logits(200, scale=scale)) for scale in (0.5, 5))
    assert better.inverted() < worse.inverted()
    assert better.inverted() == better.maximum - better.value
    assert better.inverted(limit=2.248) == 2.248 - better.value


@pytest.mark.parametrize(
    ("given", "splits", "words"),
    [
        (logits(9), 10, "10 splits of 9 examples"),
        (logits(9), 0, "0 splits"),
        (np.full((20, 3), np.nan), 2, "NaN"),
        (np.zeros(5), 2, r"shape \(5,\)"),
    ],
)
def test_mistakes(given, splits, words):
    with pytest.raises(UserError, match=words):
        inception_score(given, splits)
