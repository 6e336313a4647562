"""What an update order is: a way to play one round, whatever the game and the optimisers."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch

from equipoise.core.batches import Batch
from equipoise.core.seeding import Streams
from equipoise.games import Game, LossTerms
from equipoise.training.player import Gradients, Player


class JointGradient(NamedTuple):
    """Each player's gradient of its own loss, at one point and on one batch."""

    disc: Gradients
    gen: Gradients


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
        self.disc.observe(terms.adversarial)
        self.apply_disc(self.disc.gradients(terms.total))
        return terms

    def update_gen(self, batch: Batch, move: Any) -> LossTerms:
        """One update of the generator; ``move`` must carry its graph. Returns its loss terms."""
        with self.precision():
            terms = self.game.gen_terms(batch, move, self.streams)
        self.gen.observe(terms.adversarial)
        self.gen.apply(self.gen.gradients(terms.total))
        return terms

    def disc_gradient(self, batch: Batch) -> tuple[LossTerms, Gradients]:
        """The discriminator's loss terms and gradient against a fresh move, for an update that is about to happen.

        Nothing is computed for the generator.
        """
        with torch.no_grad(), self.precision():
            move = self.game.generate(batch, self.streams)
        with self.precision():
            terms = self.game.disc_terms(batch, move, self.streams)
        self.disc.observe(terms.adversarial)
        return terms, self.disc.gradients(terms.total)

    def joint_gradient(
        self, batch: Batch, *, observed: bool = True
    ) -> tuple[tuple[LossTerms, LossTerms], JointGradient]:
        """Loss terms and gradients of (disc, gen) against a fresh move, from one pass of each network.

        ``observed`` says whether these losses set the rates of the next update of both players. Of all gradients that
        go into one update, one has to be.
        """
        with self.precision():
            move = self.game.generate(batch, self.streams)
            terms = self.game.terms(batch, move, self.streams)
        if observed:
            self.disc.observe(terms[0].adversarial)
            self.gen.observe(terms[1].adversarial)
        disc = self.disc.gradients(terms[0].total, retain_graph=True)
        return terms, JointGradient(disc, self.gen.gradients(terms[1].total))

    def apply_disc(self, gradients: Gradients) -> None:
        """One step of the discriminator along ``gradients``, and back into its feasible set."""
        self.disc.apply(gradients)
        self.game.constrain_disc()

    def apply(self, gradients: JointGradient) -> None:
        """One step of each player along ``gradients``."""
        self.apply_disc(gradients.disc)
        self.gen.apply(gradients.gen)

    def update_disc_alone(self, num_updates: int) -> None:
        """Plain updates of the discriminator on fresh batches, against a generator that stands still."""
        for _ in range(num_updates):
            self.apply_disc(self.disc_gradient(next(self.batches))[1])

    @contextmanager
    def extrapolated(self, gradients: JointGradient, length: float = 1.0) -> Iterator[None]:
        """Inside, both players stand where a step along ``gradients`` takes them; see `Player.extrapolated`."""
        with self.disc.extrapolated(gradients.disc, length), self.gen.extrapolated(gradients.gen, length):
            self.game.constrain_disc()
            yield


class Order(ABC):
    """One way to play a round.

    An order that remembers something between rounds says what in `state_dict`, so that a run resumed between any two
    rounds goes on bit for bit. What it remembers is replaced, never written to, so the state may be kept by reference.

    Args:
        num_disc_steps: discriminator updates per round.
    """

    def __init__(self, num_disc_steps: int = 1) -> None:
        self.num_disc_steps = num_disc_steps

    @property
    def num_batches(self) -> int:
        """Real batches that one round takes."""
        return self.num_disc_steps

    @abstractmethod
    def play(self, match: Match) -> tuple[LossTerms, LossTerms]:
        """Play one round; returns the last loss terms of (disc, gen), on the device."""

    def state_dict(self) -> dict[str, Any]:
        """What the order remembers between rounds: dicts, tuples, numbers and tensors."""
        return {}

    def load_state_dict(self, state: dict[str, Any], match: Match) -> None:
        """Go on from a saved state; tensors are put on the device of the players' parameters."""
        assert not state, f"{type(self).__name__} remembers nothing between rounds"


def on_device_of(player: Player, gradients: Gradients) -> Gradients:
    """``gradients`` on the device of the player's parameters; None stays None."""
    return tuple(
        None if gradient is None else gradient.to(parameter.device)
        for parameter, gradient in zip(player.parameters, gradients, strict=True)
    )
