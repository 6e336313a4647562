"""torch's contract for optimisers, the part on memory: gradients' buffers, saved states, layouts."""

import copy
import io
from typing import Any

import torch
from torch import Tensor, nn

from equipoise.optimizers.conformance.playing import (
    NUM_STEPS,
    RATE,
    Check,
    Factory,
    assert_same,
    drawn,
    gradients,
    parameters,
    play,
)


def leaves_gradients_alone(make: Factory) -> None:
    """`.grad` is the same tensor with the same values after a step."""
    weights = parameters()
    optimizer = make(weights, lr=RATE)
    for step in range(3):
        given = gradients(step, weights)
        for weight, gradient in zip(weights, given, strict=True):
            weight.grad = gradient
        optimizer.step()
        assert all(weight.grad is gradient for weight, gradient in zip(weights, given, strict=True))
        assert_same(given, gradients(step, weights))


def keeps_no_gradient_buffer(make: Factory) -> None:
    """The trajectory is the same whether ``.grad`` is replaced, zeroed in place, or overwritten with rubbish."""
    expected = parameters()
    play(make(expected, lr=RATE), expected, range(NUM_STEPS))
    for between in (0.0, float("nan")):
        weights = parameters()
        optimizer = make(weights, lr=RATE)
        for weight in weights:
            weight.grad = torch.zeros_like(weight)
        for step in range(NUM_STEPS):
            for weight, gradient in zip(weights, gradients(step, weights), strict=True):
                assert weight.grad is not None
                weight.grad.copy_(gradient)
            optimizer.step()
            for weight in weights:
                assert weight.grad is not None
                weight.grad.fill_(between)
        assert_same(weights, expected)


def takes_gradients_that_are_never_zeroed(make: Factory) -> None:
    """Accumulated in place, gradients act like fresh ones of the same sums."""
    accumulated, fresh = parameters(), parameters()
    one, other = make(accumulated, lr=RATE), make(fresh, lr=RATE)
    for step in range(NUM_STEPS):
        for mine, theirs, gradient in zip(accumulated, fresh, gradients(step, fresh), strict=True):
            mine.grad = gradient if mine.grad is None else mine.grad.add_(gradient)
            theirs.grad = mine.grad.clone()
        one.step()
        other.step()
    assert_same(accumulated, fresh)


def resumes_between_any_two_steps(make: Factory) -> None:
    """A saved state in a new optimiser goes on bit by bit, through memory and through a file without pickled code."""
    weights = parameters()
    optimizer = make(weights, lr=RATE)
    snapshots = []
    for step in range(NUM_STEPS):
        state = optimizer.state_dict()
        saved = (copy.deepcopy(state), _through_a_file(state))
        snapshots.append(([weight.detach().clone() for weight in weights], saved))
        play(optimizer, weights, [step])
    for cut, (values, saved) in enumerate(snapshots):
        for state in saved:
            resumed = [nn.Parameter(value.clone()) for value in values]
            another = make(resumed, lr=7 * RATE)
            another.load_state_dict(state)
            play(another, resumed, range(cut, NUM_STEPS))
            assert_same(resumed, weights)


def _through_a_file(state: dict[str, Any]) -> Any:
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


def ignores_memory_layout(make: Factory) -> None:
    """Parameters, gradients and restored states may each be channels_last or not."""

    def moved(weight_format: torch.memory_format, gradient_format: torch.memory_format) -> Tensor:
        weight = nn.Parameter(drawn(0, (4, 3, 2, 2)).contiguous(memory_format=weight_format))
        optimizer = make([weight], lr=RATE)
        for step in range(NUM_STEPS):
            weight.grad = drawn(1 + step, (4, 3, 2, 2)).contiguous(memory_format=gradient_format)
            optimizer.step()
            if step == 2:
                optimizer.load_state_dict(_contiguous(optimizer.state_dict()))
        return weight.detach()

    formats = (torch.contiguous_format, torch.channels_last)
    results = [moved(one, other) for one in formats for other in formats]
    for result in results[1:]:
        torch.testing.assert_close(result, results[0], rtol=1e-12, atol=1e-14)


def _contiguous(state: Any) -> Any:
    """A copy in which every tensor is contiguous, as files without strides give it back."""
    if isinstance(state, Tensor):
        return state.clone(memory_format=torch.contiguous_format)
    if isinstance(state, dict):
        return {key: _contiguous(value) for key, value in state.items()}
    return [_contiguous(value) for value in state] if isinstance(state, list) else state


MEMORY: dict[str, Check] = {
    each.__name__: each
    for each in (
        leaves_gradients_alone,
        keeps_no_gradient_buffer,
        takes_gradients_that_are_never_zeroed,
        resumes_between_any_two_steps,
        ignores_memory_layout,
    )
}
