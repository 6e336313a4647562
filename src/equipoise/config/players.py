"""Settings of one player's learning."""

import contextlib
from typing import Annotated

from pydantic import BeforeValidator, Field

from equipoise.config.base import Settings
from equipoise.config.schedules import FractionNumber, ScheduleSettings


def _number_if_any(value: object) -> object:
    # YAML reads 1e-6, without a point, as text.
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            return float(value)
    return value


Option = Annotated[bool | int | float | str | None, BeforeValidator(_number_if_any)]


class PlayerSettings(Settings):
    """Optimiser and learning rate of one player. Two time scales are simply two different rates."""

    optimizer: str = "adam"
    """adam, adamw, amsgrad, rmsprop, sgd, momentum, adabelief, cg-fr (conjugate gradients; also cg-prp, cg-hs, cg-dy,
    cg-hz, cg-hs-dy, cg-fr-prp), or an import path such as torch.optim.NAdam."""
    lr: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 2e-4
    """Base learning rate."""
    betas: tuple[FractionNumber, FractionNumber] | None = None
    """Averaging constants of the Adam family (default: the optimiser's own); each a number, or a schedule such as
    {value: 0.5, decay: linear, final: 0}."""
    momentum: Annotated[float, Field(ge=0, lt=1)] | None = None
    """Momentum of sgd and rmsprop (default: the optimiser's own)."""
    options: dict[str, Option] = Field(default_factory=dict)
    """Further keyword arguments of the optimiser, such as weight_decay, eps, or cg-fr's scope and cap."""
    schedule: ScheduleSettings = ScheduleSettings()
    """What multiplies the learning rate: a decay with the step, and the gap-aware factor."""
