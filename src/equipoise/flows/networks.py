"""The flow of a game between networks, by the same losses that training uses.

Players are all parameters of a network as one vector, in float64 with the Euclidean metric. The game's own modules are
the scratch space: a velocity is computed by writing the state into them and differentiating `Game.disc_terms` and
`Game.gen_terms`. Which examples and latents a velocity sees is decided by two callables: the same ones each time give
the flow (of the losses on that sample), fresh ones each time give the noisy field of minibatch training.

`ParticleGenerator` turns a cloud of points into a generator, so that any network can be the critic of a particle game.
Buffers that a forward pass changes (batch normalisation) are no part of the state.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector

from equipoise.core import vectors
from equipoise.core.batches import Batch
from equipoise.core.seeding import Streams
from equipoise.flows.flow import Flow, State
from equipoise.games import Game, GenerativeGame, LossTerms


class NetworkFlow(Flow):
    """The dual flow of any `Game`.

    Args:
        game: its modules are converted to float64 and hold the latest state that was looked at.
        draw_batch: real examples of one evaluation, float64.
        draw_streams: randomness of one evaluation; ``lambda: Streams(seed)`` fixes the latents.
        ratio: r > 0.
    """

    def __init__(
        self,
        game: Game[Any],
        draw_batch: Callable[[], Batch],
        draw_streams: Callable[[], Streams],
        ratio: float = 1.0,
    ) -> None:
        self.game, self.draw_batch, self.draw_streams, self.ratio = game, draw_batch, draw_streams, ratio
        self.disc_parameters, self.gen_parameters = (list(m.double().parameters()) for m in (game.disc, game.gen))
        if isinstance(game, GenerativeGame):
            draw_latents = game.sample_latents
            game.sample_latents = lambda number, generator: draw_latents(number, generator).double()
        self.start = State(*(parameters_to_vector(p).detach().clone() for p in self._parameters()))

    def _parameters(self) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
        return self.disc_parameters, self.gen_parameters

    def disc_velocity(self, state: State) -> Tensor:
        """-r grad of the discriminator's loss, all parameters as one vector."""
        return -self.ratio * _gradient(self._disc_terms(state), self.disc_parameters)

    def gen_velocity(self, state: State) -> Tensor:
        """Minus the gradient of the generator's loss, all parameters as one vector."""
        return -_gradient(self._gen_terms(state), self.gen_parameters)

    def disc_energy(self, state: State) -> Tensor:
        """The discriminator's loss, penalty included."""
        return self._disc_terms(state).total.detach()

    def gen_energy(self, state: State) -> Tensor:
        """The generator's loss."""
        return self._gen_terms(state).total.detach()

    def velocity(self, state: State) -> State:
        """Both velocities on the same examples and latents, from one pass of each network."""
        batch, streams = self._prepare(state)
        move = self.game.generate(batch, streams)
        disc_terms, gen_terms = self.game.terms(batch, move, streams)
        disc = _gradient(disc_terms, self.disc_parameters, retain_graph=True)
        return State(-self.ratio * disc, -_gradient(gen_terms, self.gen_parameters))

    def settle(self, state: State) -> State:
        """The discriminator brought back by the game (weight clipping), if it constrains it."""
        if getattr(self.game, "clip", None) is None:
            return state
        self._write(state)
        self.game.constrain_disc()
        return State(parameters_to_vector(self.disc_parameters).detach().clone(), state.gen)

    def write(self, state: State) -> Game[Any]:
        """The game with its modules standing at ``state``."""
        self._write(state)
        return self.game

    def _disc_terms(self, state: State) -> LossTerms:
        batch, streams = self._prepare(state)
        with torch.no_grad():
            move = self.game.generate(batch, streams)
        return self.game.disc_terms(batch, move, streams)

    def _gen_terms(self, state: State) -> LossTerms:
        batch, streams = self._prepare(state)
        return self.game.gen_terms(batch, self.game.generate(batch, streams), streams)

    def _prepare(self, state: State) -> tuple[Batch, Streams]:
        self._write(state)
        return self.draw_batch(), self.draw_streams()

    @torch.no_grad()
    def _write(self, state: State) -> None:
        for vector, parameters in zip(state, self._parameters(), strict=True):
            parts = vector.detach().split([parameter.numel() for parameter in parameters])
            torch._foreach_copy_(tuple(parameters), [p.view_as(q) for p, q in zip(parts, parameters, strict=True)])


class ParticleGenerator(nn.Module):
    """A generator whose parameters are the points that it makes; latents decide nothing but how many are asked for.

    Args:
        points: (N, d), where the particles begin.
    """

    def __init__(self, points: Tensor) -> None:
        super().__init__()
        self.points = nn.Parameter(points.detach().clone())

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """All particles (N, d); the batch has to be as large as the cloud."""
        assert len(latents) == len(self.points), "a particle game is played on batches as large as the cloud"
        return self.points


class NetworkCriticFlow(NetworkFlow):
    """Particles of equal weight under the 2-Wasserstein metric, against a network as critic.

    The game's generator is a `ParticleGenerator`, and its losses are means over the particles, so the Wasserstein
    gradient at a particle is N times the gradient of the loss with respect to its position.
    """

    def gen_velocity(self, state: State) -> Tensor:
        """Velocities of all particles, (N d,)."""
        return self._num_particles * super().gen_velocity(state)

    def velocity(self, state: State) -> State:
        """Both velocities, from one pass."""
        disc, gen = super().velocity(state)
        return State(disc, self._num_particles * gen)

    def squared_distances(self, one: State, other: State) -> tuple[Tensor, Tensor]:
        """Euclidean for the critic; for the clouds the mean squared distance along the labels, at least W2^2."""
        disc, gen = super().squared_distances(one, other)
        return disc, gen / self._num_particles

    @property
    def _num_particles(self) -> int:
        return len(self.gen_parameters[0])


def _gradient(terms: LossTerms, parameters: list[nn.Parameter], *, retain_graph: bool = False) -> Tensor:
    gradients = torch.autograd.grad(
        terms.total, parameters, retain_graph=retain_graph, allow_unused=True, materialize_grads=True
    )
    # Not parameters_to_vector: gradients of text networks, as of any weight used transposed, may not be contiguous.
    return torch.cat([gradient.reshape(-1) for gradient in gradients]).detach()


def parameter_norm(state: State) -> Tensor:
    """Euclidean norm over both players' vectors, a scalar."""
    return vectors.norm(list(state))
