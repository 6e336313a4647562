"""Schedules from their settings: decays of the step, and the gap-aware factor."""

from collections.abc import Callable
from functools import partial

from equipoise.config import DecaySettings, ScheduleSettings
from equipoise.core.errors import UserError
from equipoise.schedules import decays
from equipoise.schedules.gap import GapCurve
from equipoise.schedules.gap_aware import GapAware

Decay = Callable[[int], float]

DECAYS: dict[str, Callable[[DecaySettings, int], Decay]] = {
    "constant": lambda settings, num_steps: decays.constant,
    "inverse-sqrt": lambda settings, num_steps: partial(decays.polynomial, power=0.5),
    "polynomial": lambda settings, num_steps: partial(decays.polynomial, power=settings.power),
    "step": lambda settings, num_steps: partial(decays.step_decay, gamma=settings.gamma, interval=settings.interval),
    "linear": lambda settings, num_steps: partial(decays.linear, num_steps=num_steps, final=settings.final),
    "cosine": lambda settings, num_steps: partial(decays.cosine, num_steps=num_steps, final=settings.final),
    "exponential": lambda settings, num_steps: partial(decays.exponential, num_steps=num_steps, final=settings.final),
}


def build_decay(settings: DecaySettings, num_steps: int) -> Decay:
    """The factor as a function of the number of finished rounds.

    Args:
        settings: which decay, and its constants.
        num_steps: rounds of the whole run.

    >>> build_decay(DecaySettings(decay="linear", final=0.0), num_steps=10)(5)
    0.5
    """
    if settings.decay == "exponential" and settings.final == 0:
        raise UserError("The exponential decay cannot reach 0; set its final above 0 or take the linear decay.")
    return DECAYS[settings.decay](settings, num_steps)


def build_gap_aware(settings: ScheduleSettings, ideal_loss: float | None, player: str) -> GapAware | None:
    """The gap-aware factor that ``settings`` ask for, or None where they ask for none.

    Args:
        settings: of the player's learning rate.
        ideal_loss: the ideal value of the player's loss in the game, None where it has none.
        player: "disc" or "gen", for the error's words.

    Raises:
        UserError: neither the game nor the settings know an ideal value.

    >>> build_gap_aware(ScheduleSettings(gap="exponential"), 0.5, "disc").curve.above
    0.05
    """
    if settings.gap == "none":
        return None
    ideal = settings.ideal_loss if settings.ideal_loss is not None else ideal_loss
    if ideal is None:
        raise UserError(
            f"The gap-aware schedule of {player} needs an ideal loss, and this game has none for it; set "
            f"{player}.schedule.ideal_loss to a number, or {player}.schedule.gap to none."
        )
    curve = GapCurve.around(
        ideal,
        above=settings.gap_above,
        below=settings.gap_below,
        max_factor=settings.gap_max_factor,
        min_factor=settings.gap_min_factor,
        interpolation=settings.gap,
    )
    return GapAware(ideal, curve, average=settings.gap_average)
