"""Every scheme: order on a smooth game, fixed points, the limit, results with a name. And the oracle table."""

import math

import pytest
import torch

from equipoise.core.errors import UserError
from equipoise.flows import SCHEMES, ClippedFlow, GameFlow, Result, State, build_scheme, integrate
from equipoise.flows.checks import LinearFlow, angles, distance, growth, observed_order, period, radius
from equipoise.flows.checks.invariants import drift
from equipoise.flows.integrate import is_finite
from equipoise.flows.schemes import Reference
from equipoise.games import ANALYTIC_GAMES, DiracGan, QuadraticGame, bilinear, quadratic

TURN = 2 * math.pi
DISCRETE = [name for name in SCHEMES if name != "reference"]


def exact_quadratic(curvature, time):
    """(disc, gen) at ``time`` of l/2 x^2 + xy - l/2 y^2 from x = 1, y = 0: a damped rotation."""
    shrunk = math.exp(-curvature * time)
    return shrunk * math.sin(time), shrunk * math.cos(time)


@pytest.mark.parametrize("name", SCHEMES)
def test_a_scheme_tends_to_the_flow_at_its_order(name, turning):
    """Against the closed form, on a damped rotation whose end is no full period."""
    flow, time = turning(0.25), 5.0
    exact = State(*(torch.tensor([value], dtype=torch.float64) for value in exact_quadratic(0.25, time)))
    scheme = build_scheme(name)
    if name == "reference":
        assert distance(flow, integrate(flow, scheme, time, time).end, exact) < 1e-11
        return
    order = observed_order(flow, scheme, time, [200, 400, 800], exact)
    assert abs(order.slope - scheme.order) < 0.05
    assert order.low <= order.slope <= order.high
    assert order.errors[-1] < 0.01


@pytest.mark.parametrize("name", SCHEMES)
@pytest.mark.parametrize("game", ANALYTIC_GAMES)
def test_a_scheme_keeps_the_equilibrium(name, game):
    flow = GameFlow(ANALYTIC_GAMES[game](), ratio=3.0)
    origin = State(*(torch.zeros_like(part) for part in flow.start))
    later = build_scheme(name).step(flow, origin, 0.01)
    assert all(part.abs().max() < 1e-12 for part in later)


@pytest.mark.parametrize("name", SCHEMES)
def test_a_scheme_keeps_shapes_types_and_its_argument(name):
    flow = GameFlow(bilinear([[1.0, 2.0], [0.5, -1.0], [3.0, 0.0]]))
    before = State(*(part.clone() for part in flow.start))
    later = build_scheme(name).step(flow, flow.start, 0.1)
    for part, old, kept in zip(later, before, flow.start, strict=True):
        assert (part.shape, part.dtype, part.requires_grad) == (old.shape, old.dtype, False)
        assert torch.equal(old, kept)


@pytest.mark.parametrize("name", SCHEMES)
@pytest.mark.parametrize("ratio", [0.2, 5.0])
def test_the_ratio_multiplies_the_discriminators_velocity_alone(name, ratio, turning):
    flow, plain = turning(0.25, ratio), turning(0.25)
    exact = integrate(flow, Reference(), 1.0, 1.0).end
    assert flow.disc_velocity(flow.start) == ratio * plain.disc_velocity(plain.start)
    assert flow.gen_velocity(exact) == plain.gen_velocity(exact)
    tau = 1.0 if name == "reference" else 1 / 200
    assert distance(flow, integrate(flow, build_scheme(name), tau, 1.0).end, exact) < 0.02


# The oracle table: E = l/2 x^2 + xy - l/2 y^2 from (1, 0), one turn. Errors of the table come from independent runs.

RADII = {
    "explicit": 1.2177,
    "minimising": 1.2177,
    "alternating": 1.0,
    "minimising-alternating": 1.0,
    "implicit": 0.8212,
}
ERRORS = {"explicit": 0.0055, "minimising": 0.0055, "alternating": 0.0013, "implicit": 0.0054}


@pytest.mark.parametrize("name", RADII)
def test_radius_after_a_turn_in_a_hundred_steps(name, turning):
    end = integrate(turning(), build_scheme(name), TURN / 100, TURN, every=100).end
    assert round(radius(end).item(), 4) == RADII[name]


