"""What the analysis knows of a run: what it had measured when it had spent how much, and whether it diverged."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from equipoise.core.errors import UserError
from equipoise.core.judges import distance_of
from equipoise.studies.comparison.budget import Unit, cost_at
from equipoise.studies.folder import Record

Array = np.ndarray[tuple[int], np.dtype[np.float64]]


@dataclass(frozen=True)
class Trajectory:
    """One run.

    Attributes:
        arm: its name.
        seed: of the run.
        costs: spent at each evaluation, in the budget's unit, ascending.
        values: distances measured there; less is better; NaN where the measurement was not finite.
        diverged: whether the run ended so.
    """

    arm: str
    seed: int
    costs: Sequence[float]
    values: Sequence[float]
    diverged: bool = False

    @property
    def spent(self) -> float:
        """What had been spent at the last evaluation; 0 if there was none."""
        return self.costs[-1] if self.costs else 0.0

    def is_lost(self, budget: float) -> bool:
        """Whether the run had diverged within ``budget``."""
        return not math.isfinite(self.at([budget])[0])

    def at(self, costs: Sequence[float] | Array) -> Array:
        """Distances when so much was spent, linear between evaluations that were finite.

        Before the first evaluation it is that one's value; infinite past the last finite one where the run diverged
        or its last measurement was not finite.

        >>> Trajectory("a", 0, [0, 10, 20], [8.0, 4.0, 2.0], diverged=True).at([5, 20, 21]).tolist()
        [6.0, 2.0, inf]
        """
        wanted, spent, values = (np.asarray(given, float) for given in (costs, self.costs, self.values))
        finite = np.isfinite(values)
        if not finite.any():
            return np.full_like(wanted, math.inf)
        found: Array = np.interp(wanted, spent[finite], values[finite])
        if self.diverged or not finite[-1]:
            found[wanted > spent[finite][-1]] = math.inf
        return found


def trajectory(arm: str, seed: int, evaluations: Sequence[Record], unit: Unit, *, diverged: bool) -> Trajectory:
    """A run from its lines of ``evaluations.jsonl``.

    Raises:
        UserError: they do not say what was spent in ``unit``.
    """
    costs = [cost_at(record, unit) for record in evaluations]
    if any(cost is None for cost in costs):
        raise UserError(
            f"Runs of arm {arm!r} do not record their {unit}, perhaps because an older version made them; choose "
            f"another unit for --budget, or another --out."
        )
    values = [distance_of(record) for record in evaluations]
    return Trajectory(arm, seed, [float(cost or 0) for cost in costs], values, diverged)


def shared_budget(runs: Sequence[Trajectory], asked: float) -> float:
    """What every run has spent that did not diverge: ``asked``, or less where one ended before."""
    return min([asked, *(run.spent for run in runs if not run.diverged)])
