"""What the checks play with: seeded parameters, and gradients drawn beforehand.

The gradients do not depend on the parameters, so that two trajectories can be compared bit by bit in float64. A factory
is called as ``make(parameters or groups, lr=...)``, by some checks with more arguments.
"""

import copy
from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

Factory = Callable[..., Optimizer]
Check = Callable[[Factory], None]
SHAPES: Sequence[tuple[int, ...]] = ((3,), (2, 2), (), (5,))
NUM_STEPS, RATE = 6, 0.1


def drawn(seed: int, shape: tuple[int, ...]) -> Tensor:
    """Standard normal numbers in float64 that depend on the seed and the shape alone."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def parameters(shapes: Iterable[tuple[int, ...]] = SHAPES) -> list[nn.Parameter]:
    """Parameters of the given shapes, the same at every call."""
    return [nn.Parameter(drawn(number, shape)) for number, shape in enumerate(shapes)]


def gradients(step: int, like: Sequence[Tensor]) -> list[Tensor]:
    """The gradients of a step, fresh tensors."""
    return [drawn(1000 + 100 * step + number, tuple(each.shape)) for number, each in enumerate(like)]


def play(optimizer: Optimizer, like: Sequence[Tensor], steps: Iterable[int]) -> None:
    """The given steps along their gradients, with ``.grad`` replaced each time."""
    for step in steps:
        for parameter, gradient in zip(like, gradients(step, like), strict=True):
            parameter.grad = gradient
        optimizer.step()


def twin(make: Factory, optimizer: Optimizer) -> tuple[Optimizer, list[nn.Parameter]]:
    """An optimiser in the same state over copies of the parameters, and those copies."""
    groups = [
        {"params": [nn.Parameter(parameter.detach().clone()) for parameter in group["params"]]}
        for group in optimizer.param_groups
    ]
    another = make(groups, lr=RATE)
    another.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    return another, [parameter for group in groups for parameter in group["params"]]


def parts(vector: Tensor, sizes: Sequence[int]) -> list[Tensor]:
    """Copies of consecutive pieces of a vector."""
    return [piece.clone() for piece in torch.split_with_sizes(vector, list(sizes))]


def assert_same(ones: Sequence[Tensor], others: Sequence[Tensor]) -> None:
    """Equal bit by bit."""
    for one, other in zip(ones, others, strict=True):
        torch.testing.assert_close(one.detach(), other.detach(), rtol=0, atol=0)
