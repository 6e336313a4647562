"""The limit of an infinitely fast discriminator: at every generator it stands at its best response.

    x' = - grad_x E1(x; y*(x)),        y*(x) in argmin_y E2(y; x)

r -> infinity of the dual flow. The inner minimisation is L-BFGS (SciPy) to a stated tolerance on the gradient; a flow
that knows its best response in closed form says so with a method ``best_response(gen) -> disc``.
"""

import math
from typing import Any, Protocol, runtime_checkable

import numpy
import torch
from torch import Tensor

from equipoise.flows.flow import Flow, State
from equipoise.flows.outcomes import Result, UnsolvedError


@runtime_checkable
class KnowsBestResponse(Protocol):
    """A flow with a closed form of its discriminator's best response."""

    def best_response(self, gen: Tensor) -> Any:
        """The minimiser of E2(.; gen)."""
        ...


class BestResponse(Flow):
    """The best-response flow of another flow.

    Its discriminator has no motion of its own: `settle` puts it at its best response, and every scheme settles after
    every change. `integrate` settles the start.

    Args:
        flow: the dual flow; its ratio no longer matters.
        tolerance: on the largest entry of the gradient of E2.
        max_evaluations: of E2 per inner minimisation.

    >>> from equipoise.flows.games import GameFlow
    >>> from equipoise.games import quadratic
    >>> flow = BestResponse(GameFlow(quadratic(0.25)))    # y* = 4 x, x' = -x/4 - 4 x
    >>> round(flow.gen_velocity(flow.settle(flow.start)).item(), 6)
    -4.25
    """

    ratio = math.inf

    def __init__(self, flow: Flow, tolerance: float = 1e-6, max_evaluations: int = 200) -> None:
        self.flow, self.tolerance, self.max_evaluations = flow, tolerance, max_evaluations
        self.start = flow.start

    def disc_velocity(self, state: State) -> Any:
        """Zero: the discriminator is settled, not moved."""
        return 0.0 * state.disc

    def gen_velocity(self, state: State) -> Tensor:
        """The generator's velocity of the other flow; right where ``state`` is settled."""
        return self.flow.gen_velocity(state)

    def disc_energy(self, state: State) -> Tensor:
        """E2 of the other flow."""
        return self.flow.disc_energy(state)

    def gen_energy(self, state: State) -> Tensor:
        """E1 of the other flow."""
        return self.flow.gen_energy(state)

    def squared_distances(self, one: State, other: State) -> tuple[Tensor, Tensor]:
        """Those of the other flow."""
        return self.flow.squared_distances(one, other)

    def settle(self, state: State) -> State:
        """The discriminator at its best response, sought from where it stands."""
        if isinstance(self.flow, KnowsBestResponse):
            return State(self.flow.best_response(state.gen), state.gen)
        return State(self._minimise(state), state.gen)

    def _minimise(self, state: State) -> Tensor:
        from scipy.optimize import minimize

        def placed(flat: Any) -> State:
            return state._replace(disc=torch.as_tensor(flat, dtype=state.disc.dtype).to(state.disc).view_as(state.disc))

        def value_and_slope(flat: Any) -> tuple[float, Any]:
            here = placed(numpy.array(flat))
            slope = self.flow.disc_velocity(here) / -self.flow.ratio
            return self.flow.disc_energy(here).item(), slope.flatten().cpu().numpy().astype(numpy.float64)

        options = {"gtol": self.tolerance, "ftol": 0.0, "maxfun": self.max_evaluations, "maxiter": self.max_evaluations}
        start = state.disc.detach().flatten().cpu().numpy()
        with numpy.errstate(all="ignore"):
            found = minimize(value_and_slope, start, jac=True, method="L-BFGS-B", options=options)
        residual = float(numpy.abs(found.jac).max())
        if not residual <= self.tolerance:
            raise UnsolvedError(Result.NO_BEST_RESPONSE, residual)
        disc: Tensor = placed(numpy.array(found.x)).disc
        return disc
