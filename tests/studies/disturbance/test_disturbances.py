"""Each disturbance against its formula: level 0, means and variances, kernels, areas, fractions, angles."""

import math

import numpy as np
import pytest
import torch
from scipy.ndimage import map_coordinates

from equipoise.studies.disturbance.disturbances import (
    DISTURBANCES,
    NOISE_EXTREME,
    NUM_RECTANGLES,
    SWIRL_RADIUS,
    blur,
    contaminating,
    contamination,
    noise,
    rectangles,
    salt_and_pepper,
    swirl,
)


def draw(seed=0):
    return torch.Generator().manual_seed(seed)


def images(number=20, channels=3, height=16, width=16, seed=1):
    return torch.rand((number, channels, height, width), generator=draw(seed)) * 2 - 1


OTHERS = images(number=7, seed=2)
ALL = [*DISTURBANCES.values(), contaminating(OTHERS)]
each = pytest.mark.parametrize("disturbance", ALL, ids=lambda disturbance: disturbance.name)


def test_there_are_six_at_four_levels_from_zero():
    assert len(ALL) == 6
    for disturbance in ALL:
        assert len(disturbance.levels) == 4
        assert disturbance.levels[0] == 0
        assert list(disturbance.levels) == sorted(disturbance.levels)


@each
def test_level_zero_is_the_image_bit_for_bit(disturbance):
    before = images()
    assert torch.equal(disturbance(before, 0.0, draw()).view(torch.int32), before.view(torch.int32))


@each
def test_shape_range_and_input_are_kept(disturbance):
    for shape in ((5, 1, 8, 8), (5, 3, 9, 14)):
        given = torch.rand(shape, generator=draw(3)) * 2 - 1
        before = given.clone()
        apply = contaminating(given.flip(0)) if disturbance.name == "contamination" else disturbance
        for level in disturbance.levels[1:]:
            disturbed = apply(given, level, draw())
            assert disturbed.shape == given.shape
            assert disturbed.dtype == torch.float32
            assert disturbed.abs().max() <= 1
            assert torch.equal(given, before)


@each
def test_the_same_seed_disturbs_alike_and_every_level_does_something(disturbance):
    before = images()
    for level in disturbance.levels[1:]:
        once, again = (disturbance(before, level, draw(5)) for _ in range(2))
        assert torch.equal(once, again)
        assert not torch.equal(once, before)


def test_noise_has_the_mean_and_variance_of_its_formula():
    given = images(number=200)
    for level in (0.25, 0.5, 0.75):
        added = noise(given, level, draw()) - (1 - level) * given
        deviation = level / NOISE_EXTREME
        assert abs(added.mean()) < 4 * deviation / math.sqrt(added.numel())
        assert added.std().item() == pytest.approx(deviation, rel=4 / math.sqrt(2 * added.numel()))


def test_blur_of_a_point_is_a_gaussian_in_its_own_channel():
    point = torch.zeros(1, 3, 33, 33)
    point[0, 1, 16, 16] = 1
    blurred = blur(point, 2.0, draw())
    distance = torch.arange(33, dtype=torch.float64) - 16
    kernel = torch.exp(-(distance**2) / 8) * (distance.abs() <= 8)
    kernel /= kernel.sum()
    torch.testing.assert_close(blurred[0, 1], torch.outer(kernel, kernel).float(), atol=1e-7, rtol=0)
    assert blurred[0, [0, 2]].abs().max() == 0


def test_blur_keeps_the_mean_of_each_channel():
    given = images()
    torch.testing.assert_close(blur(given, 4.0, draw()).mean((2, 3)), given.mean((2, 3)), atol=1e-5, rtol=0)


