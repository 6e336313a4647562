"""Gradient noise measured while a run is trained, without changing the run.

Before a round that is due, the batch that the round is about to use is looked at first, cut into micro-batches, and
differentiated at the weights as they stand. Latents come from random streams of their own, made from the run's seed and
the step; buffers are put back. So the rounds are bit for bit those of a run that measures nothing. A measurement costs
about one round, whence one in `DEFAULT_EVERY` rounds.
"""

from typing import Any

from equipoise.config import RunSettings
from equipoise.core.batches import Batch
from equipoise.core.errors import UserError
from equipoise.core.seeding import Streams, derived_seed
from equipoise.data import Loader
from equipoise.games import Game
from equipoise.training.noise import PLAYERS, NoiseAverage, from_micro_batches, has_batch_normalization
from equipoise.training.orders import Match

DEFAULT_EVERY = 200
"""Rounds between two measurements that keep their cost below 2 %."""


class Peekable(Loader):
    """A loader whose next batch can be looked at."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader
        self._held: Batch | None = None

    def peek(self) -> Batch:
        """The batch that comes next."""
        if self._held is None:
            self._held = next(self._loader)
        return self._held

    def __next__(self) -> Batch:
        batch, self._held = self._held, None
        return next(self._loader) if batch is None else batch

    def state_dict(self) -> dict[str, Any]:
        """See `Loader.state_dict`; a batch that was looked at must have been taken."""
        assert self._held is None, "a batch is held, so that the position of the loader is one too far"
        return self._loader.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See `Loader.load_state_dict`."""
        self._loader.load_state_dict(state)


class NoiseProbe:
    """Measures both players' gradient noise every so many rounds.

    Args:
        settings: of the run.
        game: what is played.
        streams: of the run; only seed and device are taken from them.

    Raises:
        UserError: the batch is too small to be cut in two.
    """

    def __init__(self, settings: RunSettings, game: Game[Any], streams: Streams) -> None:
        self.every = settings.training.measure_noise_every
        self._seed, self._device = streams.seed, streams.device
        self.num_parts = num_parts(settings.training.batch_size, tied=has_batch_normalization(game))
        self._averages = {name: NoiseAverage(streams.device) for name in PLAYERS}

    def before_round(self, step: int, match: Match) -> None:
        """Measure if a measurement is due after ``step`` finished rounds; no host read."""
        if step % self.every:
            return
        assert isinstance(match.batches, Peekable)
        streams = Streams(derived_seed(self._seed, f"noise/{step}"), self._device)
        with match.precision():
            samples = from_micro_batches(match.game, match.batches.peek(), self.num_parts, streams)
        for name, sample in samples.items():
            self._averages[name].update(sample)

    def read(self) -> dict[str, float | None]:
        """The averages under the names of ``metrics.jsonl``, such as ``disc_noise_scale``."""
        return {
            f"{player}_{name}": value
            for player, average in self._averages.items()
            for name, value in average.read().items()
        }

    def state_dict(self) -> dict[str, Any]:
        """The averages."""
        return {name: average.state_dict() for name, average in self._averages.items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from saved averages; a run that begins to measure has none."""
        for name, average in state.items():
            self._averages[name].load_state_dict(average)


def num_parts(batch_size: int, *, tied: bool) -> int:
    """Into how many micro-batches to cut a batch.

    Four; two where there are few examples, or where batch normalisation makes a gradient depend on its company.

    Raises:
        UserError: the batch is too small.
    """
    if batch_size < (4 if tied else 2):
        raise UserError(
            f"A batch of {batch_size} cannot be cut into micro-batches to measure the gradient noise; use a batch of 4 "
            f"or more, or leave training.measure_noise_every at 0."
        )
    return 2 if tied or batch_size < 8 else 4
