"""Settings of one player's learning."""

from typing import Annotated

from pydantic import Field

from equipoise.config.base import Settings
from equipoise.config.schedules import ScheduleSettings


class PlayerSettings(Settings):
    """Optimiser and learning rate of one player. Two time scales are simply two different rates."""

    optimizer: str = "adam"
    """adam, adamw, amsgrad, rmsprop, sgd, momentum, adabelief, cg-fr (conjugate gradients; also cg-prp, cg-hs, cg-dy,
    cg-hz, cg-hs-dy, cg-fr-prp), or an import path such as torch.optim.NAdam."""
    lr: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 2e-4
    """Base learning rate."""
    betas: tuple[Annotated[float, Field(ge=0, lt=1)], Annotated[float, Field(ge=0, lt=1)]] | None = None
    """Averaging constants of the Adam family (default: the optimiser's own)."""
    momentum: Annotated[float, Field(ge=0, lt=1)] | None = None
    """Momentum of sgd and rmsprop (default: the optimiser's own)."""
    options: dict[str, float] = Field(default_factory=dict)
    """Further keyword arguments of the optimiser, such as weight_decay or eps."""
    schedule: ScheduleSettings = ScheduleSettings()
    """Decay of the learning rate."""
