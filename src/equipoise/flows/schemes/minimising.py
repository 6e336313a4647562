"""Minimising movement (the proximal or JKO step), each player in its own argument.

    y+ in argmin_y  d_Y(y_k, y)^2 / (2 r tau) + E2(y; x)        x+ in argmin_x  d_X(x_k, x)^2 / (2 tau) + E1(x; y)

with the opponents where they were (simultaneous), or the generator against the new discriminator (alternating). The
argmin is found from its stationarity, y+ = y_k + tau v(y+; x), to a stated tolerance, and refused if it is no lower
than where it began. On an energy that is linear in its own argument this is the explicit step.

With particles the inner unknown is the positions: the step is the JKO step among the clouds with the same weights and
the same labels, which is the JKO step as long as the optimal transport from the old cloud keeps the labels (small tau).
"""

from torch import Tensor

from equipoise.flows.flow import Flow, State
from equipoise.flows.outcomes import Result, UnsolvedError
from equipoise.flows.schemes.scheme import Solving, require_tensors


class MinimisingMovement(Solving):
    """Proximal steps against opponents that stand still."""

    proximal = True

    def step(self, flow: Flow, state: State, tau: float) -> State:
        """See `Scheme.step`."""
        disc = self.move_disc(flow, state, tau)
        return flow.settle(State(disc, self.move_gen(flow, state, tau)))

    def move_disc(self, flow: Flow, state: State, tau: float) -> Tensor:
        """The discriminator's proximal step."""
        require_tensors(state)

        def g(disc: Tensor) -> Tensor:
            moved: Tensor = flow.settle(
                State(state.disc + tau * flow.disc_velocity(state._replace(disc=disc)), state.gen)
            ).disc
            return moved

        disc = self.solve(g, state.disc)
        moved = state._replace(disc=disc)
        cost = flow.squared_distances(state, moved)[0] / (2 * flow.ratio * tau)
        _require_descent(cost + flow.disc_energy(moved), flow.disc_energy(state), self.tolerance)
        return disc

    def move_gen(self, flow: Flow, state: State, tau: float) -> Tensor:
        """The generator's proximal step."""
        gen = self.solve(lambda gen: state.gen + tau * flow.gen_velocity(state._replace(gen=gen)), state.gen)
        moved = state._replace(gen=gen)
        cost = flow.squared_distances(state, moved)[1] / (2 * tau)
        _require_descent(cost + flow.gen_energy(moved), flow.gen_energy(state), self.tolerance)
        return gen


class AlternatingMinimisingMovement(MinimisingMovement):
    """Proximal steps in turn, the discriminator first."""

    opponents = ("old", "new")

    def step(self, flow: Flow, state: State, tau: float) -> State:
        """See `Scheme.step`."""
        moved = flow.settle(state._replace(disc=self.move_disc(flow, state, tau)))
        return State(moved.disc, self.move_gen(flow, moved, tau))


def _require_descent(reached: Tensor, begun: Tensor, tolerance: float) -> None:
    rise = (reached - begun).item()
    if rise > (tolerance + 1e-12) * (1 + abs(begun.item())):
        raise UnsolvedError(Result.NOT_A_MINIMUM, rise)
