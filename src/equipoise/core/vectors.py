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


def laid_out_like(pattern: Tensor, value: Tensor) -> Tensor:
    """``value`` in the memory layout of ``pattern``, copied only where the layouts differ.

    Fused optimisers on the CPU walk the memory of parameter, gradient and state side by side without looking at their
    strides, so a contiguous gradient of a channels-last parameter would silently be applied to the wrong entries.
    Sums over entries in another order also differ in their last bits, which a resumed run would show.
    """
    return value if value.stride() == pattern.stride() else torch.empty_like(pattern).copy_(value)


@torch.no_grad()
def lerp_(averages: Sequence[Tensor], targets: Sequence[Tensor], weight: float) -> None:
    """Move ``averages`` towards ``targets`` in place: average += weight x (target - average)."""
    torch._foreach_lerp_(list(averages), list(targets), weight)


@torch.no_grad()
def clamp_(tensors: Sequence[Tensor], bound: float) -> None:
    """Clip every entry to [-bound, bound] in place."""
    torch._foreach_clamp_min_(list(tensors), -bound)
    torch._foreach_clamp_max_(list(tensors), bound)
