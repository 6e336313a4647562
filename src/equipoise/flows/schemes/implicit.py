"""The fully implicit step: both players against both opponents where they will be (the proximal point of the pair).

    y+ = y - r tau grad_y E2(y+; x+)        x+ = x - tau grad_x E1(x+; y+)

On the bilinear game it divides the distance from the equilibrium by sqrt(1 + tau^2) every step.
"""

from equipoise.flows.flow import Flow, State
from equipoise.flows.schemes.scheme import Solving


class Implicit(Solving):
    """The backward Euler step of the pair."""

    opponents = ("new", "new")
    proximal = True

    def step(self, flow: Flow, state: State, tau: float) -> State:
        """See `Scheme.step`."""
        return self.solve_both(lambda later: flow.settle(state.plus(tau, flow.velocity(later))), state)
