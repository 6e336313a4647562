"""Coverage of mixtures and classes, against counts known beforehand."""

import math

import pytest
import torch

from equipoise.core.errors import UserError
from equipoise.metrics import Coverage, class_coverage, mode_coverage

CENTRES = torch.cartesian_prod(*2 * [torch.arange(-4.0, 5.0, 2.0)])
STD = 0.05


def points_at(modes, count, std=STD, seed=0):
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.randint(modes, (count,), generator=generator)
    return CENTRES[chosen] + std * torch.randn(count, 2, generator=generator)


def test_a_perfect_generator_finds_all_and_has_the_gaussian_share_of_quality():
    coverage = mode_coverage(points_at(25, 20_000), CENTRES, STD)
    share = 1 - math.exp(-9 / 2)
    assert (coverage.num_found, coverage.num_modes) == (25, 25)
    assert coverage.high_quality == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / 20_000))


def test_a_collapsed_generator_finds_what_it_serves():
    coverage = mode_coverage(points_at(3, 2_500), CENTRES, STD)
    assert coverage.num_found == 3
    assert sum(coverage.counts[3:]) == 0


def test_the_border_is_three_standard_deviations():
    inside, outside = CENTRES[:1] + torch.tensor([2.99 * STD, 0]), CENTRES[:1] + torch.tensor([3.01 * STD, 0])
    assert mode_coverage(inside, CENTRES, STD).high_quality == 1
    assert mode_coverage(outside, CENTRES, STD) == Coverage((0,) * 25, 1)


def test_points_between_modes_or_nowhere_count_for_none():
    points = torch.tensor([[1.0, 1.0], [math.nan, 0.0], [math.inf, 0.0], [1e30, 0.0], [0.0, 0.0]])
    coverage = mode_coverage(points, CENTRES, STD)
    assert (coverage.num_found, coverage.high_quality) == (1, 0.2)


def test_batches_add_up_to_the_whole():
    points = points_at(25, 1_000)
    parts = [mode_coverage(batch, CENTRES, STD) for batch in points.split(300)]
    assert sum(parts[1:], parts[0]) == mode_coverage(points, CENTRES, STD)


def test_classes_are_those_of_the_largest_logit():
    logits = torch.eye(10)[torch.tensor([0, 0, 3, 9])] * 5
    assert class_coverage(logits) == Coverage((2, 0, 0, 1, 0, 0, 0, 0, 0, 1), 4)
    assert class_coverage(logits).num_found == 3
    assert class_coverage(logits).high_quality == 1


def test_misshapen_empty_and_undefined_inputs_are_refused():
    with pytest.raises(UserError, match="centres in 2 numbers"):
        mode_coverage(torch.zeros(5, 3), CENTRES, STD)
    with pytest.raises(UserError, match="at least 1 sample"):
        mode_coverage(torch.zeros(0, 2), CENTRES, STD)
    with pytest.raises(UserError, match="at least 1 sample"):
        class_coverage(torch.zeros(0, 10))
    with pytest.raises(UserError, match="logits hold NaN"):
        class_coverage(torch.full((2, 10), math.nan))
