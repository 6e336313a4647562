"""Signs of trouble while a run goes on, said once each as long as they last.

The guard acts on trouble that is certain (`equipoise.training.guarding`). Signs come before it, from the records that
were written anyhow, and do nothing but tell a person where to look.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from equipoise.core.judges import JUDGES, distance_of, judge_of
from equipoise.reports.pages.records import column
from equipoise.training.observer import Record, Silence

_KEPT = 50
_NUM_GROWING, _GROWTH, _ABOVE_USUAL = 3, 3.0, 30.0
_GAP_SHARE, _GAP_CHANGE, _NUM_GAPS = 0.25, 0.1, 5
_BOUND_SHARE, _NUM_AT_BOUND = 0.02, 3
_RISE, _NUM_RISES = 1.25, 3


def numbers_grow(metrics: Sequence[Record]) -> str | None:
    """A loss or penalty that has at least trebled three records in a row, and is over thirty times its usual size.

    >>> numbers_grow([{"gen_loss": loss} for loss in (0.7, 0.8, 0.7, 3.0, 12.0, 80.0)])
    "the generator's loss grows fast (0.7, 3, 12, 80): numbers that are not finite may follow"
    """
    for name, words in (("disc_loss", "the discriminator's loss"), ("gen_loss", "the generator's loss"),
                        ("disc_penalty", "the penalty")):  # fmt: skip
        sizes = abs(column(metrics, name))
        recent, before = sizes[-_NUM_GROWING - 1 :], sorted(sizes[:-_NUM_GROWING])
        if len(before) < _NUM_GROWING or not all(after > _GROWTH * earlier > 0 for earlier, after in pairwise(recent)):
            continue
        if recent[-1] > _ABOVE_USUAL * before[len(before) // 2]:
            listed = ", ".join(f"{size:.3g}" for size in recent)
            return f"{words} grows fast ({listed}): numbers that are not finite may follow"
    return None


def lead_grows(metrics: Sequence[Record]) -> str | None:
    """The discriminator's gap lower at each of five records, by a tenth of its ideal in all, and a quarter below it.

    >>> lead_grows([{"disc_loss": 1.386 + gap, "disc_gap": gap} for gap in (-0.1, -0.2, -0.3, -0.4, -0.5)])
    "the discriminator's lead grows: its loss is 0.886, its ideal 1.39, and the gap widens"
    """
    recent = metrics[-_NUM_GAPS:]
    gaps, losses = column(recent, "disc_gap"), column(recent, "disc_loss")
    ideal = losses[-1] - gaps[-1] if len(gaps) == _NUM_GAPS else 0.0
    if not ideal > 0 or not all(after < before for before, after in pairwise(gaps)):
        return None
    if gaps[-1] > -_GAP_SHARE * ideal or gaps[0] - gaps[-1] < _GAP_CHANGE * ideal:
        return None
    return f"the discriminator's lead grows: its loss is {losses[-1]:.3g}, its ideal {ideal:.3g}, and the gap widens"


def at_its_bound(metrics: Sequence[Record]) -> str | None:
    """The discriminator's loss under a fiftieth of its ideal at three records.

    >>> at_its_bound([{"disc_loss": 0.001, "disc_gap": -1.385}] * 3)
    "the discriminator's loss is at its bound (0.001): the generator learns nothing from such a judge"
    """
    recent = metrics[-_NUM_AT_BOUND:]
    losses, gaps = column(recent, "disc_loss"), column(recent, "disc_gap")
    if len(losses) < _NUM_AT_BOUND or not all(
        0 <= loss < _BOUND_SHARE * (loss - gap) for loss, gap in zip(losses, gaps, strict=True)
    ):
        return None
    return (
        f"the discriminator's loss is at its bound ({losses[-1]:.3g}): the generator learns nothing from such a judge"
    )


def distance_rises(evaluations: Sequence[Record]) -> str | None:
    """The distance higher at three evaluations in a row, and over five quarters of its best.

    >>> distance_rises([{"values": {"fd": fd}} for fd in (9.0, 2.0, 2.5, 3.0, 3.5)])
    'the FD has risen three times in a row, to 3.5 after a best of 2'
    """
    distances = [distance_of(record) for record in evaluations]
    rising = distances[-_NUM_RISES - 1 :]
    if len(rising) <= _NUM_RISES or not all(after > before for before, after in pairwise(rising)):
        return None
    best, name = min(each for each in distances if each == each), JUDGES[judge_of(evaluations[-1])]
    if rising[-1] <= _RISE * best:
        return None
    return f"the {name} has risen three times in a row, to {rising[-1]:.4g} after a best of {best:.4g}"


class Signs(Silence):
    """Looks at the records of a run as they come, and says what they are a sign of.

    Args:
        say: prints a line above whatever view there is.
    """

    def __init__(self, say: Callable[[str], Any]) -> None:
        self._say = say
        self._metrics: list[Record] = []
        self._evaluations: list[Record] = []
        self._seen: set[str] = set()

    def on_metrics(self, record: Record) -> None:
        """Losses and gaps."""
        self._metrics = [*self._metrics[-_KEPT:], record]
        for rule in (numbers_grow, lead_grows, at_its_bound):
            self._note(rule.__name__, rule(self._metrics), record["step"])

    def on_evaluation(self, record: Record) -> None:
        """Distances."""
        self._evaluations = [*self._evaluations, record]
        self._note("distance_rises", distance_rises(self._evaluations), record["step"])

    def _note(self, name: str, found: str | None, step: int) -> None:
        if found is None:
            self._seen.discard(name)
        elif name not in self._seen:
            self._seen.add(name)
            self._say(f"look: at step {step:,} {found}.")
