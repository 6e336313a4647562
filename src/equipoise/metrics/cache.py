"""Moments of reference sets, computed once and kept under a key of their content.

The key must name everything that the numbers depend on: the fingerprint of the data, and the hash of the network's
weights. Names will not do, since a changed folder keeps its name. A damaged file is computed again, and a cache folder
that cannot be written costs time, not the run.
"""

import hashlib
import warnings
from collections.abc import Callable
from pathlib import Path

from equipoise.core.errors import DataWarning, UserError
from equipoise.core.files import cache_folder
from equipoise.metrics.moments import Moments


def cached_moments(key: str, compute: Callable[[], Moments]) -> Moments:
    """The moments kept under ``key``, or those that ``compute`` gives, which are then kept.

    Args:
        key: whatever identifies data and features; any text.
        compute: called only where nothing usable is kept.

    Warns:
        DataWarning: the kept file is damaged, or the result cannot be kept.
    """
    path = _path(key)
    if (kept := _read(path)) is not None:
        return kept
    moments = compute()
    _keep(path, moments)
    return moments


def _path(key: str) -> Path:
    return cache_folder() / "moments" / f"{hashlib.sha256(key.encode()).hexdigest()}.npz"


def _read(path: Path) -> Moments | None:
    try:
        return Moments.load(path) if path.exists() else None
    except (UserError, OSError) as error:
        warnings.warn(f"{error} The reference moments are computed again.", DataWarning, stacklevel=3)
        return None


def _keep(path: Path, moments: Moments) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        moments.save(path)
    except OSError as error:
        reason = error.strerror or error
        warnings.warn(
            f"The reference moments cannot be kept in {str(path.parent)!r} ({reason}); the next run computes them "
            f"again.",
            DataWarning,
            stacklevel=3,
        )
