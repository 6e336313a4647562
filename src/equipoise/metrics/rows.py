"""Features as every distance wants them: finite rows (N, d), and pairs of sets that can be compared.

Two forms: `as_rows` gives numpy for the arithmetic of moments, `paired_rows` gives torch tensors for distances of all
pairs. Neither changes a digit: float32 stays float32, float64 stays float64, shorter types are widened to float32.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from equipoise.core.errors import NotMeasurableError, UserError

Features = Tensor | NDArray[Any]

_FEW = 2**16


def as_rows(features: Features) -> NDArray[Any]:
    """Features (N, d) as a numpy array of float32 or float64, without a copy where that is possible.

    Raises:
        UserError: not of the shape (N, d), or NaN or infinite.
    """
    rows = features.detach().cpu().to(_wide(features)).numpy() if isinstance(features, Tensor) else np.asarray(features)
    if rows.ndim != 2 or not rows.shape[1]:
        raise UserError(f"Features of shape {rows.shape} were given, but (N, d) is needed.")
    if rows.dtype not in (np.float32, np.float64):
        rows = rows.astype(np.float32 if rows.dtype == np.float16 else np.float64)
    if not _finite(rows):
        raise NotMeasurableError("The features hold NaN or infinite numbers; look at the examples they were made from.")
    return rows


def paired_rows(samples: Features, reference: Features, fewest: int = 2) -> tuple[Tensor, Tensor]:
    """Both sets as tensors (N, d) and (M, d) of one floating type on one device, that of ``samples``.

    Args:
        samples: (N, d).
        reference: (M, d).
        fewest: examples that each side must have.

    Raises:
        UserError: a shape is not (N, d), dimensions differ, a number is not finite, or a side is too small.
    """
    rows = [_as_tensor(each) for each in (samples, reference)]
    if rows[0].shape[1] != rows[1].shape[1]:
        raise UserError(f"Sets of {rows[0].shape[1]} and {rows[1].shape[1]} features cannot be compared.")
    for each, side in zip(rows, ("samples", "reference"), strict=True):
        if len(each) < fewest:
            raise UserError(f"At least {fewest} examples are needed on each side, but the {side} are {len(each)}.")
    dtype = torch.promote_types(rows[0].dtype, rows[1].dtype)
    return rows[0].to(dtype), rows[1].to(rows[0].device, dtype)


def _as_tensor(features: Features) -> Tensor:
    """A tensor of float32 or float64 where its features are, or on the CPU where those devices have no float64."""
    if not isinstance(features, Tensor) or features.device.type not in ("cpu", "cuda"):
        array = as_rows(features)
        # torch warns of arrays that are closed to changes; nothing here writes.
        return torch.from_numpy(array if array.flags.writeable else array.copy())
    rows = features.detach().to(_wide(features))
    if rows.ndim != 2 or not rows.shape[1]:
        raise UserError(f"Features of shape {tuple(rows.shape)} were given, but (N, d) is needed.")
    if not rows.isfinite().all():
        raise NotMeasurableError("The features hold NaN or infinite numbers; look at the examples they were made from.")
    return rows


def _wide(features: Tensor) -> torch.dtype:
    if not features.is_floating_point():
        return torch.float64
    return torch.promote_types(features.dtype, torch.float32)


def _finite(rows: NDArray[Any]) -> bool:
    """Whether every number is finite: a product with ones reads memory at full speed, and overflows are looked into."""
    if rows.size < _FEW:
        return bool(np.isfinite(rows).all())
    with np.errstate(over="ignore", invalid="ignore"):
        sums = rows @ np.ones(rows.shape[1], dtype=rows.dtype)
    return bool(np.isfinite(sums).all() or np.isfinite(rows).all())
