"""From training to flow: rounds of training are steps of a scheme, and tend to the flow at first order."""

import math

import pytest
import torch

from equipoise.cli.flowing import recipe_settings
from equipoise.config.flows import LimitSettings
from equipoise.core.errors import UserError
from equipoise.flows import build_scheme, integrate
from equipoise.flows.checks import fitted_slope
from equipoise.studies.training_limit import Arm, Limit, arms

SMALL = {"recipe": "ring", "lr": 0.1, "time": 0.8, "num_examples": 16, "width": 6, "batch_sizes": (4,), "num_seeds": 1}


def limit_of(settings):
    return Limit(settings, recipe_settings(settings.recipe))


@pytest.mark.parametrize("order", ["alternating", "simultaneous", "extragradient"])
@pytest.mark.parametrize("recipe", ["dirac", "ring"])
def test_rounds_of_training_are_steps_of_the_scheme_of_that_name(recipe, order):
    """The two rooms share no code but the losses, so their agreement to rounding checks both."""
    settings = LimitSettings(**SMALL | {"recipe": recipe, "order": order, "ratio": 2.0})
    limit = limit_of(settings)
    flow = limit.flow_path()
    assert len(flow.points) == limit.num_records + 1
    trained = limit.play(Arm(0.1))
    scheme = build_scheme({"simultaneous": "explicit"}.get(order, order))
    stepped = integrate(limit.flow, scheme, 0.1, 0.8)
    expected = torch.stack([torch.cat([state.disc, state.gen]) for state in stepped.states])
    torch.testing.assert_close(trained.points, expected, rtol=1e-11, atol=1e-12)
    assert (trained.points[-1] - trained.points[0]).norm() > 0.01


def test_a_text_network_flows_though_its_gradients_are_not_contiguous():
    flow = limit_of(LimitSettings(**SMALL | {"recipe": "text-ttur-small"})).flow
    velocity = flow.velocity(flow.start)
    for part, start, apart in zip(velocity, flow.start, (flow.disc_velocity, flow.gen_velocity), strict=True):
        assert part.shape == start.shape
        assert part.norm() > 0
        torch.testing.assert_close(part, apart(flow.start))


@pytest.mark.parametrize("recipe", ["dirac", "ring"])
def test_training_tends_to_the_flow_at_first_order(recipe):
    settings = LimitSettings(**SMALL | {"recipe": recipe, "time": 1.6})
    limit = limit_of(settings)
    limit.flow_path()
    rates = [0.1 / 2**number for number in range(4)]
    slope, _, _ = fitted_slope(rates, [limit.play(Arm(rate)).largest for rate in rates])
    assert slope == pytest.approx(1, abs=0.1)


def test_all_arms_begin_at_one_point_and_noise_falls_with_the_batch():
    settings = LimitSettings(recipe="dirac", lr=0.1, halvings=2, time=4.0, batch_sizes=(4, 64), num_seeds=8)
    limit = limit_of(settings)
    start = limit.flow_path().points[0]
    largest = {}
    for arm in arms(settings):
        path = limit.play(arm)
        assert torch.equal(path.points[0], start)
        largest.setdefault(arm.batch_size, []).append(path.largest)
    means = {size: sum(values) / len(values) for size, values in largest.items()}
    assert means[4] / means[64] == pytest.approx(4, rel=0.25)  # the noise is 1/sqrt(b), and small
    again = limit.play(Arm(0.025, 4, 0)).largest
    assert again == largest[4][0]


def test_minibatches_are_drawn_from_the_sample():
    limit = limit_of(LimitSettings(**SMALL))
    limit.flow_path()
    session = limit._session(0.1)
    limit._deal(session, Arm(0.1, 4, 0))
    batch = next(session.match.batches).examples
    assert batch.shape == (4, 2)
    assert all((limit.examples == row).all(1).any() for row in batch)
    latents = session.board.game.sample_latents(4, torch.Generator())
    assert all((limit.latents == row).all(1).any() for row in latents)


@pytest.mark.parametrize(
    ("changes", "words"), [({"recipe": "rong"}, "did you mean 'ring'"), ({"batch_sizes": (17,)}, "a sample of 16")]
)
def test_wrong_requests_are_refused(changes, words):
    with pytest.raises(UserError, match=words):
        limit_of(LimitSettings(**SMALL | changes))


def test_a_diverging_arm_is_infinitely_far():
    limit = limit_of(LimitSettings(recipe="saddle-cg", lr=0.1, time=0.8, batch_sizes=()))
    limit.flow_path()
    assert math.isinf(limit.play(Arm(0.1)).largest)
