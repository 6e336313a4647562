"""Particles: kernels against one another, the flow against its energies, transport against its closed form."""

import itertools
import math

import pytest
import torch

from equipoise.core.batches import Batch
from equipoise.core.errors import UserError
from equipoise.core.seeding import Streams
from equipoise.flows import (
    BestResponse,
    GameFlow,
    NetworkCriticFlow,
    NetworkFlow,
    ParticleGenerator,
    Result,
    State,
    build_scheme,
    integrate,
)
from equipoise.flows.particles import (
    KernelSpace,
    ParticleFlow,
    RandomFeatures,
    TransportFlow,
    optimal_targets,
    squared_wasserstein,
)
from equipoise.flows.schemes import Reference
from equipoise.games import OBJECTIVES, DiracGan, GenerativeGame


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def cloud(number, dim=2, seed=0):
    return torch.randn(number, dim, generator=seeded(seed), dtype=torch.float64)


def features(number=256, dim=2, bandwidths=(0.7, 1.5)):
    return RandomFeatures(dim, number, bandwidths, seeded(5))


SPACES = {"kernel": lambda: KernelSpace((0.7, 1.5), chunk=37), "features": features}


@pytest.mark.parametrize("space", SPACES)
def test_the_gradient_is_that_of_the_value(space):
    space = SPACES[space]()
    function = space.embed(cloud(9, seed=1), torch.linspace(-1, 2, 9, dtype=torch.float64))
    points = cloud(11, seed=2).requires_grad_()
    (expected,) = torch.autograd.grad(space.value(function, points).sum(), points)
    torch.testing.assert_close(space.gradient(function, points.detach()), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("space", SPACES)
def test_functions_reproduce_themselves(space):
    """<f, k * mu> is the integral of f: the reproducing property, by which disc and gen share one number."""
    space = SPACES[space]()
    weights = torch.full((8,), 1 / 8, dtype=torch.float64)
    function, points = space.embed(cloud(9, seed=1), torch.linspace(-1, 2, 9, dtype=torch.float64)), cloud(8, seed=3)
    integral = weights @ space.value(function, points)
    torch.testing.assert_close(space.inner(function, space.embed(points, weights)), integral, rtol=1e-12, atol=0)


def test_the_exact_kernel_is_the_formula_and_chunks_change_nothing():
    points, centres, coefficients = cloud(13), cloud(7, seed=1), torch.randn(7, generator=seeded(2)).double()
    squares = (points[:, None] - centres).square().sum(2)
    expected = sum((-squares / (2 * s**2)).exp() / 2 for s in (0.7, 1.5)) @ coefficients
    for chunk in (1, 20, 10**6):
        space = KernelSpace((0.7, 1.5), chunk)
        found = space.value(space.embed(centres, coefficients), points)
        torch.testing.assert_close(found, expected, rtol=1e-13, atol=1e-13)
    for chunk in (256, 700, 10**6):
        space, whole = RandomFeatures(2, 256, (1.0,), seeded(), chunk=chunk), RandomFeatures(2, 256, (1.0,), seeded())
        torch.testing.assert_close(space.embed(points, points[:, 0]), whole.embed(points, points[:, 0]))


def test_kernel_functions_do_not_store_the_same_points_twice():
    space, centres, weights = KernelSpace(), cloud(7), torch.ones(7, dtype=torch.float64)
    one = space.embed(centres, weights)
    both = one - 0.25 * one
    assert len(both.blocks) == 1
    assert both.coefficients.tolist() == [0.75] * 7
    assert len((one + space.embed(cloud(7), weights)).blocks) == 2


@pytest.mark.parametrize("number", [255, 1024, 4096])
def test_the_error_of_random_features_is_as_stated(number):
    space = RandomFeatures(2, number, (0.7, 1.5), seeded(1))
    root_mean_square, largest = space.error(cloud(150))
    assert 0.1 / math.sqrt(2 * number) < root_mean_square < 1.1 / math.sqrt(2 * number)
    assert largest < 6 / math.sqrt(2 * number)
    for point in cloud(20):
        one = space.embed(point[None], torch.ones(1, dtype=torch.float64))
        assert space.inner(one, one).item() == pytest.approx(1, abs=1e-12)


def particle_flow(space=None, damping=0.3, ratio=2.0, weights=None):
    return ParticleFlow(space or features(), cloud(40, seed=7) + 1, cloud(12, seed=8), damping, ratio, weights)


def test_velocities_are_gradients_of_the_energies():
    """In the coefficients for the critic; for the particles divided by their weights: the Wasserstein gradient."""
    weights = torch.linspace(1, 3, 12, dtype=torch.float64)
    flow = particle_flow(weights=weights / weights.sum())
    disc = torch.randn(512, generator=seeded(3), dtype=torch.float64).requires_grad_()
    gen = flow.start.gen.clone().requires_grad_()
    (disc_slope,) = torch.autograd.grad(flow.disc_energy(State(disc, gen.detach())), disc)
    (gen_slope,) = torch.autograd.grad(flow.gen_energy(State(disc.detach(), gen)), gen)
    state = State(disc.detach(), gen.detach())
    both = flow.velocity(state)
    for found in (flow.disc_velocity(state), both.disc):
        torch.testing.assert_close(found, -2.0 * disc_slope, rtol=1e-12, atol=1e-12)
    for found in (flow.gen_velocity(state), both.gen):
        torch.testing.assert_close(found, -gen_slope / flow.weights.unsqueeze(1), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["explicit", "alternating", "extragradient"])
def test_both_spaces_tell_the_same_story(name):
    """One frequency-rich approximation against the exact kernel: the paths differ by the error of the kernel."""
    spaces = (KernelSpace((1.0,)), RandomFeatures(2, 20_000, (1.0,), seeded()))
    ends = [integrate(particle_flow(space), build_scheme(name), 0.1, 1.0).end.gen for space in spaces]
    assert (ends[0] - ends[1]).abs().max() < 0.02
    assert (ends[0] - cloud(12, seed=8)).abs().max() > 0.1


@pytest.mark.parametrize("name", ["explicit", "alternating", "minimising", "implicit", "extragradient"])
def test_schemes_approach_the_particle_flow_at_first_order(name):
    flow, errors = particle_flow(features(64)), []
    exact = integrate(flow, Reference(1e-10, 1e-11), 1.0, 1.0).end
    for number in (10, 20, 40):
        end = integrate(flow, build_scheme(name), 1 / number, 1.0, every=number).end
        errors.append(sum(part.item() for part in flow.squared_distances(end, exact)) ** 0.5)
    assert errors[0] / errors[1] == pytest.approx(2, abs=0.35)
    assert errors[1] / errors[2] == pytest.approx(2, abs=0.2)


@pytest.mark.parametrize("space", SPACES)
def test_mass_is_conserved(space):
    weights = torch.rand(12, generator=seeded(), dtype=torch.float64)
    flow = particle_flow(SPACES[space](), weights=weights / weights.sum())
    before = flow.weights.clone()
    trajectory = integrate(flow, build_scheme("alternating"), 0.1, 3.0, every=30)
    assert trajectory.result is Result.REACHED
    assert torch.equal(flow.weights, before)
    constant = RandomFeatures(2, 8, (1e9,))  # a kernel so wide that it is 1 everywhere: it sees mass alone
    mass = constant.embed(trajectory.end.gen, flow.weights)
    assert constant.inner(mass, mass).item() == pytest.approx(1, abs=1e-12)


def test_the_best_response_is_the_witness_and_lowers_the_discrepancy():
    flow = particle_flow(damping=0.5)
    witness = flow.best_response(flow.start.gen)
    assert flow.disc_velocity(State(witness, flow.start.gen)).abs().max() < 1e-14
    trajectory = integrate(BestResponse(flow), build_scheme("explicit"), 0.02, 2.0)
    discrepancies = [flow.squared_discrepancy(state.gen).item() for state in trajectory.states]
    assert all(later < before for before, later in itertools.pairwise(discrepancies))
    with pytest.raises(UserError, match="damping above 0"):
        particle_flow(damping=0.0).best_response(flow.start.gen)


def test_growing_critics_and_implicit_schemes_do_not_go_together():
    with pytest.raises(UserError, match="random features"):
        integrate(particle_flow(KernelSpace()), build_scheme("implicit"), 0.1, 0.2)


def test_particles_that_leave_the_range_of_floats_are_a_named_outcome():
    flow = particle_flow(damping=-1e6, ratio=1e6)
    assert integrate(flow, build_scheme("explicit"), 1.0, 100.0).result is Result.DIVERGED


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"points": torch.zeros(3, 1)}, "same dimension"),
        ({"points": torch.zeros(3)}, "same dimension"),
        ({"weights": torch.ones(12).double()}, "summing to 1"),
        ({"weights": torch.ones(3).double() / 3}, "one weight"),
    ],
)
def test_clouds_that_do_not_fit_are_refused(arguments, words):
    given = {"data": cloud(5), "points": cloud(12)} | arguments
    with pytest.raises(UserError, match=words):
        ParticleFlow(features(), **given)
    with pytest.raises(UserError, match="bandwidths"):
        KernelSpace((0.0,))
    with pytest.raises(UserError, match=r"given as 1.0; give a sequence, such as \[1.0\]"):
        KernelSpace(1.0)
    with pytest.raises(UserError, match="at least one each"):
        RandomFeatures(2, 1, (1.0, 2.0))


