"""What a dual flow is: two coupled gradient flows, each player descending its own energy in its own metric space.

    gen   x' = - grad_x E1(x; y)            disc   y' = - r grad_y E2(y; x)

x and y are tensors of any shape (parameters; particles (N, d); coefficients of a critic) or, for the critic, another
element of a vector space. r is the ratio of the two time scales: 1 for equal rates, large for a fast discriminator.
A training run with rates (tau, r tau) is the explicit scheme of step tau; tau -> 0 is the flow itself.

Flows are autonomous. Schemes (`equipoise.flows.schemes`) step them; checks (`equipoise.flows.checks`) look at what
came out. The formulation is our own, derived from the idea of dual metric flows (Turinici 2020), of which only the
abstract was at hand.
"""

from abc import ABC, abstractmethod
from typing import Any, NamedTuple

from torch import Tensor


class State(NamedTuple):
    """Where both players stand; also a velocity, which has the same parts."""

    disc: Any
    gen: Any

    def plus(self, step: float, velocity: "State") -> "State":
        """``self + step * velocity``, part by part."""
        return State(self.disc + step * velocity.disc, self.gen + step * velocity.gen)


class Flow(ABC):
    """Two coupled gradient flows.

    Attributes:
        ratio: r, by which the discriminator's velocity is multiplied.
        start: where the flow begins unless a caller says otherwise.
    """

    ratio: float = 1.0
    start: State

    @abstractmethod
    def disc_velocity(self, state: State) -> Any:
        """-r grad_y E2 at ``state``, of the discriminator's shape."""

    @abstractmethod
    def gen_velocity(self, state: State) -> Tensor:
        """Minus the gradient of E1 in the generator's metric at ``state``, of the generator's shape."""

    @abstractmethod
    def disc_energy(self, state: State) -> Tensor:
        """E2(y; x), a scalar."""

    @abstractmethod
    def gen_energy(self, state: State) -> Tensor:
        """E1(x; y), a scalar."""

    def velocity(self, state: State) -> State:
        """Both velocities at one state; flows override it to share work."""
        return State(self.disc_velocity(state), self.gen_velocity(state))

    def squared_distances(self, one: State, other: State) -> tuple[Tensor, Tensor]:
        """(d_Y^2, d_X^2) between two states, scalars; Euclidean unless a flow has another metric."""
        return (one.disc - other.disc).square().sum(), (one.gen - other.gen).square().sum()

    def settle(self, state: State) -> State:
        """Bring the discriminator back where it may be; schemes call it after every change of the discriminator."""
        return state

    def tangent(self, state: State, velocity: State) -> State:
        """``velocity`` with what would leave the feasible set taken out; the continuous counterpart of `settle`."""
        return velocity
