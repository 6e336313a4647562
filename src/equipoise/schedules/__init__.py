"""Number in, number out: how a rate changes with the step, and with the gap of a loss to its ideal value.

`GapAwareLR` needs no other part of the package: it goes into any PyTorch loop. `conformance` is the suite that any
decay and any gap-aware curve can be put through (``from equipoise.schedules import conformance``).
"""

from equipoise.schedules.build import DECAYS, Decay, build_decay, build_gap_aware
from equipoise.schedules.conditions import Conditions, check_conditions
from equipoise.schedules.gap import INTERPOLATIONS, GapCurve, gap_factor
from equipoise.schedules.gap_aware import GapAware
from equipoise.schedules.gap_aware_lr import GapAwareLR
from equipoise.schedules.ramps import RAMPS, build_ramp
from equipoise.schedules.scheduled import Scheduled, build_scheduled

__all__ = [
    "DECAYS",
    "INTERPOLATIONS",
    "RAMPS",
    "Conditions",
    "Decay",
    "GapAware",
    "GapAwareLR",
    "GapCurve",
    "Scheduled",
    "build_decay",
    "build_gap_aware",
    "build_ramp",
    "build_scheduled",
    "check_conditions",
    "gap_factor",
]
