"""Products with the Jacobian and the Hessians against closed forms and dense matrices by torch.func, in float64."""

import numpy as np
import pytest
import torch
from torch.func import functional_call, grad, jacrev

from equipoise.core.batches import Batch
from equipoise.core.seeding import Streams
from equipoise.games import ANALYTIC_GAMES, OBJECTIVES, AnalyticGame, DiracGan, GenerativeGame, LossTerms, QuadraticGame
from equipoise.games.penalties import PENALTIES
from equipoise.training.diagnosis.linearise import Linearisation

EMPTY = Batch(torch.empty(1, 0))


def matrix(product, size):
    return np.stack([product(row) for row in np.eye(size)], axis=1)


def closed_form(game):
    return game.jacobian(game.disc.value.detach(), game.gen.value.detach()).detach().numpy()


@pytest.mark.parametrize("kind", ANALYTIC_GAMES)
def test_the_jacobian_of_every_analytic_game_is_its_closed_form(kind):
    game = ANALYTIC_GAMES[kind](noise=0.0)
    near = Linearisation(game, [EMPTY], Streams(0))
    dense, m = closed_form(game), near.num_disc
    np.testing.assert_allclose(matrix(near.transposed, near.size).T, dense, atol=1e-12)
    np.testing.assert_allclose(matrix(near.disc_hessian, m), dense[:m, :m], atol=1e-12)
    np.testing.assert_allclose(matrix(near.gen_hessian, near.num_gen), dense[m:, m:], atol=1e-12)
    np.testing.assert_allclose(near.field, game.field(game.disc.value, game.gen.value).detach().numpy(), atol=1e-12)


def test_players_of_different_sizes_and_general_couplings():
    draw = torch.Generator().manual_seed(1)
    p, q = (torch.randn(n, n, generator=draw, dtype=torch.float64) for n in (3, 2))
    a, b = (torch.randn(3, 2, generator=draw, dtype=torch.float64) for _ in range(2))
    game = QuadraticGame(p + p.T, a, q + q.T, b)
    near = Linearisation(game, [EMPTY], Streams(0))
    np.testing.assert_allclose(matrix(near.transposed, 5).T, closed_form(game), atol=1e-12)


@pytest.mark.parametrize("penalty", [None, "r1", "r2", "gradient"])
def test_the_dirac_gan_with_penalties(penalty):
    game = DiracGan("nonsaturating", penalty, disc_start=0.7, gen_start=-0.4)
    near = Linearisation(game, [EMPTY], Streams(0))
    np.testing.assert_allclose(matrix(near.transposed, 2).T, closed_form(game), atol=1e-12)


class TinyNet(torch.nn.Module):
    """Smooth, so that second derivatives are seen; examples of the plane."""

    def __init__(self, inputs, outputs, draw):
        super().__init__()
        self.first = torch.nn.Linear(inputs, 4, dtype=torch.float64)
        self.last = torch.nn.Linear(4, outputs, dtype=torch.float64)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=draw, dtype=torch.float64))
        self.squeezes = outputs == 1

    def forward(self, examples, labels=None):
        found = self.last(torch.tanh(self.first(examples)))
        return found.squeeze(1) if self.squeezes else found


def tiny_game(objective="nonsaturating", penalty=None):
    draw = torch.Generator().manual_seed(0)
    return GenerativeGame(
        TinyNet(2, 1, draw),
        TinyNet(3, 2, draw),
        OBJECTIVES[objective],
        lambda number, generator: torch.randn(number, 3, generator=generator, dtype=torch.float64),
        penalty=None if penalty is None else PENALTIES[penalty],
        penalty_weight=0.3,
    )


def plane(number=6, seed=3):
    return Batch(torch.randn(number, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64))


