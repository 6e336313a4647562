"""The mode error by closed forms and by drawing from the mixture itself."""

import math

import pytest
import torch

from equipoise.data.mixtures import Mixture, grid_centres
from equipoise.metrics import Coverage, mode_coverage
from equipoise.training.measuring.judging import mode_error

OUTSIDE = math.exp(-4.5)


def test_closed_forms():
    assert mode_error(Coverage((0, 0), 10)) == pytest.approx(1 - OUTSIDE)
    one_of_four = mode_error(Coverage((1000, 0, 0, 0), 1000))
    assert one_of_four == pytest.approx(1 - (1 - OUTSIDE) / 4)
    assert mode_error(Coverage((500, 500), 1000)) == pytest.approx(OUTSIDE)


def test_the_mixture_itself_is_at_the_noise_of_counting():
    mixture = Mixture("grid", grid_centres(), 0.05)
    points = mixture.sample(10_000, torch.Generator().manual_seed(0)).examples
    error = mode_error(mode_coverage(points, mixture.centres, mixture.std))
    assert error == pytest.approx(0.4 * math.sqrt(25 / 10_000), rel=0.4)


def test_an_even_ring_is_far_although_its_moments_are_right():
    from equipoise.data.mixtures import ring_centres
    from equipoise.metrics import Moments, frechet_distance

    mixture = Mixture("ring", ring_centres(), 0.05)
    real = mixture.sample(10_000, torch.Generator().manual_seed(0)).examples
    angle = torch.rand(10_000, generator=torch.Generator().manual_seed(1)) * 2 * math.pi
    even = 2 * torch.stack([angle.cos(), angle.sin()], dim=1)
    assert frechet_distance(Moments.from_features(even), Moments.from_features(real)) < 0.01
    assert mode_error(mode_coverage(even, mixture.centres, mixture.std)) > 0.5
