"""Number in, number out: how a rate changes with the step. No optimiser, no loss, no state."""

from equipoise.schedules.build import DECAYS, Decay, build_decay

__all__ = ["DECAYS", "Decay", "build_decay"]
