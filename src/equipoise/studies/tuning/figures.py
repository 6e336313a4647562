"""Which figures a search has: what its trials buy, and the map of both rates of every arm that has one."""

from collections.abc import Iterable

from equipoise.studies.tuning.plan import file_name

BUDGET_FIGURE = "budget.png"


def rates_figure(arm: str) -> str:
    """Name of the file of an arm's heat map."""
    return f"rates-{file_name(arm)}.png"


def search_figures(maps: Iterable[str], label: str) -> list[dict[str, str]]:
    """Files and the words for those who cannot see them.

    Args:
        maps: arms that have a heat map.
        label: name of the distance.
    """
    return [
        {"file": BUDGET_FIGURE, "alternative": f"Mean best {label} against the number of trials, for each arm."},
        *({"file": rates_figure(arm), "alternative": f"{label} of {arm} over both learning rates."} for arm in maps),
    ]
