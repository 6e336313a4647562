"""Orders that look ahead or back: whole sequences against linear recursions, reductions, and exact resumption."""

import contextlib
import copy
import itertools
import typing
import warnings

import pytest
import torch
from torch import nn

from equipoise.config import TrainingSettings
from equipoise.config.training import OrderName
from equipoise.core.batches import Batch
from equipoise.core.errors import IgnoredSettingWarning
from equipoise.core.seeding import Streams
from equipoise.core.tensors import pack, unpack
from equipoise.games import OBJECTIVES, GenerativeGame, QuadraticGame, bilinear, quadratic
from equipoise.training.orders import (
    ORDERS,
    Extragradient,
    JointGradient,
    Lookahead,
    Match,
    Optimistic,
    PastExtragradient,
    Simultaneous,
    build_order,
)
from equipoise.training.player import Player

DISC_RATE, GEN_RATE = 0.1, 0.06
EMPTY = Batch(torch.empty(1, 0))


class Counted:
    """Endless batches that know how many were taken."""

    def __init__(self, batch=EMPTY):
        self.batch, self.num_taken = batch, 0

    def __iter__(self):
        return self

    def __next__(self):
        self.num_taken += 1
        return self.batch


def make_match(game, optimizer=torch.optim.SGD, batch=EMPTY, **options):
    players = (
        Player(module, optimizer(module.parameters(), lr=rate, **options), lambda step: 1.0)
        for module, rate in ((game.disc, DISC_RATE), (game.gen, GEN_RATE))
    )
    return Match(game, *players, Counted(batch), Streams(0), contextlib.nullcontext)


def weights(match):
    parameters = (*match.disc.parameters, *match.gen.parameters)
    return torch.cat([parameter.detach().flatten() for parameter in parameters])


def trajectory(order, match, num_rounds=30):
    """The weights before the first round and after each one: (num_rounds + 1, m + n)."""
    points = [weights(match)]
    for _ in range(num_rounds):
        order.play(match)
        points.append(weights(match))
    return torch.stack(points)


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def make_game(name, noise=0.0):
    """Three dimensions against two, at a generic start."""
    start = {"disc_start": normal(2, seed=1), "gen_start": normal(3, seed=2), "noise": noise}
    coupling = normal(3, 2, seed=3)
    if name == "bilinear":
        return bilinear(coupling, **start)
    if name == "quadratic":
        return quadratic(0.3, coupling, **start)
    curvatures = (matrix @ matrix.T / 2 for matrix in (normal(3, 3, seed=4), normal(2, 2, seed=5)))
    gen_curvature, disc_curvature = curvatures
    return QuadraticGame(gen_curvature, coupling, disc_curvature, normal(3, 2, seed=6), **start)


GAMES = ["bilinear", "quadratic", "general-sum"]


def linear_parts(game):
    """h J with both rates, and its rows of the discriminator and of the generator alone."""
    rates = torch.tensor([DISC_RATE] * 2 + [GEN_RATE] * 3, dtype=torch.float64)
    step = rates[:, None] * game.jacobian(game.disc.value, game.gen.value)
    of_disc = (torch.arange(5) < 2)[:, None]
    return step, step * of_disc, step * ~of_disc


EYE = torch.eye(5, dtype=torch.float64)


# One matrix a round


@pytest.mark.parametrize("game", GAMES)
@pytest.mark.parametrize("num_disc_steps", [1, 3])
@pytest.mark.parametrize(
    ("order", "matrix"),
    [
        (ORDERS["alternating"], lambda step, disc, gen, extra: (EYE - gen) @ (EYE - disc) @ extra),
        (ORDERS["alternating-gen-first"], lambda step, disc, gen, extra: extra @ (EYE - disc) @ (EYE - gen)),
        (Simultaneous, lambda step, disc, gen, extra: (EYE - step) @ extra),
        (Extragradient, lambda step, disc, gen, extra: (EYE - step @ (EYE - step)) @ extra),
        (
            lambda num: Extragradient(num, extrapolation=2.5),
            lambda step, disc, gen, extra: (EYE - step @ (EYE - 2.5 * step)) @ extra,
        ),
    ],
    ids=["alternating", "alternating-gen-first", "simultaneous", "extragradient", "long-extragradient"],
)
def test_rounds_without_memory_are_powers_of_a_matrix(game, num_disc_steps, order, matrix):
    match = make_match(make_game(game))
    step, disc, gen = linear_parts(match.game)
    round_matrix = matrix(step, disc, gen, torch.linalg.matrix_power(EYE - disc, num_disc_steps - 1))
    points = trajectory(order(num_disc_steps), match)
    expected = torch.stack([torch.linalg.matrix_power(round_matrix, number) @ points[0] for number in range(31)])
    torch.testing.assert_close(points, expected, rtol=1e-11, atol=1e-13)


