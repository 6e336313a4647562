"""Gradient noise of both players with an interval, and the batch size that belongs to it.

Each batch is cut into micro-batches (`equipoise.training.noise`); noise and signal are averaged over the batches apart
and divided last. The interval leaves out one batch at a time (jackknife) from signal / noise, which is linear in what
is known least, the signal, and is then turned over: where it holds 0, the noise scale has no upper bound. Below the
noise scale a gradient is mostly noise and a batch twice as large nearly halves the rounds; above it a larger batch adds
little (McCandlish et al. 2018).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from equipoise.metrics.uncertainty import from_replicates
from equipoise.training.diagnosis.position import NotMeasuredError, Position
from equipoise.training.noise import PLAYERS, from_micro_batches, has_batch_normalization
from equipoise.training.noise_probe import num_parts

Vector = NDArray[np.float64]
LEVEL = 0.95


@dataclass(frozen=True)
class PlayerNoise:
    """One player's noise.

    Attributes:
        noise: tr(Sigma), the variance of one example's gradient over all parameters.
        signal: |G|^2.
        scale: noise / signal, a batch size; None where the signal is not above 0.
        low: lower end of its 95 % interval; None where no interval can be had.
        high: upper end; None likewise, and beside a `low` where there is no bound, as the signal may be 0.
        suggested: the power of two nearest to the scale, with which a round gets half as far as with an endless batch;
            None without one.
    """

    noise: float
    signal: float
    scale: float | None
    low: float | None
    high: float | None
    suggested: int | None


@dataclass(frozen=True)
class NoiseScales:
    """Both players' noise.

    Attributes:
        disc: the discriminator's.
        gen: the generator's.
        num_batches: batches averaged over.
        batch_size: of the run; of pairs of examples where there are two domains.
    """

    disc: PlayerNoise
    gen: PlayerNoise
    num_batches: int
    batch_size: int


def measure_noise(position: Position) -> NoiseScales:
    """Gradient noise on fresh batches."""
    position.require_finite()
    session, number = position.session, position.settings.num_batches
    game, size = session.board.game, position.batch_size
    tied = has_batch_normalization(game)
    if session.board.source is None:
        raise NotMeasuredError("The game has no examples whose gradients could differ.")
    if size < (4 if tied else 2):
        raise NotMeasuredError(f"A batch of {size} cannot be cut into micro-batches.")
    streams, found = position.streams("noise"), list[list[list[float]]]()
    for done, batch in enumerate(position.batches("noise", number), start=1):
        with session.match.precision():
            samples = from_micro_batches(game, batch, num_parts(size, tied=tied), streams)
        found.append([[float(samples[name].noise), float(samples[name].signal)] for name in PLAYERS])
        position.on_progress("gradient noise", done, number)
    table = np.array(found)
    return NoiseScales(scale_of(table[:, 0]), scale_of(table[:, 1]), number, size)


def scale_of(samples: Vector) -> PlayerNoise:
    """The noise scale of samples (K, 2) of noise and signal.

    >>> scale_of(np.array([[4.0, 2.0], [8.0, 4.0], [4.0, 2.0]])).scale
    2.0
    """
    noise, signal = samples.mean(axis=0).tolist()
    low, high = _interval(samples)
    if not signal > 0:
        return PlayerNoise(noise, signal, None, low, high, None)
    scale = noise / signal
    suggested = 2 ** max(0, round(math.log2(scale))) if scale > 0 else 1
    return PlayerNoise(noise, signal, scale, low, high, suggested)


def _interval(samples: Vector) -> tuple[float | None, float | None]:
    """Ends for noise / signal, by turning over those for signal / noise."""
    noise, signal = samples.mean(axis=0).tolist()
    without = samples.sum(axis=0) - samples
    if len(samples) < 3 or not (without[:, 0] > 0).all():
        return None, None
    counts = (len(samples), len(samples))
    inverse = from_replicates(signal / noise, without[:, 1] / without[:, 0], counts, LEVEL, (-math.inf, math.inf))
    low, high = (1 / end if end > 0 else None for end in (inverse.high, inverse.low))
    return low, high
