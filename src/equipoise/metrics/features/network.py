"""What the distances need of a feature network, and what every network asks of its examples."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from equipoise.core.errors import UserError


@runtime_checkable
class FeatureNetwork(Protocol):
    """A fixed map from examples to features; any object with these attributes will do.

    Attributes:
        name: what the features are called beside every number measured in them.
        dimension: number of features; None where it follows the examples.
        example_shape: (C, H, W) of the examples it takes; None where any will do.
        weights_hash: SHA-256 of the weights file, in hexadecimal; "none" where there are no weights.

    Two more attributes are read where there are any, because they too change every number: ``resize``, the name of the
    rule by which images come to the network's size, and ``precision``, that of the arithmetic, where it is not float32.
    """

    @property
    def name(self) -> str: ...  # noqa: D102 - documented with the class
    @property
    def dimension(self) -> int | None: ...  # noqa: D102
    @property
    def example_shape(self) -> tuple[int, ...] | None: ...  # noqa: D102
    @property
    def weights_hash(self) -> str: ...  # noqa: D102

    def __call__(self, examples: Tensor) -> Tensor:
        """Features (N, d) float32 of examples (N, ...) in [-1, 1], on the network's device, without gradient.

        Raises:
            UserError: the examples are of another shape or range.
        """
        ...


@runtime_checkable
class ClassifierNetwork(FeatureNetwork, Protocol):
    """A feature network that also tells classes."""

    def classify(self, examples: Tensor) -> Tensor:
        """Logits (N, classes) float32 of examples (N, ...) in [-1, 1].

        Raises:
            UserError: the examples are of another shape or range.
        """
        ...


def require_images(network: FeatureNetwork, examples: Tensor) -> None:
    """Nothing where ``examples`` are floating-point images in [-1, 1] of the network's shape.

    Raises:
        UserError: they are not.
    """
    shape = network.example_shape
    if tuple(examples.shape[1:]) != shape:
        raise UserError(
            f"Examples of shape {tuple(examples.shape[1:])} were given to the features {network.name!r}, which take "
            f"{shape}; choose features made for this data."
        )
    _require_range(network, examples)


def require_pictures(network: FeatureNetwork, examples: Tensor) -> None:
    """Nothing where ``examples`` are floating-point images in [-1, 1], grey or in colour, of any size.

    Raises:
        UserError: they are not.
    """
    if examples.ndim != 4 or examples.shape[1] not in (1, 3) or 0 in examples.shape[1:]:
        raise UserError(
            f"Examples of shape {tuple(examples.shape[1:])} were given to the features {network.name!r}, which take "
            f"images (1, H, W) or (3, H, W); choose features made for this data."
        )
    _require_range(network, examples)


def _require_range(network: FeatureNetwork, examples: Tensor) -> None:
    if not examples.is_floating_point():
        raise UserError(f"Examples of type {examples.dtype} were given; features take floating point in [-1, 1].")
    # A NaN passes here and is reported with the features it makes.
    if len(examples) and examples.abs().amax() > 1.001:
        raise UserError(
            f"Examples in [{examples.min():.4g}, {examples.max():.4g}] were given; the features {network.name!r} take "
            f"[-1, 1]."
        )


def state_hash(state: Mapping[str, Tensor]) -> str:
    """SHA-256 over names, types, shapes and bytes of a state dict, in hexadecimal; the order of names is no matter.

    >>> a, b = torch.zeros(2), torch.ones(1)
    >>> state_hash({"a": a, "b": b}) == state_hash({"b": b, "a": a}) != state_hash({"a": a, "b": a})
    True
    """
    digest = hashlib.sha256()
    for name, value in sorted(state.items()):
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


@contextmanager
def full_precision(device: torch.device) -> Iterator[None]:
    """Plain float32 arithmetic without gradients, whatever the training around it uses.

    Autocast and TensorFloat-32 (which torch allows in convolutions by default) would change features in the third
    digit, so that a distance would depend on the device.
    """
    switches = _tf32_switches()
    before = [getattr(owner, name) for owner, name, _ in switches]
    try:
        for owner, name, off in switches:
            setattr(owner, name, off)
        with torch.inference_mode(), torch.autocast(device.type, enabled=False):
            yield
    finally:
        for (owner, name, _), value in zip(switches, before, strict=True):
            setattr(owner, name, value)


def _tf32_switches() -> list[tuple[Any, str, Any]]:
    """Owner, name and off value of each switch. Since torch 2.9 the older names fail where the newer ones were used."""
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    if hasattr(cudnn, "conv"):
        return [(cudnn.conv, "fp32_precision", "ieee"), (matmul, "fp32_precision", "ieee")]
    return [(cudnn, "allow_tf32", False), (matmul, "allow_tf32", False)]
