"""From a flow, a scheme and a step to a trajectory, with a named result."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from equipoise.core.errors import UserError
from equipoise.flows.flow import Flow, State
from equipoise.flows.outcomes import Result, UnsolvedError
from equipoise.flows.schemes.scheme import Scheme

MAX_STEPS = 10_000_000
"""More steps than anyone means to take; a step far below the time asked for is a mistake."""


@dataclass(frozen=True)
class Trajectory:
    """What came out.

    Attributes:
        times: (K,) of the recorded states, from 0.
        states: K of them; the last is the newest finite one that was recorded.
        result: how it ended.
        note: what a person should know besides, such as the solver's residual; empty if there is nothing.
    """

    times: tuple[float, ...]
    states: tuple[State, ...]
    result: Result
    note: str = ""

    @property
    def end(self) -> State:
        """The last state."""
        return self.states[-1]

    def stacked(self) -> tuple[Tensor, Tensor]:
        """Discriminators (K, ...) and generators (K, ...); critics have to be tensors."""
        return torch.stack([state.disc for state in self.states]), torch.stack([state.gen for state in self.states])


def num_steps_for(time: float, tau: float) -> int:
    """How many steps of length ``tau`` a time of ``time`` takes, to the nearest.

    Raises:
        UserError: the step or the time is not positive and finite, or the time is too short for one step.

    >>> num_steps_for(1.0, 0.1)
    10
    """
    for name, value in (("step tau", tau), ("time", time)):
        if not 0 < value < float("inf"):
            raise UserError(f"The {name} was given as {value}, but must be a finite number above 0.")
    if time < tau * (1 - 1e-9):
        raise UserError(f"The time {time:g} is too short for one step of {tau:g}; give a longer time or a smaller tau.")
    if time / tau > MAX_STEPS:
        raise UserError(f"The time {time:g} is {time / tau:.3g} steps of {tau:g}; at most {MAX_STEPS:,} are allowed.")
    return round(time / tau)


def integrate(
    flow: Flow,
    scheme: Scheme,
    tau: float,
    time: float,
    start: State | None = None,
    every: int = 1,
    on_step: Callable[[int, State], State | None] | None = None,
) -> Trajectory:
    """Advance ``flow`` from ``start`` over ``time`` by steps of ``tau``.

    Args:
        flow: the dual flow.
        scheme: the step.
        tau: its length, above 0.
        time: to integrate over; the number of steps is ``time / tau`` to the nearest.
        start: first state (default: the flow's own).
        every: steps between two recorded states, which are also checked for numbers that are not finite; the last is
            always recorded.
        on_step: called with (steps so far, state) after every step; what it returns, if anything, replaces the state.

    Raises:
        UserError: see `num_steps_for`; or ``start`` is not finite.

    >>> from equipoise.flows import GameFlow, build_scheme
    >>> from equipoise.games import bilinear
    >>> integrate(GameFlow(bilinear()), build_scheme("reference"), tau=3.0, time=3.0).end.gen
    tensor([-0.9900], dtype=torch.float64)
    """
    num_steps = num_steps_for(time, tau)
    state = flow.start if start is None else start
    if not is_finite(state):
        raise UserError("The flow cannot start from numbers that are not finite; look at its first state.")
    times, states = [0.0], [state]
    for number in range(num_steps + 1):
        try:
            if number == 0:
                states[0] = state = flow.settle(state)
                continue
            state = scheme.step(flow, state, tau)
        except UnsolvedError as error:
            return Trajectory(tuple(times), tuple(states), error.result, _note(number, tau, error))
        state = (on_step and on_step(number, state)) or state
        if number % every == 0 or number == num_steps:
            if not is_finite(state):
                return Trajectory(
                    tuple(times), tuple(states), Result.DIVERGED, f"by step {number}, time {number * tau:.4g}"
                )
            times.append(number * tau)
            states.append(state)
    return Trajectory(tuple(times), tuple(states), Result.REACHED)


def is_finite(state: State) -> bool:
    """Whether every number of both players is finite; reads the device."""
    disc = state.disc if isinstance(state.disc, Tensor) else state.disc.coefficients
    return bool(disc.isfinite().all()) and bool(state.gen.isfinite().all())


def _note(number: int, tau: float, error: UnsolvedError) -> str:
    return f"in step {number}, time {number * tau:.4g}; residual {error.residual:.3g}"
