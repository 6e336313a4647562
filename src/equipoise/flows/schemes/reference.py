"""The flow itself, to high accuracy: SciPy's adaptive Runge-Kutta method of order 8 (DOP853).

The length of a step is only where the solution is wanted; errors are controlled inside. A flow with a feasible set is
integrated as the projected flow, whose velocity is discontinuous at the boundary: the step control finds the places,
at the cost of many small steps there.
"""

from typing import Any

import numpy
import torch

from equipoise.flows.flow import Flow, State
from equipoise.flows.outcomes import Result, UnsolvedError
from equipoise.flows.schemes.scheme import Scheme, joined, require_tensors, split


class Reference(Scheme):
    """The exact solution up to tolerances.

    Args:
        relative: tolerance of every inner step, relative to the size of each entry.
        absolute: tolerance of every inner step.
    """

    order = 8

    def __init__(self, relative: float = 1e-12, absolute: float = 1e-13) -> None:
        self.relative, self.absolute = relative, absolute

    def step(self, flow: Flow, state: State, tau: float) -> State:
        """See `Scheme.step`."""
        from scipy.integrate import solve_ivp

        require_tensors(state)
        device, dtype = state.gen.device, state.gen.dtype

        def right_hand_side(_: float, flat: Any) -> Any:
            here = split(torch.as_tensor(flat, dtype=dtype, device=device), state)
            feasible = flow.settle(here)
            return joined(flow.tangent(here, flow.velocity(feasible))).cpu().numpy()

        start = joined(state).cpu().numpy().astype(numpy.float64)
        solution = solve_ivp(
            right_hand_side, (0.0, tau), start, method="DOP853", rtol=self.relative, atol=self.absolute, t_eval=[tau]
        )
        if not solution.success:
            raise UnsolvedError(Result.DIVERGED, float("nan"))
        return flow.settle(split(torch.as_tensor(solution.y[:, -1], dtype=dtype, device=device), state))
