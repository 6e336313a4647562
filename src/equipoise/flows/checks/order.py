"""Observed order of convergence: how fast the error at a fixed time falls with the step."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from equipoise.core.errors import UserError
from equipoise.flows.flow import Flow, State
from equipoise.flows.integrate import integrate
from equipoise.flows.schemes import Reference, Scheme


@dataclass(frozen=True)
class Order:
    """What was observed.

    Attributes:
        steps: tau, longest first.
        errors: at the end time, in the flow's metric.
        slope: p of error ~ tau^p, by least squares in logarithms.
        low: of the 95 % interval of the slope.
        high: of the same.
    """

    steps: tuple[float, ...]
    errors: tuple[float, ...]
    slope: float
    low: float
    high: float

    @property
    def pairwise(self) -> tuple[float, ...]:
        """Slopes between neighbouring steps; they tend to the order where the steps are short enough."""
        steps, errors = self.steps, self.errors
        return tuple(
            math.log(errors[i] / errors[i + 1]) / math.log(steps[i] / steps[i + 1]) for i in range(len(steps) - 1)
        )


def distance(flow: Flow, one: State, other: State) -> float:
    """The distance of two states in the flow's metric: sqrt(d_Y^2 + d_X^2)."""
    return math.sqrt(sum(part.item() for part in flow.squared_distances(one, other)))


def observed_order(
    flow: Flow, scheme: Scheme, time: float, num_steps: Sequence[int], exact: State | None = None
) -> Order:
    """Measure the order of ``scheme`` on ``flow`` at ``time``.

    The interval is that of a straight line through the points (log tau, log error): it is wide where the points bend,
    that is, where the steps are not yet short enough for the order to show.

    Args:
        flow: a smooth flow.
        scheme: the scheme.
        time: at which errors are taken.
        num_steps: at least three numbers of steps, such as 100, 200, 400.
        exact: the state at ``time`` (default: by the reference scheme).

    Raises:
        UserError: fewer than three numbers, a trajectory that did not reach the time, or errors that are 0.
    """
    if len(set(num_steps)) < 3:
        raise UserError(f"An order was asked for from {list(num_steps)} steps; give at least three different numbers.")
    exact = exact or integrate(flow, Reference(), time, time).end
    steps, errors = [], []
    for number in sorted(num_steps):
        trajectory = integrate(flow, scheme, time / number, time, every=number)
        if len(trajectory.states) < 2:
            raise UserError(f"With {number} steps the end time is not reached: {trajectory.result} Give more steps.")
        steps.append(time / number)
        errors.append(distance(flow, trajectory.end, exact))
    if min(errors) == 0:
        raise UserError("The scheme is exact on this flow, so that no order of convergence can be seen.")
    return Order(tuple(steps), tuple(errors), *fitted_slope(steps, errors))


def fitted_slope(steps: Sequence[float], errors: Sequence[float]) -> tuple[float, float, float]:
    """Slope of log error over log step by least squares, with its 95 % interval (Student's t).

    >>> fitted_slope([0.4, 0.2, 0.1], [0.8, 0.4, 0.2])
    (1.0, 1.0, 1.0)
    """
    from scipy.stats import linregress, t

    fit = linregress([math.log(step) for step in steps], [math.log(error) for error in errors])
    margin = float(t.ppf(0.975, len(steps) - 2) * fit.stderr)
    return float(fit.slope), float(fit.slope) - margin, float(fit.slope) + margin
