"""A tracker that may fail without the run: its first error is said, and it is told nothing more."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from equipoise.config import RunSettings
from equipoise.core.errors import TrackerWarning
from equipoise.core.outcomes import Ending
from equipoise.training.observer import Distances, Observer, Record


class Unfailing:
    """Passes on what it is told, until that fails.

    Args:
        tracker: to be told.
        name: what a person calls it.

    Warns:
        TrackerWarning: it failed; once.
    """

    def __init__(self, tracker: Observer, name: str) -> None:
        self._tracker, self._name, self._has_failed = tracker, name, False

    def _tell(self, act: Callable[..., None], *told: Any) -> None:
        if self._has_failed:
            return
        try:
            act(*told)
        except Exception as error:  # whatever a package, a server or a disk may bring
            self._has_failed = True
            words = (
                f"Tracking by {self._name!r} has ended ({type(error).__name__}: {str(error).partition(chr(10))[0]}); "
            )
            warnings.warn(f"{words}the run goes on, and its records are whole.", TrackerWarning, stacklevel=3)

    def on_start(self, settings: RunSettings, step: int, description: dict[str, str], distances: Distances) -> None:
        """See `Observer`."""
        self._tell(self._tracker.on_start, settings, step, description, distances)

    def on_progress(self, step: int) -> None:
        """Nothing: trackers are told of records alone."""

    def on_metrics(self, record: Record) -> None:
        """See `Observer`."""
        self._tell(self._tracker.on_metrics, record)

    def on_evaluation(self, record: Record) -> None:
        """See `Observer`."""
        self._tell(self._tracker.on_evaluation, record)

    def on_sample(self, step: int, path: Path) -> None:
        """See `Observer`."""
        self._tell(self._tracker.on_sample, step, path)

    def on_end(self, ending: Ending) -> None:
        """See `Observer`."""
        self._tell(self._tracker.on_end, ending)
