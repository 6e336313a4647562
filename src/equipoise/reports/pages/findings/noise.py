"""What the gradient noise says of the batch size."""

import math
import shlex

import numpy as np

from equipoise.reports.pages.findings.finding import Finding
from equipoise.reports.pages.records import RunRecords, column, number_or
from equipoise.reports.pages.words import number

_BATCH = "Does the batch size fit?"


def what_the_noise_says(run: RunRecords) -> Finding | None:
    """From the median noise scale of the last half of the records: further from the batch size than four times?"""
    batch, late = number_or(run.setting("training.batch_size")), run.metrics[len(run.metrics) // 2 :]
    scales = {player: column(late, f"{player}_noise_scale") for player in ("disc", "gen")}
    medians = {player: float(np.median(each[each > 0])) for player, each in scales.items() if (each > 0).any()}
    if not medians or not math.isfinite(batch):
        return None
    words = " and ".join(f"{number(scale)} for {player}" for player, scale in medians.items())
    words = f"The gradient noise scale is {words}; the batch has {batch:.0f} examples."
    wanted = max(2, 2 ** round(math.log2(math.prod(medians.values()) ** (1 / len(medians)))))
    order = f"{words} Near {wanted:,} it would be of its order."
    if min(medians.values()) > 4 * batch:
        return Finding(_BATCH, "good", "A larger batch may need fewer steps", order, *_measure_it(run))
    if max(medians.values()) < batch / 4:
        return Finding(_BATCH, "good", "A smaller batch may cost less", order, *_measure_it(run))
    return Finding(_BATCH, "good", "The batch size fits", f"{words} They are of one order.")


def _measure_it(run: RunRecords) -> tuple[str, ...]:
    """Advice and command of the study of batch sizes, which needs a distance to reach."""
    if run.adapts or run.is_between_points or not run.evaluations:
        return ()
    config = shlex.quote(str(run.path / "config.yaml"))
    return "Measure steps and cost at several batch sizes", f"equipoise study batch-size --config {config}"
