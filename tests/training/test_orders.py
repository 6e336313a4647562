"""Update orders on games whose iterates are known in closed form, and that they count and draw as they say."""

import itertools

import pytest
import torch
from torch import nn

from equipoise.core.batches import Batch
from equipoise.core.seeding import Streams
from equipoise.games import Game, LossTerms
from equipoise.training.orders import ORDERS, Match
from equipoise.training.player import Player


class Number(nn.Module):
    def __init__(self, value):
        super().__init__()
        self.value = nn.Parameter(torch.tensor(value, dtype=torch.float64))


class Bilinear(Game[torch.Tensor]):
    """gen minimises x y, disc minimises -x y; the move is x itself, so that its graph must be there when needed."""

    ideal_disc_loss = ideal_gen_loss = None

    def __init__(self):
        self.disc, self.gen = Number(0.0), Number(1.0)
        self.num_moves = 0

    def generate(self, batch, streams):
        self.num_moves += 1
        return self.gen.value * 1

    def disc_terms(self, batch, move, streams):
        return LossTerms(-move.detach() * self.disc.value)

    def gen_terms(self, batch, move, streams):
        return LossTerms(move * self.disc.value)


def make_match(lr=0.1):
    game = Bilinear()
    players = [
        Player(module, torch.optim.SGD(module.parameters(), lr=lr), lambda step: 1.0)
        for module in (game.disc, game.gen)
    ]
    batches = (Batch(torch.zeros(1)) for _ in itertools.count())
    return Match(game, *players, batches, Streams(0), torch.enable_grad)


def play(name, num_rounds, num_disc_steps=1, lr=0.1):
    match = make_match(lr)
    order = ORDERS[name](num_disc_steps)
    for _ in range(num_rounds):
        order.play(match)
    return match


def point(match):
    return match.game.gen.value.item(), match.game.disc.value.item()


def test_one_round_by_hand():
    assert point(play("simultaneous", 1)) == (1.0, 0.1)
    assert point(play("alternating", 1)) == pytest.approx((1.0 - 0.1 * 0.1, 0.1), abs=1e-15)
    assert point(play("alternating-gen-first", 2)) == pytest.approx((0.99, 0.1 + 0.1 * 0.99), abs=1e-15)


def test_simultaneous_descent_grows_the_bilinear_game_by_a_known_factor():
    x, y = point(play("simultaneous", 50))
    assert x * x + y * y == pytest.approx((1 + 0.1**2) ** 50, rel=1e-12)


@pytest.mark.parametrize("name", ["alternating", "alternating-gen-first"])
def test_alternating_descent_stays_bounded_on_the_bilinear_game(name):
    match = make_match()
    order, radii = ORDERS[name](), []
    for _ in range(1000):
        order.play(match)
        x, y = point(match)
        radii.append(x * x + y * y)
    assert 0.9 < min(radii) <= max(radii) < 1.12


@pytest.mark.parametrize("name", ORDERS)
@pytest.mark.parametrize("num_disc_steps", [1, 3])
def test_updates_are_counted(name, num_disc_steps):
    match = play(name, 4, num_disc_steps)
    assert match.disc.num_updates == 4 * num_disc_steps
    assert match.gen.num_updates == 4


def test_the_generated_batch_is_used_again_where_the_order_allows_it():
    assert play("alternating", 5).game.num_moves == 5
    assert play("simultaneous", 5).game.num_moves == 5
    assert play("alternating-gen-first", 5).game.num_moves == 10
    assert play("alternating", 5, num_disc_steps=3).game.num_moves == 15


@pytest.mark.parametrize("name", ORDERS)
def test_no_gradient_is_left_on_the_opponent(name):
    match = make_match()
    seen = []

    class Spy(torch.optim.SGD):
        def step(self):
            other = match.game.gen if self is match.disc.optimizer else match.game.disc
            seen.append(other.value.grad)
            super().step()

    for player in (match.disc, match.gen):
        player.optimizer = Spy(player.parameters, lr=0.1)
    ORDERS[name]().play(match)
    assert seen[0] is None
    assert len(seen) == (4 if name == "extragradient" else 2)  # each of its extrapolations is an optimiser's step too
