"""What an update order is: a way to play one round, whatever the game and the optimisers."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from equipoise.core.batches import Batch
from equipoise.core.seeding import Streams
from equipoise.games import Game, LossTerms
from equipoise.training.player import Player


@dataclass
class Match:
    """All that a round is played with.

    Attributes:
        game: the losses.
        disc: the discriminator's updates.
        gen: the generator's updates.
        batches: endless real examples.
        streams: named randomness.
        precision: makes the context in which forward passes run (autocast, or nothing).
    """

    game: Game[Any]
    disc: Player
    gen: Player
    batches: Iterator[Batch]
    streams: Streams
    precision: Callable[[], AbstractContextManager[Any]]

    def update_disc(self, batch: Batch, move: Any) -> LossTerms:
        """One update of the discriminator; returns its loss terms."""
        with self.precision():
            terms = self.game.disc_terms(batch, move, self.streams)
        self.disc.apply(self.disc.gradients(terms.total))
        self.game.constrain_disc()
        return terms

    def update_gen(self, batch: Batch, move: Any) -> LossTerms:
        """One update of the generator; ``move`` must carry its graph. Returns its loss terms."""
        with self.precision():
            terms = self.game.gen_terms(batch, move, self.streams)
        self.gen.apply(self.gen.gradients(terms.total))
        return terms


class Order(ABC):
    """One way to play a round.

    Args:
        num_disc_steps: discriminator updates per round.
    """

    def __init__(self, num_disc_steps: int = 1) -> None:
        self.num_disc_steps = num_disc_steps

    @abstractmethod
    def play(self, match: Match) -> tuple[LossTerms, LossTerms]:
        """Play one round; returns the last loss terms of (disc, gen), on the device."""
