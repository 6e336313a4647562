"""Inner products of lists of tensors, each list being one long vector; nothing is read on the host."""

from collections.abc import Collection, Sequence

import torch
from torch import Tensor


def inner(left: Sequence[Tensor], right: Sequence[Tensor]) -> Tensor:
    """Inner product of each pair of tensors, shape (T,).

    Args:
        left: T dense tensors of any shapes.
        right: T tensors of the same shapes and memory layouts.

    >>> inner([torch.ones(2, 2), torch.tensor(3.0)], [torch.ones(2, 2), torch.tensor(2.0)])
    tensor([4., 6.])
    """
    return torch.stack([torch.dot(_flat(a), _flat(b)) for a, b in zip(left, right, strict=True)])


def _flat(tensor: Tensor) -> Tensor:
    # In the order of memory, whatever the dimensions are called: a channels_last tensor has no flat view otherwise.
    return tensor.as_strided((tensor.numel(),), (1,))


def inner_products(
    names: Collection[str], gradients: Sequence[Tensor], previous: Sequence[Tensor], directions: Sequence[Tensor]
) -> dict[str, Tensor]:
    """The products ``names``, each of shape (T,), with g, p and d the three lists and y = g - p.

    ``previous`` is used up: it holds -y afterwards. The caller writes the next gradient there anyway, and a fresh
    buffer for y costs more time than all the products together.

    Args:
        names: of ``g_g``, ``d_g``, ``g_y``, ``d_y``, ``y_y``.
        gradients: g, T dense tensors.
        previous: p, laid out like the gradients; not looked at where no name has a y.
        directions: d, laid out like the gradients.

    >>> g, p, d = [torch.tensor([3.0])], [torch.tensor([1.0])], [torch.tensor([-5.0])]
    >>> inner_products(["g_y", "d_y"], g, p, d)
    {'g_y': tensor([6.]), 'd_y': tensor([-10.])}
    """
    found = {}
    if "g_g" in names:
        found["g_g"] = inner(gradients, gradients)
    if "d_g" in names:
        found["d_g"] = inner(directions, gradients)
    if reads_previous(names):
        torch._foreach_sub_(list(previous), list(gradients))
    if "g_y" in names:
        found["g_y"] = -inner(gradients, previous)
    if "d_y" in names:
        found["d_y"] = -inner(directions, previous)
    if "y_y" in names:
        found["y_y"] = inner(previous, previous)
    return found


def reads_previous(names: Collection[str]) -> bool:
    """Whether any of the products ``names`` needs y, and so the previous gradient itself."""
    return any("y" in name for name in names)


def sum_over(chosen: Sequence[int], product: Tensor) -> Tensor:
    """The sum of a product (T,) over the tensors numbered ``chosen``, or over all of them where none is.

    >>> sum_over([0, 2], torch.tensor([1.0, 2.0, 4.0]))
    tensor(5.)
    """
    if 0 < len(chosen) < len(product):
        product = torch.stack([product[number] for number in chosen])
    return product.sum()
