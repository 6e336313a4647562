"""What the figures of flows share: the colours of schemes, which the colour-blind can tell apart (Okabe and Ito)."""

from typing import Any

import numpy
from numpy.typing import NDArray

SCHEME_COLOURS = {
    "reference": "#000000",
    "explicit": "#D55E00",
    "alternating": "#0072B2",
    "minimising": "#E69F00",
    "minimising-alternating": "#56B4E9",
    "implicit": "#009E73",
    "extragradient": "#CC79A7",
}
SCHEME_DASHES = {"minimising": (0, (5, 4)), "minimising-alternating": (0, (2, 3)), "extragradient": (0, (5, 3))}
"""Schemes that can lie on top of another one are dashed, so that both are seen."""
MODE, CLOUD, DATA = "#D55E00", "#0072B2", "#BBBBBB"
Records = list[dict[str, Any]]


def number(value: Any) -> float:
    """A float from a record, NaN for null."""
    return float("nan") if value is None else float(value)


def column(records: Records, name: str) -> NDArray[Any]:
    """One entry of every record; of a list its first."""
    values = (record[name] for record in records)
    return numpy.array([number(value[0] if isinstance(value, list) else value) for value in values])
