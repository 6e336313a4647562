"""Verdicts on games whose stability is known in closed form, through the same eigenvalues that a run is judged by."""

import math

import pytest
import torch

from equipoise.core.batches import Batch
from equipoise.core.seeding import Streams
from equipoise.flows.checks import linear_stability
from equipoise.games import DiracGan, QuadraticGame, bilinear, cg_saddle, quadratic
from equipoise.training.diagnosis.eigenvalues import Budget
from equipoise.training.diagnosis.linearise import Linearisation
from equipoise.training.diagnosis.spectrum import spectra as spectra_of
from equipoise.training.diagnosis.verdict import Ends, judge


def spectra(game):
    return spectra_of(Linearisation(game, [Batch(torch.empty(1, 0))], Streams(0)), Budget())


def verdict(game):
    return judge(*spectra(game))


def at_origin(game):
    with torch.no_grad():
        for player in (game.disc, game.gen):
            player.value.zero_()
    return game


@pytest.mark.parametrize("coupling", [1.0, 3.0])
def test_the_bilinear_game_rotates(coupling):
    found = verdict(bilinear([[coupling]]))
    assert found.kind == "rotating"
    assert found.most_rotating == pytest.approx((0.0, coupling), abs=1e-12)
    assert found.rotation > 1e6
    assert found.longest_step is None
    assert f"{coupling:.3g}i" in found.sentence


@pytest.mark.parametrize("curvature", [0.1, 0.5, 2.0])
def test_the_quadratic_game_is_a_nash_equilibrium_with_a_known_longest_step(curvature):
    """Eigenvalues l +- i: simultaneous descent attracts below 2 l / (l^2 + 1)."""
    found = verdict(quadratic(curvature))
    assert found.kind == "nash"
    assert not found.has_flat
    assert found.longest_step == pytest.approx(2 * curvature / (curvature**2 + 1))
    jacobian = quadratic(curvature).jacobian(torch.zeros(1), torch.zeros(1))
    assert found.longest_step == pytest.approx(linear_stability(jacobian, 1).longest_step)
    assert found.rotation == pytest.approx(1 / curvature)


def test_simultaneous_descent_attracts_on_one_side_of_the_longest_step_and_repels_on_the_other():
    step = verdict(quadratic(0.5)).longest_step
    jacobian = quadratic(0.5).jacobian(torch.zeros(1), torch.zeros(1))
    for factor, attracts in ((0.99, True), (1.01, False)):
        growth = torch.linalg.eigvals(torch.eye(2) - factor * step * jacobian).abs().max()
        assert (growth < 1) == attracts


def test_the_general_sum_game_attracts_without_being_an_equilibrium():
    """J = [[2, -2], [2, -1/2]]: trace 3/2, determinant 3, so stable; and yet the generator's loss is concave."""
    found = verdict(QuadraticGame())
    assert found.kind == "stable-not-nash"
    assert "the generator could lower its loss alone" in found.sentence


def test_a_nash_equilibrium_of_a_general_sum_game_can_repel():
    """J = [[1, 2], [2, 1]] has the eigenvalues 3 and -1, and both players stand at their own minimum."""
    found = verdict(QuadraticGame([[1.0]], [[2.0]], [[1.0]], [[2.0]]))
    assert found.kind == "unstable"
    assert "neither player could lower its loss alone" in found.sentence


def test_a_generator_at_its_maximum_is_unstable():
    found = verdict(QuadraticGame([[-1.0]], [[0.0]], [[1.0]], [[0.0]]))
    assert found.kind == "unstable"
    assert "the generator could lower its loss alone" in found.sentence


@pytest.mark.parametrize(("objective", "imaginary"), [("minimax", 0.5), ("nonsaturating", 0.5), ("wasserstein", 1.0)])
def test_the_dirac_gan_rotates_at_its_equilibrium(objective, imaginary):
    """Mescheder et al. 2018: +- i f'(0), so i/2 for logistic objectives whose loss is a sum of two terms."""
    found = verdict(at_origin(DiracGan(objective)))
    assert found.kind == "rotating"
    assert found.most_rotating == pytest.approx((0.0, imaginary), abs=1e-9)


