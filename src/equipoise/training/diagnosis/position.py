"""Where a measurement stands: a run at a checkpoint, with batches and randomness of its own.

A measurement reads the session and leaves it as it was, bit for bit: weights, buffers, optimisers, streams, and the
position of the loader. So it draws from `streams` and `batches` made here, and puts back what it moves
(`equipoise.training.noise.unchanged_buffers`, `at_weights`).
"""

import copy
import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from equipoise.config.diagnosis import DiagnosisSettings
from equipoise.core.batches import Batch
from equipoise.core.seeding import Streams, derived_seed
from equipoise.data import Loader
from equipoise.games import AnalyticGame, Game
from equipoise.training.guarding.probe import largest
from equipoise.training.session import Session

OnProgress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and how much there is."""


class NotMeasuredError(Exception):
    """A measurement does not apply here; the message is the sentence that says why."""


@dataclass(frozen=True)
class Position:
    """A run at a checkpoint.

    Attributes:
        session: the run, loaded; to be left as it is.
        settings: what was asked for.
        start: weights at which the path begins, of (disc, gen); None where they are the ones that stand here.
        start_step: the step that they belong to.
        on_progress: told of progress.
    """

    session: Session
    settings: DiagnosisSettings
    start: tuple[Tensor, ...] | None = None
    start_step: int = 0
    on_progress: OnProgress = lambda what, done, total: None

    def streams(self, name: str) -> Streams:
        """Fresh randomness, the same for the same ``name``, step and seed."""
        seed = derived_seed(self.settings.seed, f"diagnosis/{self.session.step}/{name}")
        return Streams(seed, self.session.device)

    def loader(self, name: str) -> Loader:
        """An endless walk over the real examples, of both domains where there are two, in an order of its own."""
        return self.session.board.walk(self.streams(name))

    def batches(self, name: str, number: int) -> list[Batch]:
        """``number`` batches of the run's size."""
        return list(itertools.islice(self.loader(name), number))

    @property
    def batch_size(self) -> int:
        """Real examples of a batch, pairs of them where there are two domains; 0 of a game between points."""
        return self.session.settings.training.batch_size if self.session.board.source else 0

    @property
    def parameters(self) -> list[Tensor]:
        """All parameters of (disc, gen)."""
        return [*self.session.board.game.disc.parameters(), *self.session.board.game.gen.parameters()]

    @property
    def noiseless_game(self) -> Game[Any]:
        """The game, with the same players, and without the noise that a game between points puts on its gradients."""
        game = self.session.board.game
        if not isinstance(game, AnalyticGame):
            return game
        noiseless = copy.copy(game)
        noiseless.noise = 0.0
        return noiseless

    @cached_property
    def broken(self) -> tuple[str, ...]:
        """The players whose weights are not finite."""
        game = self.session.board.game
        players = {"discriminator": list(game.disc.parameters()), "generator": list(game.gen.parameters())}
        return tuple(name for name, weights in players.items() if not bool(largest(weights).isfinite()))

    def require_finite(self) -> None:
        """Raise `NotMeasuredError` where some weight is not finite."""
        if self.broken:
            raise NotMeasuredError(f"The weights of the {' and the '.join(self.broken)} are not finite.")


@contextmanager
def at_weights(parameters: Sequence[Tensor]) -> Iterator[None]:
    """Inside, weights may be written to in place; afterwards they are as before, bit for bit."""
    saved = [parameter.detach().clone() for parameter in parameters]
    try:
        yield
    finally:
        with torch.no_grad():
            for parameter, value in zip(parameters, saved, strict=True):
                parameter.copy_(value)
