"""The numbers of a record by the names that trackers group them under."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

_NOT_CURVES = ("step", "images", "seconds")


def scalars(record: Mapping[str, Any], group: str) -> Iterator[tuple[str, float]]:
    """Finite numbers of a record of metrics, and of the values of an evaluation, as ``group/name``.

    >>> list(scalars({"step": 3, "disc_loss": 1.25, "disc_gap": None, "disc_point": [1.0]}, "training"))
    [('training/disc_loss', 1.25)]
    """
    for name, value in record.items():
        if name not in _NOT_CURVES and isinstance(value, int | float) and math.isfinite(value):
            yield f"{group}/{name}", float(value)


def measured(record: Mapping[str, Any]) -> dict[str, float]:
    """The values of an evaluation, and the ends of their intervals.

    >>> measured({"step": 0, "values": {"fd": 2.0}, "intervals": {"fd": {"low": 1.5, "high": 2.5}}})
    {'evaluation/fd': 2.0, 'evaluation/fd_low': 1.5, 'evaluation/fd_high': 2.5}
    """
    ends = {
        f"{name}_{end}": interval[end]
        for name, interval in record.get("intervals", {}).items()
        for end in ("low", "high")
    }
    return dict(scalars({**record["values"], **ends}, "evaluation"))
