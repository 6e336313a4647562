"""Settings of a number that changes with the step."""

from typing import Annotated, Literal

from pydantic import Field

from equipoise.config.base import OnlyWith, Settings

DecayName = Literal["constant", "inverse-sqrt", "polynomial", "step", "linear", "cosine", "exponential"]


class ScheduleSettings(Settings):
    """A factor that multiplies the base learning rate; it never compounds."""

    decay: DecayName = "constant"
    """How the factor falls from 1 with the number of finished steps."""
    power: Annotated[float, Field(gt=0), OnlyWith("decay", ("polynomial",))] = 0.75
    """Exponent eta of (n + 1)^-eta."""
    gamma: Annotated[float, Field(gt=0, le=1), OnlyWith("decay", ("step",))] = 0.9
    """Factor at each drop of the step decay."""
    interval: Annotated[int, Field(gt=0), OnlyWith("decay", ("step",))] = 10_000
    """Steps between two drops of the step decay."""
    final: Annotated[float, Field(ge=0, le=1), OnlyWith("decay", ("linear", "cosine", "exponential"))] = 0.01
    """Factor reached at the last step (above 0 for the exponential decay)."""
