"""What arms spent of the units that were not the budget: the same steps may cost one arm three times the gradients."""

import statistics
from collections.abc import Sequence

from equipoise.studies.comparison.budget import UNITS, Budget, Unit, cost_at
from equipoise.studies.comparison.played import Played
from equipoise.studies.tables import Cell, Table
from equipoise.studies.words import quoted

_COUNTED: tuple[Unit, ...] = ("gradients", "images")
_EQUAL = 1.02
"""Ratio of two costs up to which they count as the same."""


def spent_table(arms: Sequence[str], played: Sequence[Played]) -> Table:
    """What each arm had spent by its last evaluation, in every unit; medians over its runs."""
    rows: list[list[Cell]] = []
    for arm in arms:
        costs = [_spent(played, arm, unit) for unit in UNITS]
        rows.append([arm, *(statistics.median(each) if each else None for each in costs)])
    return Table("Spent by the last evaluation, medians", ["arm", *UNITS], rows)


def unequal_spending(budget: Budget, arms: Sequence[str], played: Sequence[Played]) -> list[str]:
    """Where the same ``budget`` costs arms different numbers of gradients or images, one sentence for each unit.

    Seconds are left out: they buy different numbers by their nature.
    """
    if budget.unit == "seconds":
        return []
    said = []
    for unit in (unit for unit in _COUNTED if unit != budget.unit):
        prices = {arm: price for arm in arms if (price := _price(played, arm, unit, budget.unit))}
        if not prices or max(prices.values()) <= _EQUAL * min(prices.values()):
            continue
        dear, cheap = max(prices, key=prices.__getitem__), min(prices, key=prices.__getitem__)
        ratio = prices[dear] / prices[cheap]
        advice = f"; --budget {unit} compares at equal ones" if budget.unit == "steps" else ""
        said.append(
            f"For the same {budget.unit} {quoted(dear)} takes {ratio:.3g} times the {unit} of {quoted(cheap)}{advice}."
        )
    return said


def _price(played: Sequence[Played], arm: str, unit: Unit, of: Unit) -> float | None:
    """What one of ``of`` costs ``arm`` in ``unit``, by its run that has spent most: one that diverged may have none."""
    pairs = zip(_spent(played, arm, of), _spent(played, arm, unit), strict=False)
    most, cost = max(pairs, default=(0.0, 0.0))
    return cost / most if most else None


def _spent(played: Sequence[Played], arm: str, unit: Unit) -> list[float]:
    last = [one.evaluations[-1] for one in played if one.trajectory.arm == arm and one.evaluations]
    return [cost for record in last if (cost := cost_at(record, unit)) is not None]
