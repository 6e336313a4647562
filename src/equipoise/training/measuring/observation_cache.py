"""What a pass over a set gave, kept under a key of content and protocol, so that a set is looked at once.

Moments are kept by `equipoise.metrics.cached_moments`; the even part of the features that an interval needs lies beside
them. Anything larger is not kept.
"""

import hashlib
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from equipoise.core.errors import DataWarning
from equipoise.core.files import cache_folder, replacing
from equipoise.metrics import cached_moments
from equipoise.training.measuring.observing import Needs, Observed


def cached_observation(key: str, needs: Needs, look: Callable[[], Observed]) -> Observed:
    """What is kept under ``key``, or what ``look`` sees, which is then kept.

    Args:
        key: names everything that the features depend on; any text.
        needs: moments, or moments and rows.
        look: passes over the set.

    Warns:
        DataWarning: the result cannot be kept, or what was kept is damaged.
    """
    assert not needs.whole_set, "only moments and rows are kept"
    path = _rows_path(key)
    rows = _read(path) if needs.rows else None
    if needs.rows and rows is None:
        observed = look()
        _keep(path, observed.rows)
        return replace(observed, moments=cached_moments(key, lambda: observed.moments))
    return Observed(cached_moments(key, lambda: look().moments), rows)


def _rows_path(key: str) -> Path:
    return cache_folder() / "rows" / f"{hashlib.sha256(key.encode()).hexdigest()}.npy"


def _read(path: Path) -> Tensor | None:
    try:
        rows = torch.from_numpy(np.load(path, allow_pickle=False))
    except (OSError, ValueError, TypeError, EOFError):  # missing or damaged: they are computed again
        return None
    return rows if rows.ndim == 2 and rows.dtype == torch.float32 else None


def _keep(path: Path, rows: Tensor | None) -> None:
    assert rows is not None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.save(file, rows.numpy())
    except OSError as error:
        reason = error.strerror or error
        text = f"Features cannot be kept in {str(path.parent)!r} ({reason}); the next run takes them anew."
        warnings.warn(text, DataWarning, stacklevel=3)
