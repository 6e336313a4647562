"""The two-player game: what training, flows, diagnosis and noise measurement all share.

A round begins with the generator's *move* (generated examples; in domain adaptation, features; in an analytic game,
nothing). Each player's loss at that move comes apart into adversarial, penalty and auxiliary terms, because the gap
to the ideal is computed from the adversarial term alone.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Generic, TypeVar

from torch import Tensor, nn

from equipoise.core.batches import Batch
from equipoise.core.seeding import Streams

Move = TypeVar("Move")


@dataclass(frozen=True)
class LossTerms:
    """One player's loss, apart. Every term is a scalar with a graph.

    Attributes:
        adversarial: the term that has an ideal value; never weighted, so that a gap can be taken from it.
        penalty: weight applied.
        auxiliary: what else the player minimises, weight applied.
        weight: of the adversarial term in the total.
        accuracy: fraction of its decisions that the player gets right, in [0, 1], without graph; None where the game
            asks for none.
    """

    adversarial: Tensor
    penalty: Tensor | None = None
    auxiliary: Tensor | None = None
    weight: float = 1.0
    accuracy: Tensor | None = None

    @property
    def total(self) -> Tensor:
        """What the player minimises.

        >>> import torch
        >>> LossTerms(torch.tensor(2.0), auxiliary=torch.tensor(1.0), weight=0.25).total
        tensor(1.5000)
        """
        total = self.adversarial if self.weight == 1 else self.weight * self.adversarial
        for term in (self.penalty, self.auxiliary):
            total = total if term is None else total + term
        return total


class Game(ABC, Generic[Move]):
    """Two players and their losses.

    Attributes:
        disc: the discriminator.
        gen: the generator.
        ideal_disc_loss: adversarial loss of the discriminator at the ideal, or None where it is unknown.
        ideal_gen_loss: the generator's, or None.
        penalty_weight: of the discriminator's penalty; may be changed between rounds, and games without one ignore it.
        adversarial_weight: of the generator's adversarial loss beside what else it minimises; may be changed between
            rounds, and games in which it minimises nothing else ignore it.
    """

    disc: nn.Module
    gen: nn.Module
    ideal_disc_loss: float | None
    ideal_gen_loss: float | None
    penalty_weight: float = 1.0
    adversarial_weight: float = 1.0

    @abstractmethod
    def generate(self, batch: Batch, streams: Streams) -> Move:
        """The generator's move against ``batch``; with a graph to the generator unless called under ``no_grad``."""

    @abstractmethod
    def disc_terms(self, batch: Batch, move: Move, streams: Streams) -> LossTerms:
        """The discriminator's loss; no graph leads to the generator."""

    @abstractmethod
    def gen_terms(self, batch: Batch, move: Move, streams: Streams) -> LossTerms:
        """The generator's loss; the graph leads through the discriminator to the generator."""

    def terms(self, batch: Batch, move: Move, streams: Streams) -> tuple[LossTerms, LossTerms]:
        """Both players' losses (disc, gen) at the same point; games override it to share forward passes.

        Both graphs may overlap: differentiate the first with ``retain_graph=True``.
        """
        return self.disc_terms(batch, move, streams), self.gen_terms(batch, move, streams)

    def constrain_disc(self) -> None:
        """Bring the discriminator back into its feasible set; called after each of its updates."""
