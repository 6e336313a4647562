"""Number in, number out: how a rate changes with the step. No optimiser, no loss, no state."""

from equipoise.schedules.build import DECAYS, Decay, build_decay
from equipoise.schedules.conditions import Conditions, check_conditions

__all__ = ["DECAYS", "Conditions", "Decay", "build_decay", "check_conditions"]
