"""Giving up runs that fall behind, patiently: a GAN's distance rises before it falls.

The first trials of every arm are pilots and are played to their end. Their median, at each evaluation, of the least
distance so far is the bar. A later run is given up when, in the second half of its rounds, its own least distance lies
above the bar in a few evaluations in a row. Pilots do not change any more once they have ended, so that the bar, and
every verdict with it, is the same however often the study is started again.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from equipoise.core.judges import distance_of
from equipoise.studies.folder import Record, Standing, Status
from equipoise.studies.reaches import Curve

NUM_PILOTS = 8
"""Trials of each arm that are played to their end."""
PATIENCE = 2
"""Evaluations in a row behind the bar before a run is given up."""


@dataclass(frozen=True)
class Behind:
    """Stop a run that stays behind the bar.

    Attributes:
        bar: least distance so far of the middle pilot, by step.
        after: step before which no run is given up.
        patience: evaluations in a row.
    """

    bar: Mapping[int, float]
    after: int
    patience: int = PATIENCE

    def verdict(self, evaluations: Sequence[Record]) -> Standing | None:
        """PRUNED from then on; see `folder.StopRule.verdict`."""
        least, num_behind = math.inf, 0
        for record in evaluations:
            distance, step = distance_of(record), record["step"]
            least = min(least, distance) if math.isfinite(distance) else least
            behind = step >= self.after and least > self.bar.get(step, math.inf)
            num_behind = num_behind + 1 if behind else 0
            if num_behind >= self.patience:
                return Standing(Status.PRUNED, f"Behind the middle pilot ({self.bar[step]:.4g}) at step {step}.")
        return None


def behind_pilots(curves: Sequence[Curve]) -> Behind:
    """The rule that pilots of these distances set."""
    steps = max((curve.steps for curve in curves), key=len)
    bar = {int(step): statistics.median(_least_until(curve, step) for curve in curves) for step in steps}
    return Behind(bar, after=math.ceil(max(curve.budget for curve in curves) / 2))


def _least_until(curve: Curve, step: float) -> float:
    seen = [value for at, value in zip(curve.steps, curve.values, strict=True) if at <= step and math.isfinite(value)]
    return min(seen, default=math.inf)
