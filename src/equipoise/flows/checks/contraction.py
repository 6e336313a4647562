"""How fast two solutions approach one another, against the rate that convexity promises.

With D = d_Y^2 / r + d_X^2, two solutions of a zero-sum dual flow with moduli (l_gen, l_disc) satisfy

    D(t) <= exp(-2 min(l_gen, l_disc) t) D(0)        (r = 1; for other ratios l_disc counts r times)

so that a bilinear flow (moduli 0) is an isometry: it turns, and never converges.
"""

import math

from equipoise.flows.flow import Flow
from equipoise.flows.integrate import Trajectory


def separations(flow: Flow, one: Trajectory, other: Trajectory) -> list[float]:
    """D at every recorded time of two trajectories of the same times."""
    assert one.times == other.times, "trajectories are compared at the same times"
    pairs = (flow.squared_distances(a, b) for a, b in zip(one.states, other.states, strict=True))
    return [disc.item() / flow.ratio + gen.item() for disc, gen in pairs]


def contraction_rate(times: tuple[float, ...], values: list[float]) -> float:
    """C of D ~ exp(-c t), by least squares on log D; positive where solutions approach.

    >>> round(contraction_rate((0.0, 1.0, 2.0), [1.0, math.exp(-0.5), math.exp(-1.0)]), 12)
    0.5
    """
    from scipy.stats import linregress

    return -float(linregress(times, [math.log(value) for value in values]).slope)


def largest_excess(times: tuple[float, ...], values: list[float], modulus: float) -> float:
    """Largest D(t) / (exp(-2 modulus t) D(0)) - 1; at most 0, up to rounding, where the promise is kept."""
    return max(
        value / (math.exp(-2 * modulus * time) * values[0]) - 1 for time, value in zip(times, values, strict=True)
    )
