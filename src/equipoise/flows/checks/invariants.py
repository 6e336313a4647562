"""What a flow keeps, how it turns, and the period of a cycle."""

import itertools
import math
from collections.abc import Callable, Sequence

from torch import Tensor

from equipoise.core.errors import UserError
from equipoise.flows.flow import State
from equipoise.flows.integrate import Trajectory


def radius(state: State) -> Tensor:
    """Distance of both players from the origin; with r = 1 every zero-sum bilinear flow keeps it."""
    squared: Tensor = state.disc.square().sum() + state.gen.square().sum()
    return squared.sqrt()


def drift(trajectory: Trajectory, quantity: Callable[[State], Tensor]) -> float:
    """Largest change of ``quantity`` against its first value, relative to that value."""
    values = [quantity(state).item() for state in trajectory.states]
    return max(abs(value - values[0]) for value in values) / abs(values[0])


def angles(trajectory: Trajectory) -> list[float]:
    """The angle of (gen, disc) around the origin in radians, without jumps; both players have to be single numbers.

    Raises:
        UserError: the players are more than one number each, or records are half a turn apart.
    """
    if any(part.numel() != 1 for part in trajectory.states[0]):
        raise UserError("Rotation is measured in the plane of two numbers, but a player here has more than one.")
    raw = [math.atan2(state.disc.item(), state.gen.item()) for state in trajectory.states]
    total = [raw[0]]
    for before, after in itertools.pairwise(raw):
        change = (after - before + math.pi) % (2 * math.pi) - math.pi
        if abs(change) > 0.9 * math.pi:
            raise UserError("Two records are about half a turn apart, so the sense of rotation is lost; record more.")
        total.append(total[-1] + change)
    return total


def turns(trajectory: Trajectory) -> float:
    """Turns around the origin from first to last record; positive counter-clockwise with gen along the first axis."""
    unwound = angles(trajectory)
    return (unwound[-1] - unwound[0]) / (2 * math.pi)


def crossing_times(times: Sequence[float], values: Sequence[float]) -> list[float]:
    """Times at which ``values`` pass upwards through 0, by linear interpolation.

    >>> crossing_times([0.0, 1.0, 2.0, 3.0], [-1.0, 1.0, -1.0, 3.0])
    [0.5, 2.25]
    """
    found = []
    for number in range(len(values) - 1):
        low, high = values[number], values[number + 1]
        if low < 0 <= high:
            share = -low / (high - low)
            found.append(times[number] + share * (times[number + 1] - times[number]))
    return found


def period(trajectory: Trajectory, skip: int = 1) -> tuple[float, float]:
    """Mean length of a cycle and the largest deviation from it, from upward crossings of the generator through 0.

    Args:
        trajectory: of two single numbers.
        skip: cycles at the beginning to leave out.

    Raises:
        UserError: fewer than two cycles were seen after those.
    """
    crossings = crossing_times(trajectory.times, [state.gen.item() for state in trajectory.states])[skip:]
    if len(crossings) < 3:
        raise UserError("Fewer than two cycles were seen, so there is no period; integrate for longer.")
    lengths = [after - before for before, after in itertools.pairwise(crossings)]
    mean = sum(lengths) / len(lengths)
    return mean, max(abs(length - mean) for length in lengths)
