"""Extragradient (Korpelevich 1976): look ahead by one explicit step, then step from here along the velocity there.

    z~ = z + tau v(z)        z+ = z + tau v(z~)

Two evaluations a step. On the bilinear game the distance is multiplied by sqrt(1 - tau^2 + tau^4) < 1 for tau < 1.
"""

from equipoise.flows.flow import Flow, State
from equipoise.flows.schemes.scheme import Scheme


class Extragradient(Scheme):
    """An explicit step along the velocity one step ahead."""

    def step(self, flow: Flow, state: State, tau: float) -> State:
        """See `Scheme.step`."""
        ahead = flow.settle(state.plus(tau, flow.velocity(state)))
        return flow.settle(state.plus(tau, flow.velocity(ahead)))
