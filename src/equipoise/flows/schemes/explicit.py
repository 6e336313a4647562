"""One explicit step of both players at the same point: simultaneous gradient descent.

    y+ = y - r tau grad_y E2(y; x)        x+ = x - tau grad_x E1(x; y)

On the bilinear game it multiplies the distance from the equilibrium by sqrt(1 + tau^2) every step.
"""

from equipoise.flows.flow import Flow, State
from equipoise.flows.schemes.scheme import Scheme


class Explicit(Scheme):
    """Simultaneous gradient steps."""

    def step(self, flow: Flow, state: State, tau: float) -> State:
        """See `Scheme.step`."""
        return flow.settle(state.plus(tau, flow.velocity(state)))
