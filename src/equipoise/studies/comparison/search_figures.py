"""What the search of a claim has found, for the figures of a search: budget curves, and maps of both rates."""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from equipoise.studies.comparison.searched import Searched
from equipoise.studies.tuning.budget import budget_curve, curve_as_json
from equipoise.studies.tuning.figures import rates_figure, search_figures
from equipoise.studies.tuning.heat_map import Cell, HeatMap

Rates = Mapping[str, tuple[float, float]]
"""Both learning rates, the discriminator's first, by configuration."""


def with_search_figures(
    results: dict[str, Any], found: Sequence[Searched], rates: Mapping[str, Rates], *, drawn: bool
) -> dict[str, Any]:
    """Entries of ``analysis.json``: the data of the figures, and the figures beside those of the ``results``.

    Args:
        results: of the claim.
        found: what tuning found, by arm.
        rates: of every candidate, by arm.
        drawn: whether the candidates are independent random draws, over which curves have intervals.
    """
    worth = {one.arm: [tried.useful for tried in one.tried if math.isfinite(tried.useful)] for one in found}
    curves = {arm: curve_as_json(budget_curve(each, intervals=drawn)) for arm, each in worth.items() if each}
    maps = {one.arm: made for one in found if (made := map_of(one, rates[one.arm]))}
    return {
        "curves": curves,
        "heat_maps": {arm: made.as_json(rates_figure(arm)) for arm, made in maps.items()},
        "figures": [*results["figures"], *(search_figures(maps, results["distance"]) if curves else [])],
    }


def map_of(found: Searched, rates: Rates) -> HeatMap | None:
    """The map of an arm that was tried at every pair of two rates or more of either player, once each; else None."""
    pairs = [rates[one.label] for one in found.tried]
    discs, gens = ({pair[player] for pair in pairs} for player in (0, 1))
    if min(len(discs), len(gens)) < 2 or sorted(pairs) != sorted(itertools.product(discs, gens)):
        return None
    cells = (Cell(*rates[one.label], one.median, one.useful, one.num_diverged / len(one.finals)) for one in found.tried)
    return HeatMap(tuple(cells))
