"""A grid over both learning rates as a picture: what people draw by hand to see what two time scales are worth."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from equipoise.studies.tuning.budget import mean_best
from equipoise.studies.tuning.plan import TunePlan
from equipoise.studies.tuning.scores import Scored, best_of
from equipoise.studies.tuning.space import PLAYERS

RATES = ("disc.lr", "gen.lr")
ONE_RATE = "one rate"


@dataclass(frozen=True)
class Cell:
    """One pair of rates.

    Attributes:
        disc: the discriminator's rate.
        gen: the generator's rate.
        best: the trial with these rates; the best of them where the grid has further axes. None: none has ended.
        diverged: share of runs that diverged, of all trials with these rates.
    """

    disc: float
    gen: float
    best: Scored | None
    diverged: float

    @property
    def score(self) -> float:
        """Median over seeds, infinite where most diverged; NaN where no trial has ended."""
        return math.nan if self.best is None else self.best.score

    @property
    def on_diagonal(self) -> bool:
        """Whether both players have one rate."""
        return math.isclose(self.disc, self.gen, rel_tol=1e-9)


@dataclass(frozen=True)
class HeatMap:
    """All pairs of rates of one arm.

    Attributes:
        cells: all of them, the generator's rate moving fastest.
    """

    cells: tuple[Cell, ...]

    @property
    def rates(self) -> tuple[list[float], list[float]]:
        """The discriminator's and the generator's rates, ascending."""
        return sorted({cell.disc for cell in self.cells}), sorted({cell.gen for cell in self.cells})

    @property
    def best(self) -> Cell | None:
        """The cell of the least score, if any run ended well."""
        return self._best(self.cells)

    @property
    def best_of_diagonal(self) -> Cell | None:
        """The same among the cells of one rate."""
        return self._best([cell for cell in self.cells if cell.on_diagonal])

    @property
    def as_lucky_as_diagonal(self) -> float | None:
        """Mean best of as many random cells as the diagonal has: the search of two rates at the budget of one rate.

        The best of all cells is the least of more numbers than the best of the diagonal; this is not. None without a
        diagonal, or where a cell is missing.
        """
        worth = [cell.best.useful for cell in self.cells if cell.best is not None and math.isfinite(cell.best.useful)]
        on_diagonal = sum(cell.on_diagonal for cell in self.cells)
        if not on_diagonal or len(worth) < len(self.cells):
            return None
        return float(mean_best(worth)[on_diagonal - 1])

    def diagonal(self, scored: Sequence[Scored]) -> list[Scored]:
        """Of ``scored`` the trials with one rate."""
        rates = {(cell.disc, cell.gen) for cell in self.cells if cell.on_diagonal}
        return [one for one in scored if _rates(one) in rates]

    def _best(self, cells: Sequence[Cell]) -> Cell | None:
        finite = [cell for cell in cells if math.isfinite(cell.score)]
        return min(finite, key=lambda cell: cell.score, default=None)


def heat_maps(plan: TunePlan, scored: Sequence[Scored]) -> dict[str, HeatMap]:
    """The heat map of every arm whose space is a grid with both learning rates, by the arm's name."""
    if plan.sampler != "grid":
        return {}
    arms = [arm for arm in plan.arms if set(RATES) <= arm.space.dimensions.keys()]
    return {
        arm.name: heat_map(
            [float(value) for value in arm.space.dimensions["disc.lr"].grid()],
            [float(value) for value in arm.space.dimensions["gen.lr"].grid()],
            [one for one in scored if one.trial.arm == arm],
        )
        for arm in arms
    }


def heat_map(disc_rates: Sequence[float], gen_rates: Sequence[float], scored: Sequence[Scored]) -> HeatMap:
    """The heat map of one arm's trials."""
    groups: dict[tuple[float, float], list[Scored]] = {(disc, gen): [] for disc in disc_rates for gen in gen_rates}
    for one in scored:
        groups[_rates(one)].append(one)
    return HeatMap(tuple(_cell(*rates, group) for rates, group in groups.items()))


def _cell(disc: float, gen: float, group: Sequence[Scored]) -> Cell:
    diverged = sum(one.diverged for one in group) / len(group) if group else 0.0
    return Cell(disc, gen, best_of(group) or next(iter(group), None), diverged)


def _rates(one: Scored) -> tuple[float, float]:
    disc, gen = (one.trial.values[f"{player}.lr"] for player in PLAYERS)
    return float(disc), float(gen)