@pytest.mark.parametrize("name", ERRORS)
def test_error_of_the_damped_turn_in_800_steps(name, turning):
    flow = turning(0.25)
    exact = State(torch.zeros(1).double(), torch.tensor([math.exp(-0.25 * TURN)], dtype=torch.float64))
    end = integrate(flow, build_scheme(name), TURN / 800, TURN, every=800).end
    assert round(distance(flow, end, exact), 4) == ERRORS[name]


@pytest.mark.parametrize("name", ["explicit", "minimising", "implicit", "extragradient"])
@pytest.mark.parametrize("tau", [0.05, 0.5])
def test_growth_on_the_bilinear_game_in_closed_form(name, tau, turning):
    factor = {
        "explicit": (1 + tau**2) ** 0.5,
        "minimising": (1 + tau**2) ** 0.5,
        "implicit": (1 + tau**2) ** -0.5,
        "extragradient": (1 - tau**2 + tau**4) ** 0.5,
    }[name]
    flow = turning()
    scheme = build_scheme(name, tolerance=1e-14)
    end = integrate(flow, scheme, tau, 60 * tau, every=60).end
    assert radius(end).item() == pytest.approx(factor**60, rel=1e-10)
    origin = torch.zeros(1, dtype=torch.float64)
    assert growth(bilinear().jacobian(origin, origin), 1, scheme, tau) == pytest.approx(factor, rel=1e-12)


def test_the_flow_of_the_bilinear_game_keeps_its_norm_over_a_hundred_turns():
    flow = fast_bilinear()
    trajectory = integrate(flow, Reference(), TURN, 100 * TURN)
    assert drift(trajectory, radius) < 1e-8
    assert distance(flow, trajectory.end, flow.start) < 1e-8


def fast_bilinear(curvature=0.0):
    """The same flow as a matrix, which is ten times as fast as by its losses; the tests of stability compare them."""
    origin = torch.zeros(1, dtype=torch.float64)
    return LinearFlow(quadratic(curvature).jacobian(origin, origin), 1)


@pytest.mark.parametrize("name", ["alternating", "minimising-alternating"])
def test_alternation_is_of_second_order_at_full_periods(name, turning):
    flow = turning()
    order = observed_order(flow, build_scheme(name), TURN, [100, 200, 400], flow.start)
    assert 1.9 < order.slope < 2.1
    quarter = observed_order(flow, build_scheme(name), TURN / 4, [100, 200, 400])
    assert 0.95 < quarter.slope < 1.05


@pytest.mark.parametrize("name", ["explicit", "minimising", "implicit", "extragradient"])
@pytest.mark.parametrize("curvature", [0.0, 0.25])
def test_first_order_at_a_full_period(name, curvature):
    order = observed_order(fast_bilinear(curvature), build_scheme(name), TURN, [400, 800, 1600])
    assert 0.95 < order.slope < 1.05


def test_alternation_keeps_its_quadratic_form_over_a_hundred_turns():
    """Symplectic Euler, disc first, keeps x^2 + y^2 + tau xy."""
    tau = 0.3
    trajectory = integrate(fast_bilinear(), build_scheme("alternating"), tau, 100 * TURN, every=97)
    assert drift(trajectory, lambda z: (z.disc.square() + z.gen.square() + tau * z.disc * z.gen).sum()) < 1e-11


@pytest.mark.parametrize("objective", ["minimax", "wasserstein", "hinge"])
def test_every_zero_sum_dirac_gan_keeps_its_radius(objective, point):
    flow = GameFlow(DiracGan(objective))
    trajectory = integrate(flow, Reference(), 1.0, 20.0, start=point(0.3, 0.4))
    assert drift(trajectory, radius) < 1e-10


# Clipping


