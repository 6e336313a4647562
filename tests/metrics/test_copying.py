"""Nearest neighbours against a direct computation, and the copying test where the answer is known."""

import numpy as np
import pytest
import torch
from scipy.stats import mannwhitneyu, norm

from equipoise.core.errors import UserError
from equipoise.metrics.copying import copying, mann_whitney, nearest


def normal(number, seed, dimension=3):
    return torch.randn(number, dimension, generator=torch.Generator().manual_seed(seed))


def test_nearest_neighbours_by_brute_force():
    x, y = normal(1500, 0), normal(300, 1)
    distances, which = nearest(x, y)
    table = (x[:, None] - y[None]).double().square().sum(2).sqrt()
    torch.testing.assert_close(distances, table.min(dim=1).values)
    assert torch.equal(which, table.argmin(dim=1))


def test_copies_have_distance_zero():
    y = 1000 + normal(50, 2, dimension=200)
    distances, which = nearest(y.flip(0), y)
    assert not distances.any()
    assert which.tolist() == list(range(49, -1, -1))


@pytest.mark.parametrize("ties", [False, True])
def test_the_statistic_is_that_of_scipy(ties):
    draw = np.random.default_rng(0)
    x, y = draw.standard_normal(40), 0.4 + draw.standard_normal(60)
    if ties:
        x, y = x.round(), y.round()
    p = mannwhitneyu(x, y, alternative="less", method="asymptotic", use_continuity=False).pvalue
    assert mann_whitney(x, y) == pytest.approx(norm.ppf(p))


def test_fresh_examples_pass_and_copies_are_found():
    training, held_out = normal(500, 0), normal(300, 1)
    fresh = copying(normal(300, 2), held_out, training)
    assert abs(fresh.statistic) < 3
    assert fresh.ratio == pytest.approx(1, abs=0.2)
    assert fresh.variety == pytest.approx(1, abs=0.15)
    copies = copying(training[:300] + 0.01 * normal(300, 3), held_out, training)
    assert copies.statistic < -10
    assert copies.variety > 1
    assert copying(3 * normal(300, 4), held_out, training).statistic > 5


def test_what_is_all_alike_is_told_from_copies():
    """In the thick of the data it lies nearer to the training set than fresh examples, and yet copies nothing."""
    training, held_out = normal(500, 0, dimension=10), normal(300, 1, dimension=10)
    dull = copying(0.1 * normal(300, 2, dimension=10), held_out, training)
    assert dull.statistic < -10
    assert dull.variety < 0.2


def test_half_copies_are_found_too():
    """What a generator makes that copies a set of which the test knows one half."""
    training, held_out = normal(500, 0), normal(300, 1)
    half = torch.cat([training[:150] + 0.01 * normal(150, 3), normal(150, 5)])
    assert copying(half, held_out, training).statistic < -5


def test_equal_distances_have_no_statistic():
    assert mann_whitney(np.ones(4), np.ones(5)) == 0.0


def test_dimensions_must_agree():
    with pytest.raises(UserError, match="cannot be compared"):
        nearest(normal(4, 0), normal(4, 0, dimension=2))
