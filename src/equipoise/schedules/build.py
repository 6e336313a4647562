"""A decay from its settings."""

from collections.abc import Callable
from functools import partial

from equipoise.config import ScheduleSettings
from equipoise.core.errors import UserError
from equipoise.schedules import decays

Decay = Callable[[int], float]

DECAYS: dict[str, Callable[[ScheduleSettings, int], Decay]] = {
    "constant": lambda settings, num_steps: decays.constant,
    "inverse-sqrt": lambda settings, num_steps: partial(decays.polynomial, power=0.5),
    "polynomial": lambda settings, num_steps: partial(decays.polynomial, power=settings.power),
    "step": lambda settings, num_steps: partial(decays.step_decay, gamma=settings.gamma, interval=settings.interval),
    "linear": lambda settings, num_steps: partial(decays.linear, num_steps=num_steps, final=settings.final),
    "cosine": lambda settings, num_steps: partial(decays.cosine, num_steps=num_steps, final=settings.final),
    "exponential": lambda settings, num_steps: partial(decays.exponential, num_steps=num_steps, final=settings.final),
}


def build_decay(settings: ScheduleSettings, num_steps: int) -> Decay:
    """The factor as a function of the number of finished rounds.

    Args:
        settings: which decay, and its constants.
        num_steps: rounds of the whole run.

    >>> build_decay(ScheduleSettings(decay="linear", final=0.0), num_steps=10)(5)
    0.5
    """
    if settings.decay == "exponential" and settings.final == 0:
        raise UserError("The exponential decay cannot reach 0; set schedule.final above 0 or take the linear decay.")
    return DECAYS[settings.decay](settings, num_steps)
