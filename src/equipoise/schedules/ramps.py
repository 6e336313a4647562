"""Ramps: the factor by which a weight comes to its value with the part p of the rounds that is played. Pure.

    none      1
    sigmoid   2 / (1 + exp(-10 p)) - 1       Ganin & Lempitsky 2015: 0 at the start, 0.99991 at the end
    linear    p

The counterpart of the decays, which begin at 1. A function of the part played, not of the calls made, so that it is
the same in a run that is resumed, and another one in a run of another length.
"""

import math
from collections.abc import Callable

from equipoise.config.games import RampName


def none(part: float) -> float:
    """The whole weight from the beginning."""
    return 1.0


def sigmoid(part: float) -> float:
    """The upper half of a logistic curve of steepness 10.

    >>> sigmoid(0.0), round(sigmoid(0.1), 6), round(sigmoid(1.0), 6)
    (0.0, 0.462117, 0.999909)
    """
    return 2 / (1 + math.exp(-10 * part)) - 1


def linear(part: float) -> float:
    """Straight from 0 to 1."""
    return part


RAMPS: dict[RampName, Callable[[float], float]] = {"none": none, "sigmoid": sigmoid, "linear": linear}


def build_ramp(name: RampName, num_steps: int) -> Callable[[int], float]:
    """The factor as a function of the number of finished rounds, in a run of ``num_steps``; past it, that of its end.

    >>> build_ramp("linear", 100)(25)
    0.25
    """
    return lambda step: RAMPS[name](min(step / num_steps, 1.0))
