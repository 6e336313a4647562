"""A portrait of a game between two numbers: every scheme over the vector field, against the flow itself.

`sketch` plays one game and gives everything that a picture needs, as plain records and arrays.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy
import torch
from numpy.typing import NDArray

from equipoise.config.flows import PortraitSettings
from equipoise.core.errors import UserError
from equipoise.flows.checks import Order, observed_order, radius, turns
from equipoise.flows.flow import Flow, State
from equipoise.flows.games import ClippedFlow, GameFlow
from equipoise.flows.integrate import Trajectory, integrate
from equipoise.flows.response import BestResponse
from equipoise.flows.schemes import Reference, build_scheme
from equipoise.games import ANALYTIC_GAMES, AnalyticGame, DiracGan, bilinear, quadratic

REFERENCE = "reference"
_FIELD_POINTS = 21
Record = dict[str, Any]


def portrait_games(settings: PortraitSettings) -> dict[str, AnalyticGame]:
    """The games of a portrait by the words above their pictures."""
    if settings.game == "rotation":
        return {"bilinear": bilinear(), f"damped, l = {settings.damping:g}": quadratic(settings.damping)}
    if settings.game == "quadratic":
        return {"quadratic": quadratic(settings.damping)}
    if settings.game == "dirac":
        penalty = None if settings.penalty == "none" else settings.penalty
        return {"dirac": DiracGan(settings.objective, penalty, settings.penalty_weight)}
    return {settings.game: ANALYTIC_GAMES[settings.game]()}


def flow_of(game: AnalyticGame, settings: PortraitSettings) -> Flow:
    """The flow with the ratio and the clipping of the settings."""
    if settings.clip is not None:
        flow: Flow = ClippedFlow(game, settings.clip, settings.ratio)
    else:
        flow = GameFlow(game, settings.ratio)
    return BestResponse(flow) if settings.best_response else flow


@dataclass(frozen=True)
class Line:
    """One scheme in the portrait.

    Attributes:
        scheme: its name.
        trajectory: what was drawn.
        num_turns: around the origin, or None where that cannot be told.
        order: of convergence, or None where it was not asked for or not seen.
        note: why not.
    """

    scheme: str
    trajectory: Trajectory
    num_turns: float | None
    order: Order | None
    note: str = ""


def lines(flow: Flow, settings: PortraitSettings) -> Iterator[Line]:
    """The reference first, then every scheme."""
    drawn = Reference(relative=1e-9, absolute=1e-10)
    yield _line(REFERENCE, integrate(flow, drawn, settings.tau / 2, settings.time), None, "")
    names = [name for name in settings.schemes if name != REFERENCE]
    exact = integrate(flow, Reference(), settings.order_time, settings.order_time).end if settings.order_steps else None
    for name in names:
        scheme = build_scheme(name, settings.tolerance, settings.max_evaluations)
        trajectory = integrate(flow, scheme, settings.tau, settings.time)
        order, note = None, ""
        if exact is not None:
            try:
                order = observed_order(flow, scheme, settings.order_time, settings.order_steps, exact)
            except UserError as error:
                note = str(error)
        yield _line(name, trajectory, order, note)


def _line(name: str, trajectory: Trajectory, order: Order | None, note: str) -> Line:
    try:
        num_turns = turns(trajectory)
    except UserError:
        num_turns = None
    return Line(name, trajectory, num_turns, order, note)


def records(game: str, flow: Flow, line: Line) -> Iterator[Record]:
    """One record per state of the trajectory."""
    for step, (time, state) in enumerate(zip(line.trajectory.times, line.trajectory.states, strict=True)):
        yield {
            "game": game,
            "scheme": line.scheme,
            "step": step,
            "time": time,
            "disc_point": state.disc.tolist(),
            "gen_point": state.gen.tolist(),
            "distance": radius(state).item(),
            "disc_energy": flow.disc_energy(state).item(),
            "gen_energy": flow.gen_energy(state).item(),
        }


def finding(game: str, line: Line) -> Record:
    """What was found of one scheme, as a record."""
    first, last = (radius(state).item() for state in (line.trajectory.states[0], line.trajectory.end))
    values: Record = {"distance": last, "relative_distance": last / first, "turns": line.num_turns}
    if line.order:
        values |= {"order": line.order.slope, "order_low": line.order.low, "order_high": line.order.high}
        values |= {"order_steps": line.order.steps, "order_errors": line.order.errors}
    result = {"result": line.trajectory.result.name, "note": line.trajectory.note or line.note}
    return {"game": game, "scheme": line.scheme, "step": len(line.trajectory.states) - 1, "values": values, **result}


def vector_field(flow: Flow, extent: float) -> dict[str, NDArray[Any]]:
    """The velocity on a square grid of half-width ``extent``: axes (K,), and both parts (K, K), rows along disc."""
    axis = torch.linspace(-extent, extent, _FIELD_POINTS, dtype=torch.float64)
    velocities = [[_velocity(flow, State(disc.view(1), gen.view(1))) for gen in axis] for disc in axis]
    disc, gen = (numpy.array([[velocity[part] for velocity in row] for row in velocities]) for part in (0, 1))
    return {"axis": axis.numpy(), "disc_velocity": disc, "gen_velocity": gen}


def _velocity(flow: Flow, state: State) -> tuple[float, float]:
    here = flow.settle(state)
    velocity = flow.tangent(here, flow.velocity(here))
    return velocity.disc.item(), velocity.gen.item()


def sketch(settings: PortraitSettings, on_line: Callable[[str, Flow, Line], None]) -> dict[str, NDArray[Any]]:
    """Play all games and schemes; ``on_line`` is told of each as it is done. Returns the vector fields."""
    arrays: dict[str, NDArray[Any]] = {}
    for number, (name, game) in enumerate(portrait_games(settings).items()):
        flow = flow_of(game, settings)
        reach = 0.0
        for line in lines(flow, settings):
            if line.scheme == REFERENCE:
                reach = max(abs(value) for state in line.trajectory.states for value in torch.cat(state).tolist())
            on_line(name, flow, line)
        field = {} if settings.best_response else vector_field(flow, 1.7 * reach)
        arrays |= {f"{number}_{key}": value for key, value in field.items()}
    return arrays
