"""What is said of an accuracy: how sure it is, and how much of the gap between two bounds it closes."""

import math

from equipoise.core.errors import UserError
from equipoise.metrics.uncertainty import Interval


def accuracy_interval(num_right: int, num_examples: int, level: float = 0.95) -> Interval:
    """Wilson's interval of an accuracy (Wilson 1927), which holds at the ends of the range and for few examples.

    It covers what other samples of examples would give the same classifier, not what other trainings would give.

    Args:
        num_right: examples classified rightly.
        num_examples: of all.
        level: in (0, 1).

    Raises:
        UserError: there are no examples, more right ones than examples, or the level is no such number.

    >>> found = accuracy_interval(90, 100)
    >>> found.value, round(found.low, 3), round(found.high, 3)
    (0.9, 0.826, 0.945)
    """
    from scipy.stats import binomtest

    if not 0 <= num_right <= num_examples or num_examples < 1:
        raise UserError(f"{num_right} of {num_examples} examples were given as right; give 0 to N of N, N at least 1.")
    if not 0 < level < 1:
        raise UserError(f"An interval of level {level} was asked for; give a number between 0 and 1, such as 0.95.")
    value = num_right / num_examples
    ends = binomtest(num_right, num_examples).proportion_ci(level, method="wilson")
    error = math.sqrt(value * (1 - value) / num_examples)
    low, high = min(float(ends.low), value), max(float(ends.high), value)
    return Interval(value, low, high, level, error, "wilson", num_examples, None)


def gap_closed(accuracy: float, source_only: float, target_only: float) -> float:
    """How far an accuracy has come from that without adaptation to that with the target's labels; NaN without a gap.

    1 is as good as training on the target's labels; negative is worse than not adapting.

    Args:
        accuracy: on the target, after adaptation.
        source_only: on the target, trained on the source alone.
        target_only: on the target, trained on its labels.

    >>> gap_closed(0.75, 0.5, 1.0)
    0.5
    """
    gap = target_only - source_only
    return (accuracy - source_only) / gap if gap > 0 else math.nan