@pytest.mark.parametrize("level", [0.25, 0.5, 0.75])
def test_rectangles_are_black_and_of_the_right_area(level, monkeypatch):
    given = torch.ones(300, 2, 16, 24)
    covered = rectangles(given, level, draw()) == -1
    one = round(level * 16) * round(level * 24)
    areas = covered[:, 0].sum((1, 2))
    assert areas.min() >= one
    assert areas.max() <= min(NUM_RECTANGLES * one, 16 * 24)
    assert torch.equal(covered[:, 0], covered[:, 1])
    monkeypatch.setattr("equipoise.studies.disturbance.disturbances.NUM_RECTANGLES", 1)
    alone = rectangles(given, level, draw()) == -1
    assert set(alone[:, 0].sum((1, 2)).tolist()) == {one}
    rows, columns = alone[:, 0].any(2), alone[:, 0].any(1)
    assert torch.equal(alone[:, 0], rows[:, :, None] & columns[:, None, :])


def test_rectangles_lie_anywhere_inside():
    covered = rectangles(torch.ones(2000, 1, 8, 8), 0.25, draw())[:, 0] == -1
    assert covered.any(0).all()
    share = covered.double().mean(0)
    assert share[0, 0] == pytest.approx(1 - (1 - 1 / 49) ** 5, abs=0.015)  # one of 7 x 7 places covers the corner


@pytest.mark.parametrize("shape", [(17, 17), (16, 24)])
def test_swirl_is_the_published_turn(shape):
    """Against scipy's interpolation at places computed pixel by pixel in plain Python."""
    height, width = shape
    given = images(number=1, channels=1, height=height, width=width)
    turned = swirl(given, 2.0, draw())[0, 0].double().numpy()
    both = [_swirled(given[0, 0].double().numpy(), 2.0 * side) for side in (1, -1)]
    errors = [np.abs(turned - other).max() for other in both]
    assert min(errors) < 1e-5
    assert max(errors) > 0.1


def _swirled(image, level):
    height, width = image.shape
    radius = SWIRL_RADIUS * min(height, width)
    places = np.empty((2, height, width))
    for row in range(height):
        for column in range(width):
            y, x = row - (height - 1) / 2, column - (width - 1) / 2
            angle = math.atan2(y, x) + level * math.exp(-5 * math.hypot(x, y) / (math.log(2) * radius))
            places[:, row, column] = (
                math.hypot(x, y) * math.sin(angle) + (height - 1) / 2,
                math.hypot(x, y) * math.cos(angle) + (width - 1) / 2,
            )
    return map_coordinates(image, places, order=1, mode="nearest")


def test_swirl_leaves_the_centre_and_hardly_moves_what_is_far():
    given = images(number=4, height=65, width=65)
    turned = swirl(given, 1.0, draw())
    assert torch.allclose(turned[:, :, 32, 32], given[:, :, 32, 32], atol=1e-6)
    smooth = torch.linspace(-1, 1, 65).expand(1, 1, 65, 65).contiguous()
    moved = (swirl(smooth, 1.0, draw()) - smooth).abs()[0, 0]
    assert moved[0, 0] < 0.05 * moved.max()


def test_swirl_turns_to_either_side():
    given = images(number=1).expand(40, -1, -1, -1)
    assert len(torch.unique(swirl(given, 2.0, draw()), dim=0)) == 2


@pytest.mark.parametrize("level", [0.1, 0.2, 0.3])
def test_salt_and_pepper_hits_its_fraction_in_all_channels(level):
    given = torch.zeros(200, 3, 32, 32)
    hit = salt_and_pepper(given, level, draw())
    assert torch.equal(hit[:, 0], hit[:, 1])
    assert torch.equal(hit[:, 0], hit[:, 2])
    number = hit[:, 0].numel()
    for colour in (-1.0, 1.0):
        share = (hit[:, 0] == colour).double().mean().item()
        assert share == pytest.approx(level / 2, abs=4 * math.sqrt(level / 2 / number))
    assert ((hit == 0) | (hit.abs() == 1)).all()


@pytest.mark.parametrize("level", [0.25, 0.5, 0.75])
def test_contamination_replaces_its_share_by_others(level):
    given = images(number=200)
    disturbed = contamination(OTHERS)(given, level, draw())
    kept = (disturbed == given).flatten(1).all(1)
    assert (~kept).sum() == round(level * 200)
    alien = disturbed[~kept]
    assert all(any(torch.equal(image, other) for other in OTHERS) for image in alien)
    assert 0.2 < kept[:100].double().mean() / (1 - level) < 1.8  # replaced all over, not in one piece
