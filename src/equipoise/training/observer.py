"""Who watches a run: the live view, a tracker, a study. The loop tells; it does not know whom."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from equipoise.config import RunSettings
from equipoise.core.outcomes import Ending

Record = dict[str, Any]
Distances = Mapping[str, float | int | str | None]
"""First, best and latest distance so far, with their steps; empty where nothing was measured yet."""


class Observer(Protocol):
    """Told of everything that is also written to the run folder."""

    def on_start(self, settings: RunSettings, step: int, description: dict[str, str], distances: Distances) -> None:
        """Training begins after ``step`` finished rounds, with what ``description`` says in words."""

    def on_progress(self, step: int) -> None:
        """A round was finished; called often, must be cheap."""

    def on_metrics(self, record: Record) -> None:
        """A line was added to ``metrics.jsonl``."""

    def on_evaluation(self, record: Record) -> None:
        """A line was added to ``evaluations.jsonl``."""

    def on_sample(self, step: int, path: Path) -> None:
        """A picture or text of samples was written to ``path``."""

    def on_end(self, ending: Ending) -> None:
        """The run ended."""


class Silence:
    """An observer that does nothing."""

    def on_start(self, settings: RunSettings, step: int, description: dict[str, str], distances: Distances) -> None:
        """Nothing."""

    def on_progress(self, step: int) -> None:
        """Nothing."""

    def on_metrics(self, record: Record) -> None:
        """Nothing."""

    def on_evaluation(self, record: Record) -> None:
        """Nothing."""

    def on_sample(self, step: int, path: Path) -> None:
        """Nothing."""

    def on_end(self, ending: Ending) -> None:
        """Nothing."""


class Several:
    """An observer that tells others, in order.

    Args:
        observers: to be told.
    """

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = tuple(observers)

    def on_start(self, settings: RunSettings, step: int, description: dict[str, str], distances: Distances) -> None:
        """Tell all."""
        for observer in self._observers:
            observer.on_start(settings, step, description, distances)

    def on_progress(self, step: int) -> None:
        """Tell all."""
        for observer in self._observers:
            observer.on_progress(step)

    def on_metrics(self, record: Record) -> None:
        """Tell all."""
        for observer in self._observers:
            observer.on_metrics(record)

    def on_evaluation(self, record: Record) -> None:
        """Tell all."""
        for observer in self._observers:
            observer.on_evaluation(record)

    def on_sample(self, step: int, path: Path) -> None:
        """Tell all."""
        for observer in self._observers:
            observer.on_sample(step, path)

    def on_end(self, ending: Ending) -> None:
        """Tell all."""
        for observer in self._observers:
            observer.on_end(ending)
