"""The gap-aware factor: how much faster or slower a player should learn, given its loss and the ideal one. Pure.

With the loss V, its ideal value V*, and x = |V - V*| (Hazimeh & Ponomareva 2023, section 3):

                  V >= V* (behind: faster)              V < V* (ahead: slower)
    exponential   min(f_max^(x / x_max), f_max)         max(h_min^(x / x_min), h_min)
    linear        1 + (f_max - 1) min(x / x_max, 1)     1 - (1 - h_min) min(x / x_min, 1)

The factor is 1 at the ideal, continuous, rises with V, and stays in [h_min, f_max]. The paper takes exponential with
f_max 2, h_min 0.1 and x_max = x_min = 0.1 V*, but 0.1 for WGAN, whose V* is 0: the thresholds are lengths on the
axis of the loss, and a fraction of V* is but one way to get them. Its notebook knows only the fraction, which is 0/0
for WGAN; here thresholds are given as lengths and have to be positive.

Not here: the estimate of V (``gap_aware``), and rates (`GapAwareLR`, and the players of `equipoise.training`).
"""

import math
from dataclasses import dataclass
from typing import Any, TypeVar

from torch import Tensor

from equipoise.core.errors import UserError, unknown

Value = TypeVar("Value", float, Tensor)
INTERPOLATIONS = ("exponential", "linear")
FRACTION_OF_IDEAL, LENGTH_AT_ZERO = 0.1, 0.1


@dataclass(frozen=True, kw_only=True)
class GapCurve:
    """The shape of the factor.

    Attributes:
        above: x_max, how far the loss is above the ideal where the factor reaches ``max_factor``; units of the loss.
        below: x_min, how far it is below where the factor reaches ``min_factor``.
        max_factor: f_max, at least 1.
        min_factor: h_min, in (0, 1].
        interpolation: "exponential" or "linear".

    Raises:
        UserError: a value is out of its range.

    >>> GapCurve.around(0.0)
    GapCurve(above=0.1, below=0.1, max_factor=2.0, min_factor=0.1, interpolation='exponential')
    """

    above: float
    below: float
    max_factor: float = 2.0
    min_factor: float = 0.1
    interpolation: str = "exponential"

    def __post_init__(self) -> None:
        if self.interpolation not in INTERPOLATIONS:
            raise unknown("interpolation", str(self.interpolation), INTERPOLATIONS)
        for name in ("above", "below"):
            _require(name, getattr(self, name), 0 < getattr(self, name) < math.inf, "a finite length above 0")
        _require("max_factor", self.max_factor, 1 <= self.max_factor < math.inf, "at least 1 and finite")
        _require("min_factor", self.min_factor, 0 < self.min_factor <= 1, "above 0 and at most 1")

    @classmethod
    def around(
        cls, ideal_loss: float, *, above: float | None = None, below: float | None = None, **others: Any
    ) -> "GapCurve":
        """The curve with the paper's thresholds for an ideal value: a tenth of it, or 0.1 where it is 0.

        Args:
            ideal_loss: V*.
            above: another x_max.
            below: another x_min.
            others: the other attributes.
        """
        length = FRACTION_OF_IDEAL * abs(ideal_loss) or LENGTH_AT_ZERO
        return cls(above=length if above is None else above, below=length if below is None else below, **others)


def gap_factor(loss: Value, ideal_loss: float, curve: GapCurve) -> Value:
    """What a base rate is multiplied by at a loss of ``loss``.

    Args:
        loss: V, a number or a tensor of any shape.
        ideal_loss: V*.
        curve: the factor's shape.

    Returns:
        In [curve.min_factor, curve.max_factor]; a number or a tensor, as ``loss`` is. NaN stays NaN.

    >>> curve = GapCurve(above=0.2, below=0.1)
    >>> [round(gap_factor(loss, 1.0, curve), 3) for loss in (0.8, 0.95, 1.0, 1.1, 1.2, 9.0)]
    [0.1, 0.316, 1.0, 1.414, 2.0, 2.0]
    >>> import torch
    >>> gap_factor(torch.tensor([0.0, 1.0, 2.0]), 1.0, curve)
    tensor([0.1000, 1.0000, 2.0000])
    """
    behind = _fraction((loss - ideal_loss) / curve.above)
    ahead = _fraction((ideal_loss - loss) / curve.below)
    # One of the two is always 0, and its part of the product 1.
    if curve.interpolation == "linear":
        factor: Value = (1 - behind + curve.max_factor * behind) * (1 - ahead + curve.min_factor * ahead)
    else:
        factor = curve.max_factor**behind * curve.min_factor**ahead
    return factor


def _fraction(value: Value) -> Value:
    """``value`` brought into [0, 1]; NaN stays NaN."""
    if isinstance(value, Tensor):
        return value.clamp(0, 1)
    return min(max(value, 0.0), 1.0)


def _require(name: str, value: float, holds: bool, allowed: str) -> None:
    if not holds:
        raise UserError(f"The gap-aware factor was given {name}={value!r}; it has to be {allowed}.")