# Transport


def test_the_line_flow_is_the_sorted_closed_form():
    points, data = 3 * cloud(50, 1, seed=1), cloud(50, 1, seed=2) + 4
    flow = TransportFlow(data, points)
    ranks = points.flatten().argsort().argsort()
    targets = data.flatten().sort().values[ranks][:, None]
    end = integrate(flow, Reference(), 0.5, 1.5).end.gen
    torch.testing.assert_close(end, targets + math.exp(-1.5) * (points - targets), rtol=0, atol=1e-10)
    explicit = integrate(flow, build_scheme("explicit"), 0.1, 1.5).end.gen
    torch.testing.assert_close(explicit, targets + 0.9**15 * (points - targets), rtol=0, atol=1e-12)
    proximal = integrate(flow, build_scheme("minimising"), 0.1, 1.5).end.gen
    torch.testing.assert_close(proximal, targets + 1.1**-15 * (points - targets), rtol=0, atol=1e-8)


def test_the_squared_distance_against_another_library():
    ot = pytest.importorskip("ot")
    for dim in (1, 2):
        one, other = cloud(30, dim), cloud(30, dim, seed=1) + 0.5
        expected = ot.emd2([], [], torch.cdist(one, other).square().numpy())
        assert squared_wasserstein(one, other).item() == pytest.approx(expected, rel=1e-9)
    with pytest.raises(UserError, match="equally many"):
        optimal_targets(cloud(3), cloud(4))


