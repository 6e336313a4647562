"""Ideal values of changed objectives: by closed form, and by the numerical helper, which no derivation goes into."""

import math

import pytest
import torch
from torch.nn import functional

from equipoise.config import GameSettings
from equipoise.core.errors import IgnoredSettingWarning, UserError
from equipoise.games import OBJECTIVES, build_objective, ideal_value, smoothed

TARGETS = ["minimax", "nonsaturating", "least-squares"]


@pytest.mark.parametrize("objective", OBJECTIVES.values(), ids=OBJECTIVES)
def test_the_helper_finds_every_registered_value(objective):
    assert ideal_value(objective.disc_loss) == pytest.approx(objective.ideal_disc_loss, abs=1e-9)


@pytest.mark.parametrize("factor", [0.5, 3.0])
@pytest.mark.parametrize("objective", OBJECTIVES.values(), ids=OBJECTIVES)
def test_scaled_losses_scale_their_ideal_values(objective, factor):
    scaled = objective.scaled(factor)
    real, fake = torch.tensor([1.0, -2.0]), torch.tensor([0.5, 3.0])
    torch.testing.assert_close(scaled.disc_loss(real, fake), factor * objective.disc_loss(real, fake))
    torch.testing.assert_close(scaled.gen_loss(fake, real), factor * objective.gen_loss(fake, real))
    assert ideal_value(scaled.disc_loss) == pytest.approx(scaled.ideal_disc_loss, abs=1e-9)
    expected = objective.ideal_gen_loss and pytest.approx(factor * objective.ideal_gen_loss)
    assert scaled.ideal_gen_loss == expected


def test_halved_values_of_the_literature():
    assert OBJECTIVES["nonsaturating"].scaled(0.5).ideal_disc_loss == pytest.approx(math.log(2))
    assert OBJECTIVES["least-squares"].scaled(0.5).ideal_disc_loss == 0.25


@pytest.mark.parametrize("target", [0.9, 0.7, 0.3])
@pytest.mark.parametrize("name", TARGETS)
def test_smoothed_labels(name, target):
    objective = smoothed(OBJECTIVES[name], target)
    assert ideal_value(objective.disc_loss) == pytest.approx(objective.ideal_disc_loss, abs=1e-9)
    optimal = torch.full((3,), objective.optimal_score, dtype=torch.float64)
    assert objective.disc_loss(optimal, optimal).item() == pytest.approx(objective.ideal_disc_loss, abs=1e-12)
    assert objective.gen_loss(optimal, None).item() == pytest.approx(objective.ideal_gen_loss, abs=1e-12)


def test_smoothed_cross_entropy_against_torch_s_own():
    objective, real, fake = smoothed(OBJECTIVES["minimax"], 0.9), torch.randn(50), torch.randn(50)
    entropy = functional.binary_cross_entropy_with_logits
    expected = entropy(real, torch.full_like(real, 0.9)) + entropy(fake, torch.zeros_like(fake))
    torch.testing.assert_close(objective.disc_loss(real, fake), expected)
    assert objective.ideal_disc_loss == pytest.approx(1.376278, abs=1e-6)  # at D = 0.45


def test_a_target_of_one_is_the_objective_itself():
    for name in TARGETS:
        one, other = smoothed(OBJECTIVES[name], 1.0), OBJECTIVES[name]
        assert one.ideal_disc_loss == pytest.approx(other.ideal_disc_loss, abs=1e-15)
        assert build_objective(GameSettings(objective=name)) is other


def test_settings_smooth_labels_where_there_are_any():
    assert build_objective(GameSettings(real_target=0.9)).ideal_disc_loss == pytest.approx(1.376278, abs=1e-6)
    with pytest.warns(IgnoredSettingWarning, match=r"real_target=0\.9 is ignored because objective is 'hinge'"):
        settings = GameSettings(objective="hinge", real_target=0.9)
    assert build_objective(settings) is OBJECTIVES["hinge"]


@pytest.mark.parametrize(("name", "target"), [("hinge", 0.9), ("minimax", 0.0), ("minimax", 1.1)])
def test_smoothing_that_has_no_meaning(name, target):
    with pytest.raises(UserError, match="real_target"):
        smoothed(OBJECTIVES[name], target)


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (lambda real, fake: -real.mean(), "no least value"),
        (lambda real, fake: real.mean() + fake.mean(), "no least value"),
        (lambda real, fake: real.mean().log(), "not finite"),
    ],
)
def test_losses_without_an_ideal_value(loss, words):
    with pytest.raises(UserError, match=words):
        ideal_value(loss)


def test_an_optimum_far_from_zero_is_found():
    assert ideal_value(lambda real, fake: ((real - 321.7).square() + 2.5).mean()) == pytest.approx(2.5, abs=1e-6)
