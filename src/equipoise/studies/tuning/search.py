"""Where trials come from, wave by wave: all at once where they are known beforehand, else as earlier ones end."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from equipoise.studies.tuning.plan import Trial, TunePlan
from equipoise.studies.tuning.pruning import NUM_PILOTS
from equipoise.studies.tuning.scores import Scored


class Search(Protocol):
    """Hands out trials, and is told what became of them."""

    def wave(self) -> list[Trial]:
        """Trials to play now; none where the search is over."""
        ...

    def tell(self, scored: Sequence[Scored]) -> None:
        """Take the trials of the last wave that have ended."""
        ...

    def trials(self) -> list[Trial]:
        """All that were handed out, by this process or any other."""
        ...


class PlannedSearch:
    """Random draws or a grid: one wave; two where those that fall behind the first are given up.

    Args:
        plan: with all trials.
    """

    def __init__(self, plan: TunePlan) -> None:
        self._planned = plan.planned()
        self._waves = self._in_waves(plan.prune)

    def _in_waves(self, prune: bool) -> Iterator[list[Trial]]:
        num_first = NUM_PILOTS if prune else len(self._planned)
        yield [trial for trial in self._planned if trial.number < num_first]
        yield [trial for trial in self._planned if trial.number >= num_first]

    def wave(self) -> list[Trial]:
        """See `Search.wave`."""
        return next(self._waves, [])

    def tell(self, scored: Sequence[Scored]) -> None:
        """Nothing: the plan stands."""

    def trials(self) -> list[Trial]:
        """All of the plan."""
        return self._planned
