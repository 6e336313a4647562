"""The arrays that rules of selection take: float64, finite, and of agreeing lengths; or one sentence."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from equipoise.core.errors import UserError
from equipoise.metrics.rows import as_rows


def as_features(features: Any) -> NDArray[np.float64]:
    """Features (N, F), N at least 1, from an array, a tensor or lists.

    Raises:
        UserError: not of the shape (N, F), empty, or not finite.
    """
    rows = as_rows(features if isinstance(features, Tensor) else np.asarray(features))
    if not len(rows):
        raise UserError("No examples were given; give at least one.")
    return rows.astype(np.float64)


def as_logits(logits: Any) -> NDArray[np.float64]:
    """Logits (N, K), K at least 2.

    Raises:
        UserError: not of the shape (N, K), empty, or not finite.
    """
    rows = as_features(logits)
    if rows.shape[1] < 2:
        raise UserError(f"Logits of shape {rows.shape} were given; give (N, K) for at least two classes.")
    return rows


def as_labels(labels: Any, num_examples: int, num_classes: int) -> NDArray[np.int64]:
    """Classes (N,) from 0 to K - 1.

    Raises:
        UserError: not (N,) whole numbers in that range.
    """
    found = labels.detach().cpu().numpy() if isinstance(labels, Tensor) else np.asarray(labels)
    if found.shape != (num_examples,) or not np.issubdtype(found.dtype, np.integer):
        raise UserError(
            f"Labels of shape {found.shape} and type {found.dtype} were given for {num_examples} examples; give "
            f"({num_examples},) whole numbers."
        )
    if found.min() < 0 or found.max() >= num_classes:
        raise UserError(
            f"Labels from {found.min()} to {found.max()} were given, but the logits are of {num_classes} classes; "
            f"give labels from 0 to {num_classes - 1}."
        )
    return found.astype(np.int64)


def as_vector(values: Any, name: str) -> NDArray[np.float64]:
    """Numbers (N,), N at least 1.

    Raises:
        UserError: not of the shape (N,), empty, or not finite.
    """
    found = values.detach().cpu().numpy() if isinstance(values, Tensor) else np.asarray(values)
    found = found.astype(np.float64)
    if found.ndim != 1 or not len(found) or not np.isfinite(found).all():
        raise UserError(f"The {name} have shape {found.shape} or are not finite; give (N,) finite numbers.")
    return found
