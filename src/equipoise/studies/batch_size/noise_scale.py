"""Noise scales from the records of several runs, with an interval: the critical batch size without a sweep.

Noise tr(Sigma) and signal |G|^2 are averaged over the runs apart and divided last; the interval is the jackknife's, one
run left out at a time. McCandlish et al. 2018 predict N = N_min (1 + B/b) with B the noise scale, so that at b = B a
target takes twice the fewest steps, as it does at b* = 2 b_min of the hyperbola. What is compared is a gradient's noise
where a run meets its target with a whole run's need, so that agreement within a factor of a few is all one may expect.
"""

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats

from equipoise.studies.folder import Record
from equipoise.studies.interval import Interval


def ratio(noises: Sequence[float], signals: Sequence[float]) -> Interval | None:
    """sum(noises) / sum(signals) with a 95 % jackknife interval; None where the signal is not above 0.

    >>> ratio([4.0, 4.0, 4.0], [2.0, 2.0, 2.0])
    Interval(value=2.0, low=2.0, high=2.0)
    """
    noise, signal = np.asarray(noises, float), np.asarray(signals, float)
    if not len(signal) or signal.sum() <= 0:
        return None
    value, number = float(noise.sum() / signal.sum()), len(signal)
    if number < 3:
        return Interval(value)
    without = (noise.sum() - noise) / (signal.sum() - signal)
    spread = math.sqrt((number - 1) / number * ((without - without.mean()) ** 2).sum())
    half = float(stats.t.ppf(0.975, number - 1)) * spread
    return Interval(value, max(value - half, 0.0), value + half)


def at_target(metrics: Sequence[Sequence[Record]], steps: Sequence[float], player: str) -> Interval | None:
    """A player's noise scale where runs met their target.

    Args:
        metrics: of each run, as in ``metrics.jsonl``; lines without a measurement are passed over.
        steps: at which each run met the target; the first line from there on is taken, or else the last.
        player: ``disc`` or ``gen``.
    """
    noises, signals = [], []
    for records, step in zip(metrics, steps, strict=True):
        measured = [record for record in records if record.get(f"{player}_noise") is not None]
        if measured:
            record = next((record for record in measured if record["step"] >= step), measured[-1])
            noises.append(record[f"{player}_noise"])
            signals.append(record[f"{player}_signal"])
    return ratio(noises, signals)