def dense_jacobian(game, batch, seed):
    """By torch.func, with losses written out here: an implementation of its own."""
    names = [list(dict(net.named_parameters())) for net in (game.disc, game.gen)]
    shapes = [[p.shape for p in net.parameters()] for net in (game.disc, game.gen)]
    point = torch.cat([p.detach().reshape(-1) for net in (game.disc, game.gen) for p in net.parameters()])
    streams = Streams(seed)
    latents = game.sample_latents(len(batch.examples), streams["latents"])
    weights = torch.rand(len(batch.examples), 1, dtype=torch.float64, generator=streams["penalty"])
    num_disc = sum(p.numel() for p in game.disc.parameters())

    def as_dict(flat, which):
        parts = flat.split([shape.numel() for shape in shapes[which]])
        return {name: part.view(shape) for name, part, shape in zip(names[which], parts, shapes[which], strict=True)}

    def losses(disc, gen):
        d, g = as_dict(disc, 0), as_dict(gen, 1)
        fake = functional_call(game.gen, g, (latents,))

        def score(x):
            return functional_call(game.disc, d, (x,))

        def slopes(x):
            return grad(lambda y: score(y).sum())(x).square().sum(1)

        real = batch.examples
        disc_loss = game.objective.disc_loss(score(real), score(fake))
        if game.penalty is PENALTIES["r1"]:
            disc_loss = disc_loss + 0.3 * slopes(real).mean() / 2
        if game.penalty is PENALTIES["r2"]:
            disc_loss = disc_loss + 0.3 * slopes(fake).mean() / 2
        if game.penalty is PENALTIES["gradient"]:
            between = real + weights * (fake - real)
            disc_loss = disc_loss + 0.3 * (slopes(between).sqrt() - 1).square().mean()
        return disc_loss, game.objective.gen_loss(score(fake), score(real))

    def field(flat):
        disc, gen = flat[:num_disc], flat[num_disc:]
        of_disc = grad(lambda d: losses(d, gen)[0])(disc)
        of_gen = grad(lambda g: losses(disc, g)[1])(gen)
        return torch.cat([of_disc, of_gen])

    return field(point).numpy(), jacrev(field)(point).numpy()


@pytest.mark.parametrize(
    ("objective", "penalty"),
    [*((name, None) for name in OBJECTIVES), *(("nonsaturating", name) for name in ("r1", "r2", "gradient"))],
)
def test_a_gan_of_small_networks_against_the_dense_jacobian(objective, penalty):
    """The penalties at generated points depend on the generator, and so does the discriminator's gradient."""
    game, batch = tiny_game(objective, penalty), plane()
    near = Linearisation(game, [batch], Streams(5))
    field, dense = dense_jacobian(game, batch, 5)
    m = near.num_disc
    np.testing.assert_allclose(near.field, field, atol=1e-12)
    np.testing.assert_allclose(matrix(near.transposed, near.size).T, dense, atol=1e-10)
    np.testing.assert_allclose(matrix(near.disc_hessian, m), dense[:m, :m], atol=1e-10)
    np.testing.assert_allclose(matrix(near.gen_hessian, near.num_gen), dense[m:, m:], atol=1e-10)


def test_batches_are_averaged():
    game, batches = tiny_game(), [plane(seed=1), plane(seed=2)]
    streams = Streams(0)
    apart = [Linearisation(game, [batch], streams) for batch in batches]
    both = Linearisation(game, batches, Streams(0))
    vector = np.linspace(-1, 1, both.size)
    np.testing.assert_allclose(both.field, (apart[0].field + apart[1].field) / 2, atol=1e-14)
    mean = (apart[0].transposed(vector) + apart[1].transposed(vector)) / 2
    np.testing.assert_allclose(both.transposed(vector), mean, atol=1e-14)


class Cusp(AnalyticGame):
    """|y|^1.5, whose gradient at 0 is 0 and whose second derivative there is not finite."""

    def terms_at(self, disc, gen):
        return LossTerms(disc.abs().pow(1.5).sum()), LossTerms(gen.square().sum())

    def jacobian(self, disc, gen):
        raise NotImplementedError


def test_second_derivatives_that_are_not_finite_are_an_error():
    near = Linearisation(Cusp([0.0], [1.0]), [EMPTY], Streams(0))
    np.testing.assert_array_equal(near.field, [0.0, 2.0])
    with pytest.raises(FloatingPointError, match="second derivatives"):
        near.transposed(np.array([1.0, 0.0]))
