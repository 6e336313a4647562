"""Games whose players are points of a vector space: no data, known losses, known derivatives.

They are played through the same interface as a GAN, which is what makes them oracles: the iterates, the stability and
the limit of a method on them are known in closed form. The player ``gen`` is x of the papers, ``disc`` is y.

Everything is in float64 on the CPU by default. Vectors and matrices over both players put the discriminator first, as
the whole package does.
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from equipoise.core.batches import Batch
from equipoise.core.seeding import Streams
from equipoise.games.game import Game, LossTerms

Vector = Tensor | Sequence[float]


class Point(nn.Module):
    """A player that is a vector.

    Args:
        start: (d,), where it begins.
        dtype: of its parameter.
    """

    def __init__(self, start: Vector, dtype: torch.dtype = torch.float64) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.as_tensor(start, dtype=dtype).detach().clone())

    def forward(self) -> Tensor:
        """Where it stands now (d,); a later update does not change what was returned."""
        return self.value.clone()


class AnalyticGame(Game[Tensor]):
    """Two points; the generator's move is its own position (n,), and batches are not read.

    Args:
        disc_start: (m,).
        gen_start: (n,).
        noise: standard deviation of the noise on every entry of every gradient, drawn from the stream "noise". It
            enters as the auxiliary loss <xi, position>, whose gradient is xi itself: unbiased, of variance noise^2.
        dtype: of both players.
    """

    ideal_disc_loss: float | None = None
    ideal_gen_loss: float | None = None

    def __init__(
        self, disc_start: Vector, gen_start: Vector, noise: float = 0.0, dtype: torch.dtype = torch.float64
    ) -> None:
        self.disc: Point = Point(disc_start, dtype)
        self.gen: Point = Point(gen_start, dtype)
        self.noise = noise

    @abstractmethod
    def terms_at(self, disc: Tensor, gen: Tensor) -> tuple[LossTerms, LossTerms]:
        """Loss terms of (disc, gen) at the positions ``disc`` (m,) and ``gen`` (n,), without noise."""

    @abstractmethod
    def jacobian(self, disc: Tensor, gen: Tensor) -> Tensor:
        """The derivative of `field` at ``disc`` (m,), ``gen`` (n,), in closed form: (m + n, m + n)."""

    def field(self, disc: Tensor, gen: Tensor) -> Tensor:
        """Both players' gradients at ``disc`` (m,), ``gen`` (n,), joined to (m + n,); differentiable.

        Descent goes the other way: the flow of the game is z' = -field(z).
        """
        disc, gen = (point if point.requires_grad else point.detach().requires_grad_() for point in (disc, gen))
        disc_terms, gen_terms = self.terms_at(disc, gen)
        (disc_gradient,) = torch.autograd.grad(disc_terms.total, disc, create_graph=True)
        (gen_gradient,) = torch.autograd.grad(gen_terms.total, gen, create_graph=True)
        return torch.cat([disc_gradient, gen_gradient])

    def generate(self, batch: Batch, streams: Streams) -> Tensor:
        """The generator's position (n,)."""
        position: Tensor = self.gen()
        return position

    def disc_terms(self, batch: Batch, move: Tensor, streams: Streams) -> LossTerms:
        """The discriminator's loss against ``move``."""
        disc = self.disc()
        return self._disturbed(self.terms_at(disc, move.detach())[0], disc, streams)

    def gen_terms(self, batch: Batch, move: Tensor, streams: Streams) -> LossTerms:
        """The generator's loss of ``move``."""
        return self._disturbed(self.terms_at(self.disc(), move)[1], move, streams)

    def terms(self, batch: Batch, move: Tensor, streams: Streams) -> tuple[LossTerms, LossTerms]:
        """Both losses from one evaluation."""
        disc = self.disc()
        disc_terms, gen_terms = self.terms_at(disc, move)
        return self._disturbed(disc_terms, disc, streams), self._disturbed(gen_terms, move, streams)

    def _disturbed(self, terms: LossTerms, position: Tensor, streams: Streams) -> LossTerms:
        if not self.noise:
            return terms
        generator = streams["noise"]
        noise = torch.randn(position.shape, dtype=position.dtype, device=generator.device, generator=generator)
        return replace(terms, auxiliary=(self.noise * noise * position).sum())
