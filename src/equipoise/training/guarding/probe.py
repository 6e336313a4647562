"""Whether all of a session is finite, and how long the generator's gradient is, in one read of the device.

Losses are summed on the device in every round (`LossMeter`), so one that was not finite in any round shows in the sum.
Weights and optimiser states keep what is not finite. Gradients are those that the last update left in ``.grad``;
nothing is computed for them in the rounds before.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from equipoise.core import vectors
from equipoise.training.session import Session


class Probe(NamedTuple):
    """What was read.

    Attributes:
        broken: what is not finite, in words; empty where everything is.
        gen_gradient: norm of the generator's last gradient.
    """

    broken: tuple[str, ...]
    gen_gradient: float


def probe(session: Session) -> Probe:
    """Look at losses, gradients, weights and optimiser states; reads the device once."""
    sizes = {"the losses": session.meter.total()}
    for name, player in (("discriminator", session.match.disc), ("generator", session.match.gen)):
        gradients = [parameter.grad for parameter in player.parameters if parameter.grad is not None]
        on = player.parameters[0].device
        state = [tensor for tensor in floating(list(player.optimizer.state.values())) if tensor.device == on]
        sizes[f"the {name}'s gradient"] = vectors.norm(gradients) if gradients else torch.zeros((), device=on)
        sizes[f"the {name}'s weights"] = largest(player.parameters)
        sizes[f"the {name}'s optimiser"] = largest(state) if state else torch.zeros((), device=on)
    values = dict(zip(sizes, torch.stack([size.double() for size in sizes.values()]).tolist(), strict=True))
    broken = tuple(name for name, value in values.items() if not math.isfinite(value))
    return Probe(broken, values["the generator's gradient"])


@torch.no_grad()
def largest(tensors: Sequence[Tensor]) -> Tensor:
    """The largest absolute value of all entries, NaN if any is; a scalar on the tensors' device.

    Not the Euclidean norm, whose squares leave float32 while the entries are still in it.

    >>> largest([torch.tensor([1.0, -3.0]), torch.tensor(2.0)])
    tensor(3.)
    """
    norms = torch._foreach_norm([tensor for tensor in tensors if tensor.numel()], float("inf"))
    return torch.stack([vectors.at_least_float32(norm) for norm in norms]).amax()


def floating(state: Any) -> Iterator[Tensor]:
    """Every tensor of floating point in nested mappings and sequences."""
    if isinstance(state, Tensor):
        if state.is_floating_point():
            yield state
    elif isinstance(state, Mapping | list | tuple):
        for value in state.values() if isinstance(state, Mapping) else state:
            yield from floating(value)
