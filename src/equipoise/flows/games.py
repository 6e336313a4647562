"""The flow of an analytic game, from the same losses that training uses.

Players are points (m,) and (n,) in float64 with the Euclidean metric; noise, which a flow does not have, is left out.
`ClippedFlow` keeps a discriminator in a box, as the first WGAN's weight clipping does.
"""

import torch
from torch import Tensor

from equipoise.flows.flow import Flow, State
from equipoise.games import AnalyticGame


class GameFlow(Flow):
    """The dual flow of an analytic game.

    Args:
        game: losses and their derivatives; its players' positions are the start.
        ratio: r > 0.

    >>> from equipoise.games import bilinear
    >>> GameFlow(bilinear(), ratio=2.0).velocity(GameFlow(bilinear()).start)
    State(disc=tensor([2.], dtype=torch.float64), gen=tensor([-0.], dtype=torch.float64))
    """

    def __init__(self, game: AnalyticGame, ratio: float = 1.0) -> None:
        self.game, self.ratio = game, ratio
        self.start = State(game.disc.value.detach().clone(), game.gen.value.detach().clone())

    def disc_velocity(self, state: State) -> Tensor:
        """-r grad of the discriminator's loss (m,)."""
        disc = state.disc.detach().requires_grad_()
        gradient = torch.autograd.grad(self.game.terms_at(disc, state.gen)[0].total, disc)[0]
        velocity: Tensor = -self.ratio * gradient
        return velocity

    def gen_velocity(self, state: State) -> Tensor:
        """Minus the gradient of the generator's loss (n,)."""
        gen = state.gen.detach().requires_grad_()
        gradient = torch.autograd.grad(self.game.terms_at(state.disc, gen)[1].total, gen)[0]
        velocity: Tensor = -gradient
        return velocity

    def disc_energy(self, state: State) -> Tensor:
        """The discriminator's loss."""
        return self.game.terms_at(*state)[0].total.detach()

    def gen_energy(self, state: State) -> Tensor:
        """The generator's loss."""
        return self.game.terms_at(*state)[1].total.detach()


class ClippedFlow(GameFlow):
    """The dual flow of an analytic game whose discriminator stays in the box [-clip, clip]^m.

    Discrete schemes project after every change of the discriminator, as weight clipping does; the flow itself is the
    projected one, whose velocity loses the components that point out of the box.

    Args:
        game: as in `GameFlow`.
        clip: half the width of the box.
        ratio: r > 0.
    """

    def __init__(self, game: AnalyticGame, clip: float, ratio: float = 1.0) -> None:
        super().__init__(game, ratio)
        self.clip = clip
        self.start = self.settle(self.start)

    def settle(self, state: State) -> State:
        """The discriminator clipped."""
        return State(state.disc.clamp(-self.clip, self.clip), state.gen)

    def tangent(self, state: State, velocity: State) -> State:
        """Components that lead out of the box set to 0."""
        leaves = (state.disc.abs() >= self.clip) & (state.disc * velocity.disc > 0)
        return State(velocity.disc.masked_fill(leaves, 0.0), velocity.gen)
