"""`GapAwareLR` in loops that are not ours: every group, every optimiser, beside torch's schedulers, in every order."""

import copy
import io
import math
import random

import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler

from equipoise.core.errors import UserError
from equipoise.schedules import GapAware, GapAwareLR, GapCurve

SCHEDULERS = {
    "exponential": lambda optimizer: lr_scheduler.ExponentialLR(optimizer, gamma=0.999),
    "step": lambda optimizer: lr_scheduler.StepLR(optimizer, step_size=100, gamma=0.9),
    "lambda": lambda optimizer: lr_scheduler.LambdaLR(optimizer, lambda step: 1 / (1 + step / 1000)),
    "multiplicative": lambda optimizer: lr_scheduler.MultiplicativeLR(optimizer, lambda step: 0.9995),
    "cosine": lambda optimizer: lr_scheduler.CosineAnnealingLR(optimizer, T_max=300),
    "restarts": lambda optimizer: lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=70),
    "linear": lambda optimizer: lr_scheduler.LinearLR(optimizer, total_iters=200),
    "one-cycle": lambda optimizer: lr_scheduler.OneCycleLR(
        optimizer, max_lr=0.5, total_steps=2000, cycle_momentum=False
    ),
    "cyclic": lambda optimizer: lr_scheduler.CyclicLR(
        optimizer, base_lr=0.01, max_lr=0.1, step_size_up=30, cycle_momentum=False
    ),
    "sequential": lambda optimizer: lr_scheduler.SequentialLR(
        optimizer,
        [lr_scheduler.ConstantLR(optimizer, total_iters=50), lr_scheduler.ExponentialLR(optimizer, gamma=0.99)],
        milestones=[100],
    ),
}


def make(lr=0.1, optimizer_class=torch.optim.SGD, **options):
    """An optimiser with two groups whose gradients are always 1."""
    weights = [nn.Parameter(torch.zeros((), dtype=torch.float64)) for _ in range(2)]
    optimizer = optimizer_class([{"params": weights[:1]}, {"params": weights[1:], "lr": 3 * lr}], lr=lr, **options)
    for weight in weights:
        weight.grad = torch.ones_like(weight)
    return optimizer, weights


def losses(number, seed=0):
    generator = random.Random(seed)
    return [math.log(4) + 0.3 * generator.gauss(0, 1) for _ in range(number)]


def test_each_group_moves_by_its_own_rate_times_the_factor():
    optimizer, weights = make()
    scheduler, expected = GapAwareLR(optimizer, ideal_loss=math.log(4)), GapAware(math.log(4))
    for loss in losses(50):
        before = [weight.item() for weight in weights]
        scheduler.step(loss)
        expected.observe(loss)
        optimizer.step()
        moved = [start - weight.item() for start, weight in zip(before, weights, strict=True)]
        assert moved == pytest.approx([0.1 * expected.factor, 0.3 * expected.factor], rel=1e-9)
        assert scheduler.get_last_lr() == pytest.approx(moved, rel=1e-9)
        assert [group["lr"] for group in optimizer.param_groups] == [0.1, pytest.approx(0.3)]


@pytest.mark.parametrize("optimizer_class", [torch.optim.Adam, torch.optim.AdamW, torch.optim.RMSprop, torch.optim.SGD])
def test_any_optimizer_moves_as_with_the_rate_written_by_hand(optimizer_class):
    (one, weights), (other, by_hand) = make(1e-3, optimizer_class), make(1e-3, optimizer_class)
    scheduler, gap = GapAwareLR(one, ideal_loss=0.0), GapAware(0.0)
    for loss in losses(100):
        scheduler.step(loss - 1.4)
        gap.observe(loss - 1.4)
        for group, base in zip(other.param_groups, (1e-3, 3e-3), strict=True):
            group["lr"] = base * gap.factor
        one.step()
        other.step()
    assert [weight.item() for weight in weights] == [weight.item() for weight in by_hand]


@pytest.mark.parametrize("order", ["before the step", "after the step", "after the other scheduler"])
@pytest.mark.parametrize("name", SCHEDULERS)
def test_beside_torch_s_schedulers_nothing_compounds(name, order):
    """The rate in force is what the other scheduler alone would have set, times the factor; whoever is called first."""
    (optimizer, weights), (alone, _) = make(), make()
    theirs, reference = SCHEDULERS[name](optimizer), SCHEDULERS[name](alone)
    ours, gap = GapAwareLR(optimizer, ideal_loss=math.log(4)), GapAware(math.log(4))
    for loss in losses(1000):
        if order == "before the step":
            ours.step(loss)
            gap.observe(loss)
        before, expected = weights[0].item(), alone.param_groups[0]["lr"] * gap.factor
        optimizer.step()
        alone.step()
        assert before - weights[0].item() == pytest.approx(expected, rel=1e-6, abs=1e-12)
        if order == "after the step":
            ours.step(loss)
        theirs.step()
        reference.step()
        if order == "after the other scheduler":
            ours.step(loss)
        if order != "before the step":
            gap.observe(loss)
        assert [group["lr"] for group in optimizer.param_groups] == [group["lr"] for group in alone.param_groups]


@pytest.mark.parametrize("torch_first", [True, False])
def test_either_scheduler_may_be_made_and_called_first(torch_first):
    optimizer, weights = make()
    if torch_first:
        theirs = lr_scheduler.ExponentialLR(optimizer, gamma=0.9)
    ours = GapAwareLR(optimizer, ideal_loss=0.0, average=0.0)
    if not torch_first:
        theirs = lr_scheduler.ExponentialLR(optimizer, gamma=0.9)
    for step in range(50):
        before = weights[0].item()
        ours.step(5.0)
        optimizer.step()
        if torch_first:
            theirs.step()
        else:
            ours.step(0.0)  # another call changes nothing but the factor of the next step
            theirs.step()
        assert before - weights[0].item() == pytest.approx(0.1 * 0.9**step * 2.0, rel=1e-9)


