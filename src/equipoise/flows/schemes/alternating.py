"""One explicit step of the discriminator, then one of the generator against the new discriminator.

    y+ = y - r tau grad_y E2(y; x)        x+ = x - tau grad_x E1(x; y+)

What GAN training does. On the bilinear game it is the symplectic Euler method: bounded for r tau^2 < 4, an area is
kept, and after whole periods the error is of second order; in between, and on other games, of first.
"""

from equipoise.flows.flow import Flow, State
from equipoise.flows.schemes.scheme import Scheme


class Alternating(Scheme):
    """Gradient steps in turn, the discriminator first."""

    opponents = ("old", "new")

    def step(self, flow: Flow, state: State, tau: float) -> State:
        """See `Scheme.step`."""
        disc = state.disc + tau * flow.disc_velocity(state)
        moved = flow.settle(State(disc, state.gen))
        return State(moved.disc, moved.gen + tau * flow.gen_velocity(moved))
