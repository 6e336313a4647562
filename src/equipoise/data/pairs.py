"""Batches of two domains, each walked in an order of its own."""

from typing import Any

from equipoise.core.batches import DomainBatch
from equipoise.data.source import Loader


class PairLoader(Loader):
    """Batches of the source with their labels beside batches of the target without any.

    The shorter domain is walked more often. Whatever labels the target's loader gives are dropped here.

    Args:
        source: walks the labelled domain.
        target: walks the other one; both give batches of one size.
    """

    def __init__(self, source: Loader, target: Loader) -> None:
        self._source, self._target = source, target

    def __next__(self) -> DomainBatch:
        source = next(self._source)
        return DomainBatch(source.examples, source.labels, next(self._target).examples)

    def state_dict(self) -> dict[str, Any]:
        """Where either walk stands."""
        return {"source": self._source.state_dict(), "target": self._target.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See `Loader.load_state_dict`."""
        self._source.load_state_dict(state["source"])
        self._target.load_state_dict(state["target"])

    def restart(self) -> None:
        """See `Loader.restart`."""
        self._source.restart()
        self._target.restart()