def test_ten_thousand_steps_never_compound():
    optimizer, weights = make()
    scheduler = GapAwareLR(optimizer, ideal_loss=0.0, average=0.0)
    for step in range(10_000):
        scheduler.step(5.0 if step % 2 else -5.0)
        optimizer.step()
    assert optimizer.param_groups[0]["lr"] == 0.1
    assert weights[0].item() == pytest.approx(-5000 * 0.1 * (2.0 + 0.1), rel=1e-9)


def test_a_rate_set_by_hand_is_the_new_base():
    optimizer, weights = make()
    scheduler = GapAwareLR(optimizer, ideal_loss=0.0, average=0.0)
    scheduler.step(9.0)
    optimizer.step()
    optimizer.param_groups[0]["lr"] = 0.01
    before = weights[0].item()
    optimizer.step()
    assert before - weights[0].item() == pytest.approx(0.02)


def test_a_step_that_fails_leaves_the_base_alone():
    optimizer, weights = make()
    scheduler = GapAwareLR(optimizer, ideal_loss=0.0, average=0.0)
    scheduler.step(9.0)

    def closure():
        raise RuntimeError("out of memory")

    for _ in range(3):
        with pytest.raises(RuntimeError):
            optimizer.step(closure)
    before = weights[0].item()
    optimizer.step()
    assert before - weights[0].item() == pytest.approx(0.2)
    assert optimizer.param_groups[0]["lr"] == 0.1


def test_a_group_added_later_follows_too():
    optimizer, _ = make()
    scheduler = GapAwareLR(optimizer, ideal_loss=0.0, average=0.0)
    late = nn.Parameter(torch.zeros((), dtype=torch.float64))
    late.grad = torch.ones_like(late)
    optimizer.add_param_group({"params": [late], "lr": 1.0})
    scheduler.step(-9.0)
    optimizer.step()
    assert late.item() == pytest.approx(-0.1)
    assert scheduler.get_last_lr() == pytest.approx([0.01, 0.03, 0.1])


def test_a_rate_that_is_a_tensor():
    optimizer, weights = make(torch.tensor(0.1, dtype=torch.float64), torch.optim.SGD)
    scheduler = GapAwareLR(optimizer, ideal_loss=0.0, average=0.0)
    scheduler.step(9.0)
    optimizer.step()
    assert weights[0].item() == pytest.approx(-0.2)
    assert optimizer.param_groups[0]["lr"].item() == pytest.approx(0.1)


@pytest.mark.parametrize("late", [False, True])
def test_resumes_as_if_never_stopped(late):
    def one(steps, saved=None):
        optimizer, weights = make(1e-2, torch.optim.Adam)
        theirs = lr_scheduler.ExponentialLR(optimizer, gamma=0.99)
        ours = GapAwareLR(optimizer, ideal_loss=math.log(4), late=late)
        if saved is not None:
            optimizer.load_state_dict(saved["optimizer"])
            theirs.load_state_dict(saved["theirs"])
            ours.load_state_dict(saved["ours"])
            for weight, value in zip(weights, saved["weights"], strict=True):
                weight.data.copy_(value)
        for step in steps:
            ours.step(torch.tensor(losses(60)[step]))
            optimizer.step()
            theirs.step()
        state = {"optimizer": optimizer, "theirs": theirs, "ours": ours}
        return {name: copy.deepcopy(each.state_dict()) for name, each in state.items()} | {
            "weights": [weight.detach().clone() for weight in weights]
        }

    buffer = io.BytesIO()
    torch.save(one(range(30)), buffer)
    buffer.seek(0)
    resumed, whole = one(range(30, 60), torch.load(buffer, weights_only=True)), one(range(60))
    assert resumed["ours"] == whole["ours"]
    assert all(torch.equal(*pair) for pair in zip(resumed["weights"], whole["weights"], strict=True))


def test_only_one_per_optimizer_and_it_can_be_removed():
    optimizer, weights = make()
    scheduler = GapAwareLR(optimizer, ideal_loss=0.0)
    with pytest.raises(UserError, match="has a GapAwareLR already"):
        GapAwareLR(optimizer, ideal_loss=0.0)
    scheduler.remove()
    GapAwareLR(optimizer, ideal_loss=0.0).remove()
    scheduler.step(1e6)
    optimizer.step()
    assert weights[0].item() == pytest.approx(-0.1)


def test_defaults_are_the_paper_s_and_arguments_reach_the_curve():
    optimizer, _ = make()
    scheduler = GapAwareLR(optimizer, ideal_loss=math.log(4))
    assert scheduler.gap.curve == GapCurve(above=0.1 * math.log(4), below=0.1 * math.log(4))
    assert scheduler.gap.average == 0.95
    scheduler.remove()
    shape = {"above": 0.5, "below": 0.25, "max_factor": 3.0, "min_factor": 0.2, "interpolation": "linear"}
    assert GapAwareLR(optimizer, ideal_loss=1.0, **shape).gap.curve == GapCurve(**shape)


def test_it_may_be_saved_with_its_optimizer_by_anything_that_copies():
    optimizer, _ = make()
    GapAwareLR(optimizer, ideal_loss=0.0)
    assert copy.deepcopy(optimizer).param_groups[0]["lr"] == 0.1