# Networks


def critic():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(2, 6), torch.nn.Tanh(), torch.nn.Linear(6, 1), torch.nn.Flatten(0))


class Scorer(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = critic()

    def forward(self, points, labels=None):
        return self.layers(points)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_network_critic_moves_particles_along_the_games_own_losses(objective):
    """With the Wasserstein objective a particle's velocity is the critic's gradient there, as in the kernel's flow."""
    points, data = cloud(16), cloud(16, seed=1)
    game = GenerativeGame(
        Scorer(), ParticleGenerator(points), OBJECTIVES[objective], lambda n, g: torch.zeros(n, 1), clip=0.5
    )
    flow = NetworkCriticFlow(game, lambda: Batch(data), lambda: Streams(0), ratio=3.0)
    state = flow.settle(flow.start)
    assert state.disc.abs().max() <= 0.5
    both = flow.velocity(state)
    torch.testing.assert_close(both.disc, flow.disc_velocity(state), rtol=1e-12, atol=1e-13)
    torch.testing.assert_close(both.gen, flow.gen_velocity(state), rtol=1e-12, atol=1e-13)
    if objective == "wasserstein":
        leaf = points.clone().requires_grad_()
        (slope,) = torch.autograd.grad(flow.write(state).disc(leaf).sum(), leaf)
        torch.testing.assert_close(both.gen.view(16, 2), slope, rtol=1e-12, atol=1e-13)
    later = integrate(flow, build_scheme("alternating"), 0.01, 0.1)
    assert later.result is Result.REACHED


def test_the_network_flow_of_two_points_is_the_games_flow():
    game = DiracGan("nonsaturating", "r1", 0.5, disc_start=0.4)
    network = NetworkFlow(game, lambda: Batch(torch.empty(1, 0)), lambda: Streams(0), ratio=2.0)
    plain = GameFlow(DiracGan("nonsaturating", "r1", 0.5, disc_start=0.4), ratio=2.0)
    ends = [integrate(flow, Reference(), 2.0, 2.0).end for flow in (network, plain)]
    torch.testing.assert_close(ends[0], ends[1], rtol=1e-10, atol=1e-10)
    assert network.disc_energy(ends[0]) == pytest.approx(plain.disc_energy(ends[1]).item(), rel=1e-9)
