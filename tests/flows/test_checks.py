"""Checks as functions: inequalities, contraction, stability, ratios, periods. Each against a closed form."""

import math

import pytest
import torch

from equipoise.core.errors import UserError
from equipoise.flows import BestResponse, GameFlow, Result, State, build_scheme, integrate
from equipoise.flows.checks import (
    LinearFlow,
    contraction_rate,
    evi_residuals,
    flow_matrix,
    growth,
    largest_excess,
    linear_stability,
    observed_order,
    separations,
    stabilising_ratios,
    turns,
)
from equipoise.flows.schemes import Reference
from equipoise.games import ANALYTIC_GAMES, OBJECTIVES, DiracGan, QuadraticGame, bilinear, quadratic

TURN = 2 * math.pi
ORIGIN = torch.zeros(1, dtype=torch.float64)


def comparisons(seed=0, number=12):
    draws = torch.randn(number, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return [State(*row.unsqueeze(1)) for row in 2 * draws]


# Evolution-variational inequalities


@pytest.mark.parametrize("name", ["minimising", "minimising-alternating", "implicit"])
@pytest.mark.parametrize(("curvature", "ratio"), [(0.0, 1.0), (0.3, 1.0), (0.3, 4.0)])
def test_proximal_schemes_keep_the_inequalities_at_any_step(name, curvature, ratio, turning):
    flow, scheme = turning(curvature, ratio), build_scheme(name, tolerance=1e-13)
    trajectory = integrate(flow, scheme, 0.4, 8.0)
    disc, gen = evi_residuals(flow, scheme, trajectory, comparisons(), curvature, curvature)
    assert disc.shape == gen.shape == (20, 12)
    assert max(disc.max(), gen.max()) <= 1e-11
    # Convexity is used up: with a larger modulus than the game has, the inequality fails.
    _, beyond = evi_residuals(flow, scheme, trajectory, comparisons(), curvature + 0.3, curvature + 0.3)
    assert beyond.max() > 0.01


@pytest.mark.parametrize("name", ["explicit", "alternating", "extragradient"])
def test_explicit_schemes_violate_the_inequalities_in_proportion_to_the_step(name, turning):
    flow, scheme, worst = turning(0.3), build_scheme(name), []
    for tau in (0.1, 0.05, 0.025):
        trajectory = integrate(flow, scheme, tau, 2.0)
        worst.append(
            max(part.max().item() for part in evi_residuals(flow, scheme, trajectory, comparisons(), 0.3, 0.3))
        )
    assert worst[0] > 0
    assert worst[1] / worst[0] == pytest.approx(0.5, abs=0.12)
    assert worst[2] / worst[1] == pytest.approx(0.5, abs=0.08)


# Contraction


@pytest.mark.parametrize(("disc", "gen"), [(0.25, 0.25), (0.1, 0.6), (0.0, 0.0)])
def test_solutions_approach_at_least_as_fast_as_convexity_promises(disc, gen, point):
    game = QuadraticGame([[gen]], [[1.0]], [[disc]], [[-1.0]])
    flow = GameFlow(game)
    pair = [integrate(flow, Reference(), 0.5, 12.0, start=point(*start)) for start in ((0.0, 1.0), (-1.0, 0.5))]
    apart, modulus = separations(flow, *pair), min(disc, gen)
    assert largest_excess(pair[0].times, apart, modulus) < 1e-9
    rate = contraction_rate(pair[0].times, apart)
    if disc == gen:
        assert rate == pytest.approx(2 * modulus, abs=1e-9)
    else:  # the mean of both moduli is felt, on average over a turn
        assert rate == pytest.approx(disc + gen, rel=0.1)


def test_the_ratio_enters_the_distance_that_contracts(point):
    flow = GameFlow(bilinear(), ratio=7.0)
    pair = [integrate(flow, Reference(), 0.3, 9.0, start=point(*start)) for start in ((0.0, 1.0), (-1.0, 0.5))]
    assert separations(flow, *pair) == pytest.approx([separations(flow, *pair)[0]] * 31, rel=1e-9)


# Stability


@pytest.mark.parametrize("name", ANALYTIC_GAMES)
@pytest.mark.parametrize("ratio", [0.3, 1.0, 8.0])
def test_the_linear_flow_is_the_flow_near_the_origin(name, ratio):
    game = ANALYTIC_GAMES[name]()
    jacobian, flow = game.jacobian(ORIGIN, ORIGIN), GameFlow(game, ratio)
    linear, size = LinearFlow(jacobian, 1, ratio), 1e-7
    near = State(size * linear.start.disc, -2 * size * linear.start.gen)
    torch.testing.assert_close(flow.velocity(near), linear.velocity(near), rtol=1e-5, atol=1e-14)
    vector = torch.cat(linear.velocity(near))
    torch.testing.assert_close(vector, flow_matrix(jacobian, 1, ratio) @ torch.cat(near))


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("gamma", [None, 0.4, 3.0])
@pytest.mark.parametrize("ratio", [1.0, 2.5])
def test_dirac_eigenvalues(objective, gamma, ratio):
    """Roots of l^2 + r gamma l + r f^2, f the slope of the objective at 0: by their sum and product."""
    game = DiracGan(objective, None if gamma is None else "r1", gamma or 1.0)
    slope = {"least-squares": 0.0, "hinge": 1.0, "wasserstein": 1.0}.get(objective, 0.5)
    found = linear_stability(game.jacobian(ORIGIN, ORIGIN), 1, ratio).eigenvalues
    assert complex(found.sum()) == pytest.approx(-ratio * (gamma or 0.0), abs=1e-13)
    assert complex(found.prod()) == pytest.approx(ratio * slope**2, abs=1e-13)
    if gamma is None:
        assert found.real.abs().max() < 1e-14
        assert found.imag.abs().tolist() == pytest.approx([math.sqrt(ratio) * slope] * 2, abs=1e-14)


def test_the_longest_stable_step_is_where_explicit_steps_begin_to_grow():
    jacobian = quadratic(0.5).jacobian(ORIGIN, ORIGIN)
    longest = linear_stability(jacobian, 1).longest_step
    assert longest == pytest.approx(0.8)
    scheme = build_scheme("explicit")
    assert growth(jacobian, 1, scheme, 0.999 * longest) < 1 < growth(jacobian, 1, scheme, 1.001 * longest)
    assert linear_stability(bilinear().jacobian(ORIGIN, ORIGIN), 1).longest_step == 0.0


def test_growth_of_the_reference_is_the_exponential():
    jacobian = quadratic(0.5).jacobian(ORIGIN, ORIGIN)
    assert growth(jacobian, 1, Reference(), 0.7) == pytest.approx(math.exp(-0.35), rel=1e-10)


def test_which_ratios_stabilise():
    """A concave generator (P = -1/2) with A = 2, B = -2, Q = 2: trace r 2 - 1/2 > 0 needs r > 1/4."""
    game = QuadraticGame()
    jacobian = game.jacobian(ORIGIN, ORIGIN)
    grid = [2.0**power for power in range(-6, 5)]
    flow = stabilising_ratios(lambda r: linear_stability(jacobian, 1, r).abscissa < 0, grid)
    assert flow == [(pytest.approx(0.25, rel=1e-5), 16.0)]
    scheme = build_scheme("explicit")
    ((low, high),) = stabilising_ratios(lambda r: growth(jacobian, 1, scheme, 0.1, r) < 1, grid)
    assert 0.25 < low < 0.6  # explicit steps need more damping than the flow,
    # and lose stability where the discriminator's own step is too long: det(I + M + ...) at eigenvalue -1
    assert high < 16.0
    assert growth(jacobian, 1, scheme, 0.1, high) == pytest.approx(1, abs=1e-5)


def test_turns_count_with_their_sense(turning):
    assert turns(integrate(turning(), Reference(), 0.5, 3 * TURN)) == pytest.approx(3, abs=0.05)
    dirac = integrate(GameFlow(DiracGan("wasserstein")), Reference(), 0.5, TURN)
    assert abs(turns(dirac)) == pytest.approx(1, abs=0.1)


def test_an_order_needs_three_steps_and_an_error(turning):
    with pytest.raises(UserError, match="three different"):
        observed_order(turning(), build_scheme("explicit"), 1.0, [10, 10, 20])


# Best response


def test_the_best_response_flow_of_the_quadratic_game_in_closed_form():
    """y* = x / l, so x' = -(l + 1/l) x."""
    flow = BestResponse(GameFlow(quadratic(0.5)), tolerance=1e-8)
    trajectory = integrate(flow, Reference(1e-9, 1e-9), 0.2, 1.0)
    assert trajectory.end.gen.item() == pytest.approx(math.exp(-2.5), rel=1e-6)
    assert trajectory.end.disc.item() == pytest.approx(2 * math.exp(-2.5), rel=1e-6)


@pytest.mark.parametrize("name", ["explicit", "alternating", "minimising", "minimising-alternating", "extragradient"])
def test_every_scheme_follows_the_best_response(name):
    flow = BestResponse(GameFlow(quadratic(0.5)), tolerance=1e-8)
    trajectory = integrate(flow, build_scheme(name, tolerance=1e-7), 0.01, 0.5, every=50)
    assert trajectory.result is Result.REACHED
    assert trajectory.end.gen.item() == pytest.approx(math.exp(-1.25), rel=0.05)


def test_a_large_ratio_tends_to_the_best_response():
    limit = integrate(BestResponse(GameFlow(quadratic(0.5)), 1e-8), Reference(1e-9, 1e-9), 1.0, 1.0).end.gen.item()
    gaps = [
        abs(integrate(GameFlow(quadratic(0.5), ratio), Reference(), 1.0, 1.0).end.gen.item() - limit)
        for ratio in (50, 100, 200)
    ]
    assert gaps[1] / gaps[0] == pytest.approx(0.5, abs=0.1)
    assert gaps[2] / gaps[1] == pytest.approx(0.5, abs=0.1)


def test_no_best_response_has_a_name():
    trajectory = integrate(BestResponse(GameFlow(bilinear())), build_scheme("explicit"), 0.1, 1.0)
    assert trajectory.result is Result.NO_BEST_RESPONSE
