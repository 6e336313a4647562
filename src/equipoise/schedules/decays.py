"""Decays: the factor by which a base rate is multiplied after ``step`` finished rounds. Pure, and 1 at step 0.

    constant      1
    inverse-sqrt  (n + 1)^(-1/2)                     Naganuma & Iiduka 2023, rule (2)
    polynomial    (n + 1)^(-eta)                     TTUR theory wants 1/2 < eta_disc < eta_gen <= 1
    step          gamma^floor(n / T)                 Naganuma & Iiduka 2023, rule (3): gamma 0.9, T 10,000
    linear        1 - (1 - final) n / N
    cosine        final + (1 - final) (1 + cos(pi n / N)) / 2
    exponential   final^(n / N)                      Hazimeh & Ponomareva 2023, the baseline: final in [1e-4, 0.1]

N is the number of rounds of the whole run; past it the last three stay at ``final``. Nothing here knows a rate.
"""

import math


def constant(step: int) -> float:
    """No decay."""
    return 1.0


def polynomial(step: int, power: float) -> float:
    """(n + 1)^(-power).

    >>> polynomial(3, power=0.5)
    0.5
    """
    return float((step + 1) ** -power)


def step_decay(step: int, gamma: float, interval: int) -> float:
    """``gamma`` once more at every ``interval`` steps.

    >>> step_decay(20_000, gamma=0.9, interval=10_000)
    0.81
    """
    return float(gamma ** (step // interval))


def linear(step: int, num_steps: int, final: float) -> float:
    """Straight from 1 to ``final``."""
    return 1 - (1 - final) * _fraction(step, num_steps)


def cosine(step: int, num_steps: int, final: float) -> float:
    """Half a cosine wave from 1 to ``final``."""
    return final + (1 - final) * (1 + math.cos(math.pi * _fraction(step, num_steps))) / 2


def exponential(step: int, num_steps: int, final: float) -> float:
    """Geometrically from 1 to ``final``, which must be positive."""
    return float(final ** _fraction(step, num_steps))


def _fraction(step: int, num_steps: int) -> float:
    return min(step / num_steps, 1.0)
