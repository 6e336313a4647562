"""Penalties against closed forms, and that their gradients reach the discriminator."""

import pytest
import torch
from torch import nn

from equipoise.games import PENALTIES
from equipoise.games.penalties import squared_slopes

SLOPE = torch.tensor([3.0, 4.0])  # |slope| = 5


def linear_scorer(examples: torch.Tensor) -> torch.Tensor:
    return examples @ SLOPE


def examples(seed: int) -> torch.Tensor:
    return torch.randn(16, 2, generator=torch.Generator().manual_seed(seed))


CLOSED_FORM = {
    "gradient": (5 - 1) ** 2,
    "one-sided-gradient": (5 - 1) ** 2,
    "r1": 5**2 / 2,
    "r2": 5**2 / 2,
    "r1-r2": 5**2,
}


def apply(name, scorer, real, fake):
    return PENALTIES[name](scorer, real, fake, torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", PENALTIES)
def test_value_on_a_linear_discriminator(name):
    assert apply(name, linear_scorer, examples(0), examples(1)).item() == pytest.approx(CLOSED_FORM[name], rel=1e-6)


def test_only_slopes_above_one_cost_the_one_sided_penalty():
    def flat(examples):
        return 0.1 * linear_scorer(examples)

    assert apply("one-sided-gradient", flat, examples(0), examples(1)).item() == 0
    assert apply("gradient", flat, examples(0), examples(1)).item() == pytest.approx(0.25)


@pytest.mark.parametrize(("name", "real_counts", "fake_counts"), [("r1", True, False), ("r2", False, True)])
def test_r1_looks_at_real_and_r2_at_fake_examples(name, real_counts, fake_counts):
    def quadratic(examples):
        return examples.square().sum(1)  # slope 2x: squared norm 4 |x|^2

    zeros, ones = torch.zeros(4, 2), torch.ones(4, 2)
    assert apply(name, quadratic, ones, zeros).item() == pytest.approx(4.0 if real_counts else 0.0)
    assert apply(name, quadratic, zeros, ones).item() == pytest.approx(4.0 if fake_counts else 0.0)


def test_interpolates_lie_between_real_and_fake_and_differ_per_example():
    seen = []

    def scorer(examples):
        seen.append(examples.detach())
        return examples.sum(1)

    apply("gradient", scorer, torch.zeros(64, 2), torch.ones(64, 2))
    (points,) = seen
    assert torch.equal(points[:, 0], points[:, 1])
    assert points.min() >= 0
    assert points.max() <= 1
    assert points[:, 0].unique().numel() == 64


@pytest.mark.parametrize("name", PENALTIES)
def test_gradients_reach_every_weight_of_the_discriminator(name):
    torch.manual_seed(0)
    disc = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1), nn.Flatten(0))
    disc[2].weight.data *= 10  # steep, so that the one-sided penalty has something to say
    apply(name, disc, examples(0), examples(1)).backward()
    weights = [disc[0].weight, disc[0].bias, disc[2].weight]
    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in weights)


@pytest.mark.parametrize("name", PENALTIES)
def test_generated_examples_keep_their_graph_where_they_have_one(name):
    """The generator does not descend the penalty, but the Jacobian of the game needs to know how it depends on it."""
    torch.manual_seed(0)
    disc = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1), nn.Flatten(0))
    disc[2].weight.data *= 10
    fake = examples(1).requires_grad_()
    (slope,) = torch.autograd.grad(apply(name, disc, examples(0), fake), fake, allow_unused=True)
    assert (slope is None) == (name == "r1")


def test_slopes_agree_with_finite_differences():
    torch.manual_seed(0)
    disc = nn.Sequential(nn.Linear(2, 8), nn.Softplus(), nn.Linear(8, 1), nn.Flatten(0)).double()
    points = examples(0).double()
    step = 1e-6
    directions = step * torch.eye(2, dtype=torch.float64)
    slopes = torch.stack([(disc(points + d) - disc(points - d)) / (2 * step) for d in directions], 1)
    torch.testing.assert_close(squared_slopes(disc, points), slopes.square().sum(1), rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("name", ["gradient", "one-sided-gradient"])
def test_a_dead_discriminator_has_finite_gradients(name):
    weight = torch.zeros(2, requires_grad=True)
    penalty = apply(name, lambda examples: examples @ weight, examples(0), examples(1))
    (gradient,) = torch.autograd.grad(penalty, weight)
    assert gradient.isfinite().all()


def test_penalties_stay_in_float32_under_autocast():
    disc = nn.Sequential(nn.Linear(2, 4), nn.Linear(4, 1), nn.Flatten(0))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = apply("r1", disc, examples(0), examples(1))
    assert inside.dtype == torch.float32
    torch.testing.assert_close(inside, apply("r1", disc, examples(0), examples(1)), rtol=0, atol=0)
