"""The checkpoint that every rule chooses of an adapted run, between the two bounds.

The bounds are runs of the same game in which nothing is adapted: source-only takes the source for both domains,
target-only the target with its labels. With accuracies a on the target,

    gap closed = (a - a_source) / (a_target - a_source)

is 0 for a classifier that adaptation did not help and 1 for one as good as with all labels. All are reported on the
same test part of the target. The bounds count by their last step.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from equipoise.config import RunSettings
from equipoise.config.adaptation import BaselineName
from equipoise.core.files import read_json_lines
from equipoise.core.judges import RISKS
from equipoise.metrics.selection import gap_closed

BASELINES: tuple[BaselineName, BaselineName] = ("source-only", "target-only")
LAST, ORACLE = "last step", "oracle"
TARGET, ORACLE_VALIDATION = "oracle_target_accuracy", "oracle_validation_accuracy"
Record = Mapping[str, Any]


class Choice(NamedTuple):
    """The checkpoint that a rule takes.

    Attributes:
        rule: its name.
        step: of the checkpoint.
        source: accuracy on the source's validation part.
        target: accuracy on the target's test part; None where the target has no labels.
        gap_closed: see the module; None where a bound is missing.
    """

    rule: str
    step: int
    source: float
    target: float | None
    gap_closed: float | None


class Bounds(NamedTuple):
    """Accuracies on the target's test part that adaptation lies between, or None.

    Attributes:
        source_only: of the classifier that saw the source alone.
        target_only: of the one that was trained on the target with its labels.
    """

    source_only: float | None = None
    target_only: float | None = None

    def gap_closed(self, target: float | None) -> float | None:
        """The part of the way from one bound to the other; None where it is not defined.

        >>> Bounds(0.5, 1.0).gap_closed(0.875)
        0.75
        """
        if target is None or self.source_only is None or self.target_only is None:
            return None
        closed = gap_closed(target, self.source_only, self.target_only)
        return closed if math.isfinite(closed) else None


def baseline_settings(settings: RunSettings, baseline: BaselineName) -> RunSettings:
    """The run of one bound of the adapted run ``settings``."""
    adaptation = settings.adaptation.model_copy(update={"baseline": baseline})
    return settings.model_copy(update={"name": f"{settings.name}-{baseline}", "adaptation": adaptation})


def choices(evaluations: Sequence[Record], bounds: Bounds) -> list[Choice]:
    """What each rule takes of a run's evaluations: the last step, each rule without labels, and the oracle.

    Among equals the later step is taken, as a run does when it keeps its best checkpoint. Evaluations of a classifier
    whose numbers were not finite, and those before the first round, are not candidates.
    """
    whole = [record for record in evaluations if record["step"] > 0 and is_whole(record["values"])]
    if not whole:
        return []
    found = [_choice(LAST, whole[-1], bounds)]
    for rule, risk in RISKS.items():
        candidates = [record for record in whole if _is_finite(record["values"].get(risk))]
        if candidates:
            least = min(reversed(candidates), key=lambda record: float(record["values"][risk]))
            found.append(_choice(rule, least, bounds))
    if ORACLE_VALIDATION in whole[-1]["values"]:
        most = max(reversed(whole), key=lambda record: float(record["values"][ORACLE_VALIDATION]))
        found.append(_choice(ORACLE, most, bounds))
    return found


def _choice(rule: str, record: Record, bounds: Bounds) -> Choice:
    values = record["values"]
    target = values.get(TARGET)
    return Choice(rule, record["step"], values["source_accuracy"], target, bounds.gap_closed(target))


def is_whole(values: Record) -> bool:
    """Whether an evaluation was of a classifier whose numbers are finite."""
    return "source_accuracy" in values


def _is_finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def last_target_accuracy(run: Path) -> float | None:
    """Accuracy of a run's last evaluation on the target's test part; None where there is none."""
    evaluations = [record for record in read_json_lines(run / "evaluations.jsonl") if is_whole(record["values"])]
    return evaluations[-1]["values"].get(TARGET) if evaluations else None