@pytest.mark.parametrize("gamma", [0.2, 0.9, 1.5])
def test_the_dirac_gan_under_r1_attracts(gamma):
    """gamma/2 +- sqrt(gamma^2/4 - 1/4): turning while gamma < 1, not beyond."""
    game = at_origin(DiracGan("nonsaturating", "r1", gamma))
    jacobian, disc, gen = spectra(game)
    root = complex(gamma**2 / 4 - 1 / 4) ** 0.5
    expected = sorted(
        [(gamma / 2 + sign * root.real, sign * root.imag) for sign in (1, -1)], key=lambda v: (-v[0], -v[1])
    )
    for ours, theirs in zip(jacobian.values, expected, strict=True):
        assert ours == pytest.approx(theirs, abs=1e-9)
    found = judge(jacobian, disc, gen)
    assert found.kind == "nash"
    assert (found.most_rotating is not None) == (gamma < 1)


def test_least_squares_on_the_dirac_gan_leave_the_linear_theory_silent():
    found = verdict(at_origin(DiracGan("least-squares")))
    assert found.kind == "undecided"
    assert "silent" in found.sentence


def test_the_saddle_of_two_papers():
    jacobian, disc, gen = spectra(at_origin(cg_saddle()))
    assert sorted(real for real, _ in jacobian.values) == pytest.approx([2.0, 200.0])
    assert (disc.lowest, gen.lowest) == pytest.approx((2.0, 200.0))
    found = judge(jacobian, disc, gen)
    assert found.kind == "nash"
    assert found.longest_step == pytest.approx(2 / 200)


def ends(*values, tolerance=0.01, missing=()):
    pairs = tuple((float(complex(value).real), float(complex(value).imag)) for value in values)
    scale = max((math.hypot(*pair) for pair in pairs), default=0.0)
    return Ends(pairs, tolerance, tolerance, scale, not missing, tuple(f"{end}." for end in missing), tuple(missing), 1)


POSITIVE, NEGATIVE = ends(5.0, 1.0), ends(5.0, -1.0)


@pytest.mark.parametrize(
    ("jacobian", "disc", "gen", "kind"),
    [
        (ends(3.0, 0.5), POSITIVE, POSITIVE, "nash"),
        (ends(3.0, -0.005), POSITIVE, POSITIVE, "nash"),
        (ends(3.0, -0.02), POSITIVE, POSITIVE, "unstable"),
        (ends(3.0, 0.5), NEGATIVE, POSITIVE, "stable-not-nash"),
        (ends(3.0, 0.005 + 2j, 0.005 - 2j), NEGATIVE, POSITIVE, "rotating"),
        (ends(3.0, 0.5 + 2j, 0.5 - 2j), POSITIVE, POSITIVE, "nash"),
        (ends(0.02 + 10j, 0.02 - 10j, 1j, -1j), POSITIVE, POSITIVE, "rotating"),
        (ends(3.0, missing=("SR",)), POSITIVE, POSITIVE, "undecided"),
        (ends(3.0, -1.0, missing=("SR",)), POSITIVE, POSITIVE, "unstable"),
        (ends(3.0, 0.5), ends(5.0, missing=("SA",)), POSITIVE, "undecided"),
        (ends(3.0, 0.5), ends(5.0, missing=("SA",)), NEGATIVE, "stable-not-nash"),
        (ends(0.001, -0.001), POSITIVE, POSITIVE, "undecided"),
        (ends(missing=("SR", "LR")), POSITIVE, POSITIVE, "undecided"),
    ],
)
def test_kinds(jacobian, disc, gen, kind):
    found = judge(jacobian, disc, gen)
    assert found.kind == kind
    assert found.sentence.endswith(".")
    assert found.sentence.count(".") >= 1


def test_the_pair_that_does_not_come_nearer_is_named_though_another_turns_faster():
    found = judge(ends(0.02 + 10j, 0.02 - 10j, 1j, -1j), POSITIVE, POSITIVE)
    assert "0 +- 1i" in found.sentence
    assert found.most_rotating == (0.02, 10.0)


def test_flat_directions_are_said():
    found = judge(ends(3.0, 0.001), POSITIVE, POSITIVE)
    assert found.has_flat
    assert "flat" in found.sentence


def test_the_tolerance_is_the_residual_but_no_less_than_rounding():
    import numpy as np

    from equipoise.training.diagnosis.eigenvalues import Eigenvalues

    found = Eigenvalues(np.array([4.0 + 0j]), 1e-3, 4.0, True, (), (), 1)
    assert Ends.of(found, 100, 1e-7).tolerance == 1e-3
    assert Ends.of(found, 100, 1e-4).tolerance == pytest.approx(10 * 1e-4 * 4)
