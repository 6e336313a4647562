"""torch's contract for optimisers, but for memory: what any loop may rely on, whatever the method."""

import torch
from torch import nn

from equipoise.optimizers.conformance.playing import (
    NUM_STEPS,
    RATE,
    Check,
    Factory,
    assert_same,
    drawn,
    gradients,
    parameters,
    parts,
    play,
    twin,
)


def ignores_how_parameters_are_split(make: Factory) -> None:
    """One vector moves alike as one tensor and as several, in one group and in several."""
    sizes = (3, 4, 5)
    whole = nn.Parameter(drawn(0, (12,)))
    split = [nn.Parameter(part) for part in parts(drawn(0, (12,)), sizes)]
    one, other = make([whole], lr=RATE), make([{"params": split[:1]}, {"params": split[1:]}], lr=RATE)
    for step in range(NUM_STEPS):
        whole.grad = drawn(step, (12,))
        for part, gradient in zip(split, parts(whole.grad, sizes), strict=True):
            part.grad = gradient
        one.step()
        other.step()
    torch.testing.assert_close(torch.cat([part.detach() for part in split]), whole.detach(), rtol=1e-12, atol=1e-14)


def tolerates_missing_gradients(make: Factory) -> None:
    """A parameter without gradient stays where it is, wherever it stands, and the others move as if it were absent."""
    for missing in range(3):
        weights = parameters()[:3]
        start = [weight.detach().clone() for weight in weights]
        others = [nn.Parameter(each.clone()) for number, each in enumerate(start) if number != missing]
        one, other = make(weights, lr=RATE), make(others, lr=RATE)
        for step in range(3):
            for weight, gradient in zip(weights, gradients(step, weights), strict=True):
                weight.grad = gradient
            weights[missing].grad = None
            for mine, theirs in zip([w for w in weights if w.grad is not None], others, strict=True):
                theirs.grad = mine.grad
            one.step()
            other.step()
        assert_same([w for w in weights if w.grad is not None], others)
        assert_same([weights[missing]], [start[missing]])
        play(one, weights, [3])
        assert not torch.equal(weights[missing], start[missing])


def stays_finite_at_zero_gradients(make: Factory) -> None:
    """Gradients that are exactly zero, from the start or later, give no NaN."""
    for first in (0, 2):
        weights = parameters()
        optimizer = make(weights, lr=RATE)
        play(optimizer, weights, range(first))
        for _ in range(3):
            for weight in weights:
                weight.grad = torch.zeros_like(weight)
            optimizer.step()
        assert all(bool(weight.isfinite().all()) for weight in weights)


def respects_group_rates(make: Factory) -> None:
    """The rate in force is the group's own; changed between two steps, as schedulers do, it acts at the next."""
    weights = parameters()
    optimizer = make([{"params": weights[:2]}, {"params": weights[2:], "lr": 3 * RATE}], lr=RATE)
    assert [group["lr"] for group in optimizer.param_groups] == [RATE, 3 * RATE]
    for step in range(3):
        slow, slow_weights = twin(make, optimizer)
        before = [weight.detach().clone() for weight in weights]
        slow.param_groups[0]["lr"], slow.param_groups[1]["lr"] = 0.0, 0.25 * 3 * RATE
        play(slow, slow_weights, [step])
        play(optimizer, weights, [step])
        for number, (weight, other, start) in enumerate(zip(weights, slow_weights, before, strict=True)):
            expected = start if number < 2 else start + 0.25 * (weight - start)
            torch.testing.assert_close(other.detach(), expected.detach(), rtol=1e-12, atol=1e-14)
            assert not torch.equal(weight, start)


def works_with_schedulers(make: Factory) -> None:
    """Driven by torch's schedulers, an optimiser moves as with the rates written by hand."""
    scheduled, by_hand = parameters(), parameters()
    one, other = make(scheduled, lr=RATE), make(by_hand, lr=RATE)
    scheduler = torch.optim.lr_scheduler.StepLR(one, step_size=2, gamma=0.5)
    for step in range(NUM_STEPS):
        other.param_groups[0]["lr"] = RATE * 0.5 ** (step // 2)
        play(one, scheduled, [step])
        play(other, by_hand, [step])
        scheduler.step()
    assert_same(scheduled, by_hand)


def takes_new_groups(make: Factory) -> None:
    """A group that is added later moves from then on, and the others keep what they know."""
    weights = parameters()
    optimizer = make(weights[:2], lr=RATE)
    play(optimizer, weights[:2], range(2))
    start = weights[2].detach().clone()
    optimizer.add_param_group({"params": weights[2:]})
    old, old_weights = twin(make, optimizer)
    play(optimizer, weights, [2])
    for weight in old_weights[2:]:
        weight.grad = None
    play(old, old_weights[:2], [2])
    assert_same(weights[:2], old_weights[:2])
    assert not torch.equal(weights[2], start)


def calls_closures_once(make: Factory) -> None:
    """`step(closure)` calls it once with gradients enabled, returns its loss, and moves like a step without one."""
    weights, expected = parameters(), parameters()
    one, other = make(weights, lr=RATE), make(expected, lr=RATE)
    calls = []

    def closure() -> float:
        one.zero_grad()
        loss = torch.stack([weight.square().sum() for weight in weights]).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        calls.append(loss.item())
        return calls[-1]

    for _ in range(3):
        for weight in expected:
            weight.grad = 2 * weight.detach()
        other.step()
        assert one.step(closure) == calls[-1]
    assert len(calls) == 3
    assert_same(weights, expected)


def maximizes(make: Factory) -> None:
    """With ``maximize`` it moves along g as it would otherwise along -g."""
    up, down = parameters(), parameters()
    one, other = make(up, lr=RATE, maximize=True), make(down, lr=RATE)
    for step in range(NUM_STEPS):
        for mine, theirs, gradient in zip(up, down, gradients(step, up), strict=True):
            mine.grad, theirs.grad = -gradient, gradient
        one.step()
        other.step()
    assert_same(up, down)


CONTRACT: dict[str, Check] = {
    each.__name__: each
    for each in (
        ignores_how_parameters_are_split,
        tolerates_missing_gradients,
        stays_finite_at_zero_gradients,
        respects_group_rates,
        works_with_schedulers,
        takes_new_groups,
        calls_closures_once,
        maximizes,
    )
}
