"""Nested state on disk without pickle: tensors in one safetensors file, everything else in JSON.

``pack`` walks a state dict (dicts, lists, tuples, numbers, strings, None, tensors) and replaces each tensor by a
reference; ``unpack`` puts them back. Keys that are not strings (an optimiser's parameter numbers) and tuples survive.
"""

import hashlib
from typing import Any

import torch
from torch import Tensor

_TENSOR, _TUPLE, _PAIRS = "__tensor__", "__tuple__", "__pairs__"


def pack(state: Any) -> tuple[dict[str, Tensor], Any]:
    """Split ``state`` into its tensors by reference name and a JSON-serialisable skeleton.

    >>> tensors, skeleton = pack({0: {"step": torch.tensor(1.0), "betas": (0.5, 0.9)}})
    >>> skeleton
    {'__pairs__': [[0, {'step': {'__tensor__': '0'}, 'betas': {'__tuple__': [0.5, 0.9]}}]]}
    """
    tensors: dict[str, Tensor] = {}
    return tensors, _pack(state, tensors)


def _pack(value: Any, tensors: dict[str, Tensor]) -> Any:
    if isinstance(value, Tensor):
        name = str(len(tensors))
        tensors[name] = value.detach().contiguous()
        return {_TENSOR: name}
    if isinstance(value, dict):
        if all(isinstance(key, str) for key in value):
            return {key: _pack(item, tensors) for key, item in value.items()}
        return {_PAIRS: [[key, _pack(item, tensors)] for key, item in value.items()]}
    if isinstance(value, tuple):
        return {_TUPLE: [_pack(item, tensors) for item in value]}
    if isinstance(value, list):
        return [_pack(item, tensors) for item in value]
    assert value is None or isinstance(value, bool | int | float | str), f"cannot store a {type(value).__name__}"
    return value


def unpack(tensors: dict[str, Tensor], skeleton: Any) -> Any:
    """The inverse of `pack`."""
    if isinstance(skeleton, list):
        return [unpack(tensors, item) for item in skeleton]
    if not isinstance(skeleton, dict):
        return skeleton
    if _TENSOR in skeleton:
        return tensors[skeleton[_TENSOR]]
    if _TUPLE in skeleton:
        return tuple(unpack(tensors, item) for item in skeleton[_TUPLE])
    if _PAIRS in skeleton:
        return {key: unpack(tensors, item) for key, item in skeleton[_PAIRS]}
    return {key: unpack(tensors, item) for key, item in skeleton.items()}


def sha256_of_tensor(tensor: Tensor) -> str:
    """SHA-256 of a tensor's shape, type and bytes, in hexadecimal."""
    digest = hashlib.sha256(f"{tuple(tensor.shape)} {tensor.dtype}".encode())
    digest.update(tensor.detach().cpu().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
