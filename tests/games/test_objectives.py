"""The conformance suite of objectives: every entry of OBJECTIVES goes through all of it."""

import math
import typing

import pytest
import torch

from equipoise.config.games import ObjectiveName
from equipoise.games import OBJECTIVES, PENALTIES

pytestmark = pytest.mark.parametrize("objective", OBJECTIVES.values(), ids=OBJECTIVES.keys())


def scores(seed: int, num: int = 7) -> torch.Tensor:
    return torch.randn(num, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_is_registered_under_its_name_and_known_to_the_settings(objective):
    assert OBJECTIVES[objective.name] is objective
    assert objective.name in typing.get_args(ObjectiveName)


def test_ideal_values_at_optimal_scores(objective):
    optimal = torch.full((5,), objective.optimal_score, dtype=torch.float64)
    assert objective.disc_loss(optimal, optimal).item() == pytest.approx(objective.ideal_disc_loss, abs=1e-12)
    if objective.ideal_gen_loss is not None:
        assert objective.gen_loss(optimal, optimal).item() == pytest.approx(objective.ideal_gen_loss, abs=1e-12)


def test_no_scores_beat_the_ideal_while_the_distributions_are_equal(objective):
    """P_g = P_r means that every score is as likely real as fake: all pairs of one sample with itself."""
    for seed in range(20):
        sample = 3 * scores(seed)
        real, fake = (grid.flatten() for grid in torch.meshgrid(sample, sample, indexing="ij"))
        assert objective.disc_loss(real, fake).item() >= objective.ideal_disc_loss - 1e-12


def test_gradients_agree_with_finite_differences(objective):
    real, fake = scores(0).requires_grad_(), scores(1).requires_grad_()
    assert torch.autograd.gradcheck(objective.disc_loss, (real, fake))
    assert torch.autograd.gradcheck(lambda fake: objective.gen_loss(fake, real.detach()), (fake,))


def test_terms_are_means_over_the_batch(objective):
    real, fake = scores(0), scores(1)
    for loss in (objective.disc_loss, lambda real, fake: objective.gen_loss(fake, real)):
        assert loss(real, fake).shape == ()
        torch.testing.assert_close(loss(torch.cat([real, real]), torch.cat([fake, fake])), loss(real, fake))


def test_disc_loss_is_the_sum_of_a_real_and_a_fake_term_unless_paired(objective):
    real, fake = scores(0), scores(1)
    mixed = objective.disc_loss(real, fake) + objective.disc_loss(fake, real)
    apart = objective.disc_loss(real, real) + objective.disc_loss(fake, fake)
    assert torch.allclose(mixed, apart) != objective.gen_reads_real_scores


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("real_sign", [-1, 1])
@pytest.mark.parametrize("fake_sign", [-1, 1])
def test_extreme_logits_give_finite_losses_and_gradients(objective, dtype, real_sign, fake_sign):
    real = torch.full((4,), real_sign * 1e4, dtype=dtype, requires_grad=True)
    fake = torch.full((4,), fake_sign * 1e4, dtype=dtype, requires_grad=True)
    for loss in (objective.disc_loss(real, fake), objective.gen_loss(fake, real)):
        assert math.isfinite(loss.item())
        gradients = torch.autograd.grad(loss, (real, fake), allow_unused=True)
        assert all(gradient.isfinite().all() for gradient in gradients if gradient is not None)


def test_each_player_wants_what_it_should(objective):
    """The discriminator gains by raising real and lowering fake scores, the generator by raising its own."""
    real = torch.zeros(4, dtype=torch.float64, requires_grad=True)
    fake = torch.zeros(4, dtype=torch.float64, requires_grad=True)
    on_real, on_fake = torch.autograd.grad(objective.disc_loss(real, fake), (real, fake))
    assert (on_real < 0).all()
    assert (on_fake > 0).all() or objective.name == "least-squares"  # least squares: score 0 is its target for fakes
    (on_fake,) = torch.autograd.grad(objective.gen_loss(fake, real), fake)
    assert (on_fake < 0).all()


def test_penalties_of_the_settings_are_those_of_the_registry(objective):
    from equipoise.config.games import PenaltyName

    assert {"none", *PENALTIES} == set(typing.get_args(PenaltyName))
