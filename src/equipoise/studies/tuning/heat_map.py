"""A grid over both learning rates as a picture: what people draw by hand to see what two time scales are worth."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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
        score: of the trial with these rates (of the best, where the grid has further axes): its median over seeds,
            infinite where most diverged; NaN where no trial has ended.
        useful: what that trial is worth to a search; NaN where none has ended.
        diverged: share of runs that diverged, of all trials with these rates.
    """

    disc: float
    gen: float
    score: float
    useful: float
    diverged: float

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
        worth = [cell.useful for cell in self.cells if math.isfinite(cell.useful)]
        on_diagonal = sum(cell.on_diagonal for cell in self.cells)
        if not on_diagonal or len(worth) < len(self.cells):
            return None
        return float(mean_best(worth)[on_diagonal - 1])

    def diagonal(self, scored: Sequence[Scored]) -> list[Scored]:
        """Of ``scored`` the trials with one rate."""
        rates = {(cell.disc, cell.gen) for cell in self.cells if cell.on_diagonal}
        return [one for one in scored if _rates(one) in rates]

    def as_json(self, file: str) -> dict[str, Any]:
        """As the figure ``file`` is drawn from: a row for each of the generator's rates."""
        disc, gen = self.rates
        cells = {(cell.disc, cell.gen): cell for cell in self.cells}
        rows = [[cells[one, other] for one in disc] for other in gen]
        best, diagonal = self.best, self.best_of_diagonal
        return {
            "file": file,
            "disc": disc,
            "gen": gen,
            "score": [[cell.score for cell in row] for row in rows],
            "diverged": [[None if math.isnan(cell.score) else cell.diverged for cell in row] for row in rows],
            "best": None if best is None else [best.disc, best.gen],
            "best_of_diagonal": None if diagonal is None else [diagonal.disc, diagonal.gen],
            "as_lucky_as_diagonal": self.as_lucky_as_diagonal,
        }

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
    if not group:
        return Cell(disc, gen, math.nan, math.nan, 0.0)
    best, diverged = best_of(group) or group[0], sum(one.diverged for one in group) / len(group)
    return Cell(disc, gen, best.score, best.useful, diverged)


def _rates(one: Scored) -> tuple[float, float]:
    disc, gen = (one.trial.values[f"{player}.lr"] for player in PLAYERS)
    return float(disc), float(gen)