@pytest.mark.parametrize("name", ["explicit", "alternating"])
def test_a_clipped_wasserstein_gan_has_a_limit_cycle(name, point):
    """From outside and, for explicit steps, from inside: the circle that touches the box, period 2 pi."""
    flow = ClippedFlow(DiracGan("wasserstein"), clip=1.0)
    starts = [point(0.0, 3.0), point(0.0, 0.6)] if name == "explicit" else [point(0.0, 3.0)]
    for start in starts:
        periods, widths = [], []
        for tau in (0.08, 0.02):
            time = 60.0 if start.gen > 1 else 2 * math.log(2) / tau + 45
            trajectory = integrate(flow, build_scheme(name), tau, time, start=start)
            last = len(trajectory.states) - round(30 / tau)
            late = type(trajectory)(trajectory.times[last:], trajectory.states[last:], trajectory.result)
            length, spread = period(late, skip=0)
            periods.append(length)
            widths.append(max(state.gen.item() for state in late.states))
            assert spread < 2 * tau
            assert max(state.disc.abs().item() for state in late.states) <= 1.0
        assert periods[0] == pytest.approx(periods[1], rel=0.02)
        assert periods[1] == pytest.approx(TURN, rel=0.01)
        assert widths[1] == pytest.approx(1.0, abs=0.03)


def test_the_projected_flow_reaches_the_same_cycle(point):
    flow = ClippedFlow(DiracGan("wasserstein"), clip=1.0)
    trajectory = integrate(flow, Reference(1e-6, 1e-7), 0.2, 24.0, start=point(0.0, 3.0))
    late = trajectory.states[len(trajectory.states) // 2 :]
    assert all(radius(state).item() == pytest.approx(1.0, abs=1e-3) for state in late)
    assert period(trajectory, skip=0)[0] == pytest.approx(TURN, abs=0.02)


# Bad input and results with a name


@pytest.mark.parametrize(
    ("tau", "time", "words"),
    [
        (0.0, 1.0, "must be a finite number above 0"),
        (-0.1, 1.0, "must be a finite number above 0"),
        (float("nan"), 1.0, "must be a finite number above 0"),
        (0.1, float("inf"), "must be a finite number above 0"),
        (0.1, 0.05, "too short for one step"),
        (1e-12, 1.0, "at most"),
    ],
)
def test_odd_steps_are_refused(tau, time, words, turning):
    with pytest.raises(UserError, match=words):
        integrate(turning(), build_scheme("explicit"), tau, time)


def test_unknown_schemes_and_solvers_are_refused(turning):
    with pytest.raises(UserError, match="did you mean 'implicit'"):
        build_scheme("implict")
    with pytest.raises(UserError, match="tolerance must be above 0"):
        build_scheme("implicit", tolerance=0.0)


@pytest.mark.parametrize("name", ["implicit", "minimising"])
def test_an_unsolved_step_has_a_name_and_keeps_what_was_reached(name):
    flow = GameFlow(DiracGan("minimax", "r1", penalty_weight=30.0))
    trajectory = integrate(flow, build_scheme(name, max_evaluations=2), 0.5, 5.0, start=flow.start)
    assert trajectory.result is Result.NOT_SOLVED
    assert "residual" in trajectory.note
    assert all(is_finite(state) for state in trajectory.states)


def test_a_proximal_step_that_climbs_has_a_name():
    """The generator's energy -1/4 x^2 + ... is concave: for tau > 2 the stationary point is a maximum."""
    game = QuadraticGame()
    trajectory = integrate(GameFlow(game), build_scheme("minimising"), 3.0, 9.0)
    assert trajectory.result is Result.NOT_A_MINIMUM


def test_divergence_has_a_name_and_leaves_no_infinity():
    trajectory = integrate(GameFlow(quadratic(300.0)), build_scheme("explicit"), 1.0, 500.0, every=10)
    assert trajectory.result is Result.DIVERGED
    assert all(is_finite(state) for state in trajectory.states)


def test_a_start_that_is_not_finite_is_refused(turning, point):
    with pytest.raises(UserError, match="not finite"):
        integrate(turning(), build_scheme("explicit"), 0.1, 1.0, start=point(float("nan"), 0.0))


def test_angles_need_two_numbers_and_enough_records(turning):
    with pytest.raises(UserError, match="half a turn"):
        angles(integrate(turning(), Reference(), TURN / 2, TURN))
    with pytest.raises(UserError, match="more than one"):
        angles(integrate(GameFlow(bilinear([[1.0, 2.0]])), Reference(), 0.1, 0.1))
