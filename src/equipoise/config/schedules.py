"""Settings of numbers that change while training: with the step, and a learning rate with the gap as well."""

from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag

from equipoise.config.base import OnlyWith, Settings

DecayName = Literal["constant", "inverse-sqrt", "polynomial", "step", "linear", "cosine", "exponential"]
GapName = Literal["none", "exponential", "linear"]
_GAPS = ("exponential", "linear")
_WITH_END = ("linear", "cosine", "exponential")
Finite = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class DecaySettings(Settings):
    """How a factor moves away from 1 with the number of finished steps. It multiplies a base and never compounds."""

    decay: DecayName = "constant"
    """How the factor moves from 1 with the number of finished steps."""
    power: Annotated[float, Field(gt=0), OnlyWith("decay", ("polynomial",))] = 0.75
    """Exponent eta of (n + 1)^-eta."""
    gamma: Annotated[float, Field(gt=0, le=1), OnlyWith("decay", ("step",))] = 0.9
    """Factor at each drop of the step decay."""
    interval: Annotated[int, Field(gt=0), OnlyWith("decay", ("step",))] = 10_000
    """Steps between two drops of the step decay."""
    final: Annotated[float, Field(ge=0, allow_inf_nan=False), OnlyWith("decay", _WITH_END)] = 0.01
    """Factor reached at the last step (above 0 for the exponential decay; above 1 the number grows)."""


class ScheduleSettings(DecaySettings):
    """What multiplies a base learning rate: a decay, and a factor that follows the gap of the player's loss.

    The rate in force is base x decay(step) x gap factor.
    """

    gap: GapName = "none"
    """Follow the gap of this player's loss to its ideal: faster while the loss is above, slower while it is below
    (Hazimeh & Ponomareva 2023 use exponential on the discriminator)."""
    ideal_loss: Annotated[Finite | None, OnlyWith("gap", _GAPS)] = None
    """The loss to stay near (default: the ideal value of the game's objective)."""
    gap_max_factor: Annotated[float, Field(ge=1, allow_inf_nan=False), OnlyWith("gap", _GAPS)] = 2.0
    """Largest factor, f_max, reached where the loss is gap_above over the ideal."""
    gap_min_factor: Annotated[float, Field(gt=0, le=1), OnlyWith("gap", _GAPS)] = 0.1
    """Smallest factor, h_min, reached where the loss is gap_below under the ideal."""
    gap_above: Annotated[Positive | None, OnlyWith("gap", _GAPS)] = None
    """x_max, in units of the loss (default: a tenth of the ideal value, or 0.1 where that is 0)."""
    gap_below: Annotated[Positive | None, OnlyWith("gap", _GAPS)] = None
    """x_min, in units of the loss (default: a tenth of the ideal value, or 0.1 where that is 0)."""
    gap_average: Annotated[float, Field(ge=0, lt=1), OnlyWith("gap", _GAPS)] = 0.95
    """Constant of the loss's moving average, per update of this player (0: the newest batch alone)."""


class ScheduledNumber(DecaySettings):
    """A number that changes with the step: value x decay(step)."""

    value: Finite
    """The number at step 0."""


NUMBER_TAGS = ("number", "scheduled")
_KIND = Discriminator(lambda given: "scheduled" if isinstance(given, dict | ScheduledNumber) else "number")

AnyNumber = float | ScheduledNumber
"""A number in the settings that may change with the step."""


def _stays(holds: Callable[[float], bool], allowed: str) -> Callable[[ScheduledNumber], ScheduledNumber]:
    """A check that a number is allowed wherever its decay, which is monotone, takes it."""

    def check(number: ScheduledNumber) -> ScheduledNumber:
        last = number.value * (number.final if number.decay in _WITH_END else 1.0)
        for reached in (number.value, last):
            if not holds(reached):
                raise ValueError(f"A scheduled number reaches {reached:g}, but must stay {allowed}.")
        return number

    return check


PositiveNumber = Annotated[
    Annotated[float, Field(gt=0, allow_inf_nan=False), Tag("number")]
    | Annotated[ScheduledNumber, AfterValidator(_stays(lambda value: value > 0, "above 0")), Tag("scheduled")],
    _KIND,
]
"""A number above 0, plain or scheduled: ``10.0`` or ``{value: 10.0, decay: linear, final: 0.1}``."""

FractionNumber = Annotated[
    Annotated[float, Field(ge=0, lt=1), Tag("number")]
    | Annotated[ScheduledNumber, AfterValidator(_stays(lambda value: 0 <= value < 1, "in [0, 1)")), Tag("scheduled")],
    _KIND,
]
"""A number in [0, 1), plain or scheduled."""


def first_value(number: AnyNumber) -> float:
    """The number at step 0.

    >>> first_value(0.5), first_value(ScheduledNumber(value=10.0, decay="linear"))
    (0.5, 10.0)
    """
    return number.value if isinstance(number, ScheduledNumber) else number
