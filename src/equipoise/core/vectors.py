"""Arithmetic over lists of parameters as if each list were one long vector; foreach kernels, no host reads."""

from collections.abc import Sequence

import torch
from torch import Tensor


def norm(tensors: Sequence[Tensor]) -> Tensor:
    """Euclidean norm of all entries, a scalar on the tensors' device.

    >>> norm([torch.tensor([3.0]), torch.tensor([4.0])])
    tensor(5.)
    """
    norms: Tensor = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(list(tensors))))
    return norms


def at_least_float32(tensor: Tensor) -> Tensor:
    """``tensor`` itself, or its copy in float32 where its type is narrower.

    >>> at_least_float32(torch.zeros(1, dtype=torch.bfloat16)).dtype, at_least_float32(torch.zeros(1).double()).dtype
    (torch.float32, torch.float64)
    """
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))


@torch.no_grad()
def lerp_(averages: Sequence[Tensor], targets: Sequence[Tensor], weight: float) -> None:
    """Move ``averages`` towards ``targets`` in place: average += weight x (target - average)."""
    torch._foreach_lerp_(list(averages), list(targets), weight)


@torch.no_grad()
def clamp_(tensors: Sequence[Tensor], bound: float) -> None:
    """Clip every entry to [-bound, bound] in place."""
    torch._foreach_clamp_min_(list(tensors), -bound)
    torch._foreach_clamp_max_(list(tensors), bound)