# Orders that remember


def optimistic_recursion(step, disc, point, num_disc_steps, num_rounds=30):
    """z <- z - h (2 F_n - F_(n-1)), each player with the gradient before its own update."""
    gen, previous, points = step - disc, step @ point, [point]
    for _ in range(num_rounds):
        for _ in range(num_disc_steps - 1):
            new = disc @ point
            point, previous = point - (2 * new - disc_part(previous)), new + gen_part(previous)
        new = (disc + gen) @ point
        if len(points) == 1:  # the generator's first gradient is at the point of its first update
            previous = disc_part(previous) + gen_part(new)
        point, previous = point - (2 * new - previous), new
        points.append(point)
    return torch.stack(points)


def disc_part(vector):
    return vector * (torch.arange(5) < 2)


def gen_part(vector):
    return vector * (torch.arange(5) >= 2)


@pytest.mark.parametrize("game", GAMES)
@pytest.mark.parametrize("num_disc_steps", [1, 3])
def test_optimistic_descent_against_its_recursion(game, num_disc_steps):
    match = make_match(make_game(game))
    step, disc, _ = linear_parts(match.game)
    expected = optimistic_recursion(step, disc, weights(match), num_disc_steps)
    torch.testing.assert_close(trajectory(Optimistic(num_disc_steps), match), expected, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("game", GAMES)
@pytest.mark.parametrize(("num_disc_steps", "length"), [(1, 1.0), (3, 1.0), (1, 0.4)])
def test_extrapolation_from_the_past_against_its_recursion(game, num_disc_steps, length):
    match = make_match(make_game(game))
    step, disc, _ = linear_parts(match.game)
    extra = torch.linalg.matrix_power(EYE - disc, num_disc_steps - 1)
    points, previous = [weights(match)], torch.zeros(5, dtype=torch.float64)
    for _ in range(30):
        point = extra @ points[-1]
        previous = step @ (point - length * previous)
        points.append(point - previous)
    found = trajectory(PastExtragradient(num_disc_steps, length), match)
    torch.testing.assert_close(found, torch.stack(points), rtol=1e-11, atol=1e-13)


def test_extrapolated_points_from_the_past_obey_the_optimistic_recursion():
    past, optimistic = make_match(make_game("general-sum")), make_match(make_game("general-sum"))
    seen = []
    terms = past.game.terms
    past.game.terms = lambda *arguments: (seen.append(weights(past)), terms(*arguments))[1]
    trajectory(PastExtragradient(), past)
    order = Optimistic()
    zeros = {"disc": (torch.zeros(2),), "gen": (torch.zeros(3),)}
    order.load_state_dict(zeros, optimistic)  # as before the past began
    torch.testing.assert_close(trajectory(order, optimistic, 29), torch.stack(seen), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("game", GAMES)
@pytest.mark.parametrize("weight", [0.3, 0.5, 1.0])
@pytest.mark.parametrize("every", [1, 4])
def test_lookahead_is_an_average_of_matrix_powers(game, weight, every):
    match = make_match(make_game(game))
    step, _, _ = linear_parts(match.game)
    fast = torch.linalg.matrix_power(EYE - step, every)
    slow = (1 - weight) * EYE + weight * fast
    points = trajectory(Lookahead(inner=Simultaneous, every=every, weight=weight), match)
    for number, point in enumerate(points):
        done, left = divmod(number, every)
        matrix = torch.linalg.matrix_power(EYE - step, left) @ torch.linalg.matrix_power(slow, done)
        torch.testing.assert_close(point, matrix @ points[0], rtol=1e-11, atol=1e-13)


# The bilinear game of two numbers


def radii(order, num_rounds=200, step=0.1):
    match = make_match(bilinear())
    for player in (match.disc, match.gen):
        player.base_rates = [step]
        player.set_step(0)
    return trajectory(order, match, num_rounds).norm(dim=1)


def test_distances_on_the_bilinear_game():
    ratio = radii(Simultaneous())[1:] / radii(Simultaneous())[:-1]
    torch.testing.assert_close(ratio, torch.full_like(ratio, (1 + 0.1**2) ** 0.5), rtol=1e-12, atol=0)
    extra = radii(Extragradient())
    torch.testing.assert_close(extra[1:] / extra[:-1], torch.full_like(ratio, (1 - 0.1**2 + 0.1**4) ** 0.5))
    slow = abs(0.5 + 0.5 * (1 + 0.1j) ** 5)  # < 1, although |1 + 0.1j| > 1
    assert radii(Lookahead(inner=Simultaneous))[200].item() == pytest.approx(slow**40, rel=1e-12)
    assert slow < 1


@pytest.mark.parametrize("order", [Optimistic, PastExtragradient])
def test_memory_shrinks_the_bilinear_game_by_the_larger_root(order):
    """With h J of eigenvalue ih, both recursions have the polynomial z^2 - (1 - 2ih) z - ih."""
    largest = max(abs(root) for root in quadratic_roots(-(1 - 0.2j), -0.1j))
    distances = radii(order(), 600)
    assert largest < 1
    assert (distances[600] / distances[400]).item() == pytest.approx(largest**200, rel=1e-9)


def quadratic_roots(b, c):
    root = (b * b - 4 * c) ** 0.5
    return (-b + root) / 2, (-b - root) / 2


# Reductions, with any optimiser

OPTIMIZERS = {
    "sgd": (torch.optim.SGD, {}),
    "momentum": (torch.optim.SGD, {"momentum": 0.9}),
    "adam": (torch.optim.Adam, {"betas": (0.5, 0.9)}),
    "fused adam": (torch.optim.Adam, {"betas": (0.0, 0.9), "fused": True}),
    "rmsprop": (torch.optim.RMSprop, {"momentum": 0.5, "centered": True}),
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize(
    ("order", "reduced"),
    [
        (lambda: Extragradient(extrapolation=0.0), Simultaneous),
        (lambda: PastExtragradient(2, extrapolation=0.0), lambda: Simultaneous(2)),
        (lambda: Lookahead(3, every=2, weight=1.0), lambda: ORDERS["alternating"](3)),
        (lambda: Lookahead(inner=Optimistic, every=1000), Optimistic),
    ],
)
def test_orders_reduce_to_plainer_ones_bit_for_bit(order, reduced, optimizer):
    kind, options = OPTIMIZERS[optimizer]
    matches = [make_match(make_game("general-sum"), kind, **options) for _ in range(2)]
    assert torch.equal(trajectory(order(), matches[0], 12), trajectory(reduced(), matches[1], 12))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_extragradient_is_a_trial_step_of_a_copy_of_everything(optimizer):
    kind, options = OPTIMIZERS[optimizer]
    match, order = make_match(make_game("general-sum"), kind, **options), Extragradient()
    for _ in range(6):
        by_hand = copy.deepcopy(match)
        trial = copy.deepcopy(by_hand)
        trial.apply(trial.joint_gradient(EMPTY)[1])
        by_hand.apply(trial.joint_gradient(EMPTY)[1])
        order.play(match)
        assert torch.equal(weights(match), weights(by_hand))


def test_the_optimiser_moves_on_once_a_round():
    match = make_match(make_game("bilinear"), torch.optim.Adam)
    trajectory(Extragradient(), match, 7)
    steps = [state["step"].item() for player in (match.disc, match.gen) for state in player.optimizer.state.values()]
    assert steps == [7, 7]


def test_an_extrapolation_leaves_no_trace_even_if_it_fails():
    class Stateful(torch.optim.SGD):
        """Keeps a number in its group, as some optimisers do."""

        def step(self):
            self.param_groups[0]["calls"] = self.param_groups[0].get("calls", 0) + 1
            super().step()

    player = make_match(make_game("bilinear"), Stateful, momentum=0.9).disc
    for _ in range(2):
        player.apply((normal(2),))
        before = copy.deepcopy((player.parameters, player.optimizer.state_dict()))
        with contextlib.suppress(ZeroDivisionError), player.extrapolated((torch.full((2,), torch.inf).double(),)):
            assert not player.parameters[0].isfinite().any()
            raise ZeroDivisionError
        assert torch.equal(player.parameters[0], before[0][0])
        torch.testing.assert_close(player.optimizer.state_dict(), before[1], rtol=0, atol=0)


@pytest.mark.parametrize("name", ORDERS)
def test_optimisers_may_overwrite_their_gradients(name):
    """In-place zeroing after the step turns an order that remembers references into plain descent."""

    class Zeroing(torch.optim.SGD):
        def step(self):
            super().step()
            self.zero_grad(set_to_none=False)

    plain, zeroing = (make_match(make_game("bilinear"), optimizer) for optimizer in (torch.optim.SGD, Zeroing))
    assert torch.equal(trajectory(ORDERS[name](), zeroing, 10), trajectory(ORDERS[name](), plain, 10))


# Counts, passes and constraints


@pytest.mark.parametrize("num_disc_steps", [1, 3])
@pytest.mark.parametrize("name", ORDERS)
def test_gradients_batches_and_updates_are_counted(name, num_disc_steps):
    match, order = make_match(make_game("bilinear")), ORDERS[name](num_disc_steps)
    trajectory(order, match, 4)
    looks = 4 if name == "extragradient" else 0
    assert (match.disc.num_updates, match.gen.num_updates) == (4 * num_disc_steps, 4)
    assert (match.disc.num_gradients, match.gen.num_gradients) == (4 * num_disc_steps + looks, 4 + looks)
    assert match.batches.num_taken == 4 * order.num_batches == 4 * num_disc_steps + looks


@pytest.mark.parametrize("name", ORDERS)
def test_the_generator_is_differentiated_only_where_it_will_move(name):
    match = make_match(make_game("bilinear"))
    generate, with_graph = match.game.generate, []

    def spy(batch, streams):
        move = generate(batch, streams)
        with_graph.append(move.requires_grad)
        return move

    match.game.generate = spy
    trajectory(ORDERS[name](3), match, 2)
    assert sum(with_graph) == match.gen.num_gradients


@pytest.mark.parametrize("name", ORDERS)
def test_the_discriminator_is_feasible_wherever_it_is_evaluated(name):
    match, order = make_match(make_game("general-sum")), ORDERS[name](2)
    game, norms = match.game, []

    def constrain():  # to a circle, which no average of two of its points lies on
        game.disc.value.data /= game.disc.value.data.norm()

    game.constrain_disc = constrain
    constrain()
    terms_at = game.terms_at
    game.terms_at = lambda disc, gen: (norms.append(disc.norm().item()), terms_at(disc, gen))[1]
    trajectory(order, match, 12)
    assert [*norms, game.disc.value.norm().item()] == pytest.approx([1.0] * (len(norms) + 1), abs=1e-12)


# Checkpoints, and networks


class Unconditional(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.Sequential(*layers)
        self.idle = nn.Parameter(torch.ones(2))

    def forward(self, inputs, labels=None):
        return self.layers(inputs)


def make_image_game():
    """A convolutional pair in channels_last with one idle parameter each, whose gradients are None."""
    generator = torch.Generator().manual_seed(0)
    disc = Unconditional(nn.Conv2d(2, 4, 3), nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(16, 1), nn.Flatten(0))
    gen = Unconditional(nn.Linear(3, 4), nn.Unflatten(1, (4, 1, 1)), nn.ConvTranspose2d(4, 2, 4), nn.Tanh())
    for parameter in (*disc.parameters(), *gen.parameters()):
        nn.init.normal_(parameter, std=0.3, generator=generator)
    for network in (disc, gen):
        network.to(memory_format=torch.channels_last)
    return GenerativeGame(
        disc, gen, OBJECTIVES["nonsaturating"], lambda num, draws: torch.randn(num, 3, generator=draws)
    )


MAKERS = {
    **ORDERS,
    "lookahead over optimistic": lambda num: Lookahead(num, Optimistic, every=3),
    "lookahead over past": lambda num: Lookahead(num, PastExtragradient, every=2, weight=0.7),
}
IMAGES = Batch(torch.randn(5, 2, 4, 4, generator=torch.Generator().manual_seed(1)))


def saved(match, order):
    state = [match.game.disc, match.game.gen, match.disc, match.gen, match.streams, order]
    tensors, skeleton = pack([part.state_dict() for part in state])
    return unpack({name: tensor.clone() for name, tensor in tensors.items()}, skeleton)


def load(match, order, state):
    for part, values in zip((match.game.disc, match.game.gen, match.disc, match.gen), state, strict=False):
        part.load_state_dict(values)
    match.streams.load_state_dict(state[4])
    order.load_state_dict(state[5], match)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("kind", ["noise", "images"])
def test_a_run_resumed_between_any_two_rounds_goes_on_bit_for_bit(kind, name, optimizer):
    def fresh():
        game, batch = (make_game("quadratic", noise=0.1), EMPTY) if kind == "noise" else (make_image_game(), IMAGES)
        return make_match(game, OPTIMIZERS[optimizer][0], batch, **OPTIMIZERS[optimizer][1]), MAKERS[name](2)

    (match, order), states, points = fresh(), [], []
    for _ in range(6):
        states.append(saved(match, order))
        points.append(weights(match))
        order.play(match)
    points.append(weights(match))
    assert points[-1].isfinite().all()
    for number, state in enumerate(states):
        other, resumed = fresh()
        resumed.play(other)  # a state that is in the way
        load(other, resumed, state)
        found = trajectory(resumed, other, 6 - number)
        assert torch.equal(found, torch.stack(points[number:]))
        assert other.disc.num_gradients == match.disc.num_gradients


@pytest.mark.parametrize("name", ORDERS)
def test_parameters_without_part_in_the_loss_are_left_alone(name):
    match = make_match(make_image_game(), torch.optim.Adam, IMAGES)
    before = match.game.disc.idle.detach().clone()
    trajectory(ORDERS[name](), match, 6)
    assert torch.equal(match.game.disc.idle, before)


def test_saved_states_do_not_change_as_the_run_goes_on():
    match, order = make_match(make_game("bilinear")), MAKERS["lookahead over past"](1)
    trajectory(order, match, 3)
    state = order.state_dict()
    before = copy.deepcopy(state)
    trajectory(order, match, 3)
    torch.testing.assert_close(state, before, rtol=0, atol=0)


@pytest.mark.parametrize("name", ["past-extragradient", "optimistic", "lookahead"])
def test_loaded_states_are_put_on_the_players_device(name):
    match, order = make_match(make_image_game(), torch.optim.SGD, IMAGES), ORDERS[name]()
    trajectory(order, match, 1)
    state = order.state_dict()
    for player in (match.disc, match.gen):
        player.parameters = [parameter.to("meta") for parameter in player.parameters]
    order.load_state_dict(state, match)
    tensors = pack(order.state_dict())[0].values()
    assert {tensor.device.type for tensor in tensors} == {"meta"}


# Settings


def names(literal):
    parts = (names(part) if typing.get_args(part) else [part] for part in typing.get_args(literal))
    return list(itertools.chain.from_iterable(parts))


def test_every_order_can_be_asked_for_and_is_built_with_its_settings():
    assert sorted(names(OrderName)) == sorted(ORDERS)
    for name in ORDERS:
        order = build_order(TrainingSettings(order=name, disc_steps=3))
        assert type(order) is ORDERS[name]
        assert order.num_disc_steps == 3
    order = build_order(
        TrainingSettings(
            order="lookahead",
            lookahead_over="extragradient",
            lookahead_every=7,
            lookahead_weight=0.8,
            extrapolation=2.0,
            disc_steps=2,
        )
    )
    assert (order.every, order.weight, order.inner.extrapolation) == (7, 0.8, 2.0)
    assert order.num_batches == order.inner.num_batches == 3


def test_settings_of_another_order_are_reported_as_ignored():
    with pytest.warns(IgnoredSettingWarning, match="lookahead_every=3 is ignored because order is 'optimistic'"):
        TrainingSettings(order="optimistic", lookahead_every=3)
    with pytest.warns(IgnoredSettingWarning, match="extrapolation"):
        TrainingSettings(extrapolation=2.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        TrainingSettings(order="past-extragradient", extrapolation=2.0)


def test_a_state_of_another_order_is_refused():
    with pytest.raises(AssertionError, match="Simultaneous remembers nothing"):
        Simultaneous().load_state_dict({"previous": JointGradient((), ())}, make_match(make_game("bilinear")))
