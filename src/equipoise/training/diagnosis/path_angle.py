"""The path-angle of Berard et al. 2020, A Closer Look at the Optimization Landscapes of GANs.

Along the straight line from weights w0 to w1, w(a) = w0 + a (w1 - w0), past its end:

    c(a) = <w1 - w0, v(w(a))> / (|w1 - w0| |v(w(a))|)

with v the gradients of both players on a fixed sample; descent goes along -v. Near a point w1 that only attracts, c
jumps from -1 to 1 at a = 1 (a *switch*); near one that only rotates, v is perpendicular to the line, and where the line
passes it by, c has a *bump* at a = 1. Both together mean a spiral.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from equipoise.core import vectors
from equipoise.training.diagnosis.fields import inner, mean_field
from equipoise.training.diagnosis.position import NotMeasuredError, Position, at_weights

Shape = Literal["attraction", "rotation", "spiral", "repulsion", "none"]
CLEAR = 0.2
"""Switch or bump from which it is taken for one, in networks too: their gradients and paths are no random directions,
so that a cosine far above the 1 / sqrt(n) of those may still mean nothing."""
BEYOND = 0.5
"""How far the path goes before and beyond its end, relative to its length."""


@dataclass(frozen=True)
class PathAngle:
    """The field along a path.

    Attributes:
        from_step: step of the weights that the path begins at.
        to_step: of those at a = 1.
        length: |w1 - w0|.
        positions: a.
        cosines: c(a); None where the field vanishes.
        norms: |v(w(a))|.
        switch: half of c after the end less c before it, in [-1, 1]: 1 for pure attraction, -1 for pure repulsion.
        bump: c next to the end less the mean of c farther off, in [-2, 2].
        shape: what these two say.
    """

    from_step: int
    to_step: int
    length: float
    positions: tuple[float, ...]
    cosines: tuple[float | None, ...]
    norms: tuple[float, ...]
    switch: float
    bump: float
    shape: Shape


def measure_path(position: Position) -> PathAngle:
    """The path-angle from where the settings say to the checkpoint."""
    position.require_finite()
    if position.start is None:
        raise NotMeasuredError("The path would begin and end at the same weights.")
    parameters = position.parameters
    end = [parameter.detach().clone() for parameter in parameters]
    direction = [one - other for one, other in zip(end, position.start, strict=True)]
    length = float(vectors.norm(direction))
    if not length or not math.isfinite(length):
        raise NotMeasuredError("The weights at both ends of the path are the same.")
    positions = np.linspace(1 - BEYOND, 1 + BEYOND, position.settings.path_points)
    batches = position.batches("path", position.settings.jacobian_batches)
    cosines, norms = list[float | None](), list[float]()
    with at_weights(parameters):
        for done, along in enumerate(positions, start=1):
            with torch.no_grad():
                for parameter, stop, step in zip(parameters, end, direction, strict=True):
                    parameter.copy_(stop + (along - 1) * step)
            field = mean_field(position, batches, lambda: position.streams("path"))
            norms.append(float(vectors.norm(field)))
            cosines.append(inner(direction, field) / (length * norms[-1]) if norms[-1] else None)
            position.on_progress("path-angle", done, len(positions))
    switch, bump = switch_and_bump(positions.tolist(), cosines)
    return PathAngle(
        position.start_step,
        position.session.step,
        length,
        tuple(positions.tolist()),
        tuple(cosines),
        tuple(norms),
        switch,
        bump,
        shape_of(switch, bump),
    )


def switch_and_bump(positions: Sequence[float], cosines: Sequence[float | None]) -> tuple[float, float]:
    """How much c jumps at a = 1, and how much it stands out there.

    Both compare with the outer quarters of the path. The bump is taken from the points next to the end on either side,
    because at the end itself the field may vanish, and its direction mean nothing.

    >>> switch_and_bump([0.5, 0.75, 1.0, 1.25, 1.5], [-1.0, -1.0, 0.3, 1.0, 1.0])
    (1.0, 0.0)
    >>> switch_and_bump([0.5, 0.75, 1.0, 1.25, 1.5], [0.0, 0.5, 1.0, 0.5, 0.0])
    (0.0, 0.5)
    """
    reach = (max(positions) - min(positions)) / 2
    known = [(a - 1, c) for a, c in zip(positions, cosines, strict=True) if c is not None and abs(a - 1) > 1e-9]
    sides = [[(abs(a), c) for a, c in known if (a > 0) == later] for later in (False, True)]
    outer = [[c for a, c in side if a > reach / 2 + 1e-9] for side in sides]
    if not all(outer):
        return 0.0, 0.0
    low, high = (float(np.mean(side)) for side in outer)
    middle = sum(min(side)[1] for side in sides) / 2
    return (high - low) / 2, middle - (low + high) / 2


def shape_of(switch: float, bump: float) -> Shape:
    """The name of the shape; a bump beside a switch counts from a third of its size.

    >>> [shape_of(switch, bump) for switch, bump in ((0.9, 0.1), (0.0, -0.5), (0.5, 0.5), (-0.9, 0.5), (0.1, 0.1))]
    ['attraction', 'rotation', 'spiral', 'repulsion', 'none']
    """
    if switch <= -CLEAR:
        return "repulsion"
    if switch >= CLEAR:
        return "spiral" if abs(bump) >= max(CLEAR, switch / 3) else "attraction"
    return "rotation" if abs(bump) >= CLEAR else "none"
