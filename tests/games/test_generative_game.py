"""The game of a GAN: which terms reach whom, and that sharing forward passes changes nothing."""

import pytest
import torch
from torch import nn

from equipoise.config import GameSettings
from equipoise.core.batches import Batch
from equipoise.core.seeding import Streams
from equipoise.games import OBJECTIVES, PENALTIES, build_game


class Unconditional(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, inputs, labels=None):
        return self.layers(inputs)


def make_game(**settings):
    torch.manual_seed(0)
    disc = Unconditional(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1), nn.Flatten(0)).double()
    gen = Unconditional(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 2)).double()
    game = build_game(GameSettings(latent_dim=3, **settings), disc, gen)
    game.sample_latents = lambda num, generator: torch.randn(num, 3, generator=generator, dtype=torch.float64)
    return game


BATCH = Batch(torch.randn(6, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64))


def has_gradient(loss, module):
    gradients = torch.autograd.grad(loss, list(module.parameters()), allow_unused=True, retain_graph=True)
    return any(gradient is not None and gradient.abs().sum() > 0 for gradient in gradients)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_shared_passes_give_the_terms_and_gradients_of_separate_ones(objective):
    game = make_game(objective=objective, clip=1.0)
    move = game.generate(BATCH, Streams(0))
    disc, gen = game.terms(BATCH, move, Streams(0))
    disc_alone, gen_alone = game.disc_terms(BATCH, move, Streams(0)), game.gen_terms(BATCH, move, Streams(0))
    torch.testing.assert_close(disc.total, disc_alone.total, rtol=0, atol=0)
    torch.testing.assert_close(gen.total, gen_alone.total, rtol=0, atol=0)
    for shared, alone, module in ((disc, disc_alone, game.disc), (gen, gen_alone, game.gen)):
        parameters = list(module.parameters())
        expected = torch.autograd.grad(alone.total, parameters, retain_graph=True, allow_unused=True)
        found = torch.autograd.grad(shared.total, parameters, retain_graph=True, allow_unused=True)
        for one, other in zip(found, expected, strict=True):
            assert (one is None and other is None) or torch.allclose(one, other, atol=1e-14)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_each_loss_reaches_its_own_player(objective):
    game = make_game(objective=objective, clip=1.0)
    move = game.generate(BATCH, Streams(0))
    disc_loss = game.disc_terms(BATCH, move, Streams(0)).total
    assert has_gradient(disc_loss, game.disc)
    assert not has_gradient(disc_loss, game.gen)
    assert has_gradient(game.gen_terms(BATCH, move, Streams(0)).total, game.gen)


@pytest.mark.parametrize("penalty", PENALTIES)
def test_the_penalty_is_apart_and_weighted(penalty):
    light, heavy = (make_game(penalty=penalty, penalty_weight=weight) for weight in (1.0, 3.0))
    move = light.generate(BATCH, Streams(0)).detach()
    one, three = (game.disc_terms(BATCH, move, Streams(0)) for game in (light, heavy))
    torch.testing.assert_close(three.penalty, 3 * one.penalty)
    torch.testing.assert_close(one.adversarial, three.adversarial, rtol=0, atol=0)
    torch.testing.assert_close(one.total, one.adversarial + one.penalty)


def test_clipping_bounds_every_weight():
    game = make_game(objective="wasserstein", clip=0.01)
    game.constrain_disc()
    assert max(weight.abs().max().item() for weight in game.disc.parameters()) <= 0.01


@pytest.mark.parametrize(("latents", "low", "high"), [("normal", -6, 6), ("uniform", -1, 1)])
def test_latents(latents, low, high):
    game = build_game(GameSettings(latents=latents, latent_dim=5), nn.Identity(), nn.Identity())
    drawn = game.sample_latents(4000, torch.Generator().manual_seed(0))
    assert drawn.shape == (4000, 5)
    assert drawn.min() >= low
    assert drawn.max() <= high
    assert drawn.std().item() == pytest.approx(1.0 if latents == "normal" else 3**-0.5, rel=0.02)


def test_labels_of_the_batch_reach_both_networks():
    seen = []

    class Recorder(nn.Linear):
        def forward(self, inputs, labels=None):
            seen.append(labels)
            return super().forward(inputs).squeeze(1)

    game = build_game(GameSettings(latent_dim=2), Recorder(1, 1), Recorder(2, 1))
    game.gen.forward = lambda inputs, labels=None: (seen.append(labels), inputs[:, :1])[1]
    batch = Batch(torch.randn(4, 1), torch.arange(4))
    game.disc_terms(batch, game.generate(batch, Streams(0)), Streams(0))
    assert len(seen) == 3
    assert all(labels is batch.labels for labels in seen)


def test_odd_combinations_warn():
    normalised = Unconditional(nn.Linear(2, 2), nn.BatchNorm1d(2))
    with pytest.warns(UserWarning, match="batch normalisation"):
        build_game(GameSettings(penalty="r1"), normalised, nn.Identity())
    with pytest.warns(UserWarning, match="Nothing bounds the slope"):
        build_game(GameSettings(objective="wasserstein"), nn.Linear(1, 1), nn.Identity())
