"""A classifier adapted to another domain, the two bounds that it lies between, and every rule of choosing side by side.

The bounds are runs of the same game in which nothing is adapted: source-only takes the source for both domains,
target-only the target with its labels. With accuracies a on the target,

    gap closed = (a - a_source) / (a_target - a_source)

is 0 for a classifier that adaptation did not help and 1 for one as good as with all labels. All are reported on the
same test part of the target. The bounds count by their last step.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from equipoise.config import DataSettings, RunSettings
from equipoise.config.adaptation import BaselineName
from equipoise.core.confusion import BEHIND, CONFUSED, SEPARATED
from equipoise.core.files import read_json_lines
from equipoise.core.judges import RISKS
from equipoise.metrics.selection import accuracy_interval, gap_closed
from equipoise.training.checkpoint import checkpoint_steps

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
    whole = [record for record in evaluations if record["step"] > 0 and _is_whole(record["values"])]
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


def _is_whole(values: Record) -> bool:
    return "source_accuracy" in values


def _is_finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def last_target_accuracy(run: Path) -> float | None:
    """Accuracy of a run's last evaluation on the target's test part; None where there is none."""
    evaluations = [record for record in read_json_lines(run / "evaluations.jsonl") if _is_whole(record["values"])]
    return evaluations[-1]["values"].get(TARGET) if evaluations else None


def analysis(run: Path, settings: RunSettings) -> dict[str, Any]:
    """The run's table and sentences, in the form that any page can show.

    Args:
        run: folder of the adapted run; the bounds lie beside it where they were played.
        settings: of the run.
    """
    folders = {name: run.parent / f"{run.name}-{name}" for name in BASELINES}
    bounds = Bounds(*(last_target_accuracy(folders[name]) for name in BASELINES))
    evaluations, metrics = read_json_lines(run / "evaluations.jsonl"), read_json_lines(run / "metrics.jsonl")
    chosen = choices(evaluations, bounds)
    return {
        "kind": "adaptation",
        "title": f"{settings.name}: from {_called(settings.data)} to {_called(settings.target)}",
        "sentences": sentences(settings, evaluations, metrics, chosen),
        "tables": [_rules_table(chosen, bounds, _num_test(evaluations), _kept(run))],
        "figures": [],
        "bounds": bounds._asdict(),
        "choices": [choice._asdict() for choice in chosen],
    }


def _called(data: DataSettings) -> str:
    """A domain in words: its name, and what was done to it.

    >>> _called(DataSettings(source="moons", rotation=35.0))
    'moons turned by 35 degrees'
    """
    words = [Path(data.path).name or data.path if data.path else data.source]
    if data.texture != "none":
        words.append(f"blended with {Path(data.texture).name} texture")
    if data.rotation:
        words.append(f"turned by {data.rotation:g} degrees")
    return " ".join(words)


def _kept(run: Path) -> set[int]:
    """Steps of the checkpoints that the run has kept, which alone can be applied."""
    return set(checkpoint_steps(run / "checkpoints"))


def _num_test(evaluations: Sequence[Record]) -> int | None:
    """Examples of the target's test part; None where it has no labels, or an old record does not say."""
    found = [record.get("protocol", {}).get("num_test") for record in evaluations if _is_whole(record["values"])]
    return found[-1] if found else None


def _rules_table(
    chosen: Sequence[Choice], bounds: Bounds, num_test: int | None, kept: Collection[int]
) -> dict[str, Any]:
    rows: list[list[Any]] = []
    for choice in chosen:
        state = "yes" if choice.step in kept else "no"
        rows.append(
            [choice.rule, choice.step, state, _percent(choice.source), *_reported(choice.target, bounds, num_test)]
        )
    for name, bound in zip(BASELINES, bounds, strict=True):
        if bound is not None:
            rows.append([name, None, None, None, *_reported(bound, bounds, num_test)])
    columns = ["rule", "step", "kept", "source, %", "target (oracle), %", "95 % interval", "gap closed, %"]
    known = [place for place in range(len(columns)) if any(row[place] is not None for row in rows)]
    return {
        "title": "The checkpoint that each rule chooses"
        + (f", and its accuracy on {num_test:,} test examples of the target" if num_test else ""),
        "columns": [columns[place] for place in known],
        "rows": [[row[place] for place in known] for row in rows],
    }


def _reported(target: float | None, bounds: Bounds, num_test: int | None) -> tuple[Any, ...]:
    """Accuracy on the target's test part, its interval and the gap closed, as cells."""
    interval = None if target is None or not num_test else _interval(target, num_test)
    return _percent(target), interval, _percent(bounds.gap_closed(target))


def _interval(accuracy: float, num_examples: float) -> str:
    """Wilson's interval of an accuracy in percent; ``num_examples`` may be an effective number."""
    number = max(1, round(num_examples))
    found = accuracy_interval(round(accuracy * number), number)
    return f"{100 * found.low:.1f} to {100 * found.high:.1f}"


def _percent(part: float | None) -> float | None:
    return None if part is None else round(100 * part, 2)


def sentences(
    settings: RunSettings, evaluations: Sequence[Record], metrics: Sequence[Record], chosen: Sequence[Choice]
) -> list[str]:
    """What a person should know: how good the classifier is as far as can be known, and how the game stands."""
    own = next((choice for choice in chosen if choice.rule == settings.adaptation.judge), None)
    if own is None:
        return ["No evaluation of this run has finite numbers, so no rule can choose a checkpoint."]
    found = [_estimate(next(record for record in reversed(evaluations) if record["step"] == own.step))]
    if metrics:
        found.append(_standing(metrics[-1]))
    if own.target is not None:
        found.append(
            f"The labels of the target, which no rule but the oracle has seen, say {own.target:.1%} for the checkpoint "
            f"of step {own.step:,}, which {settings.adaptation.judge} chose."
        )
    return found


def _estimate(record: Record) -> str:
    """The estimates without labels of the target, with their intervals and what they are worth.

    By confidence, the part of the target above a threshold that the source's examples set: both samples add their
    variance, as one sample of N_s N_t / (N_s + N_t) would. By weights, the effective number stands for the sample.
    """
    values, protocol = record["values"], record["protocol"]
    num_source, num_target = protocol["num_source"], protocol["num_target"]
    by_confidence, weighted = values["expected_accuracy"], max(0.0, 1 - values["importance_weighted_risk"])
    effective, number = values["effective_examples"], values["num_weighted"]
    words = (
        f"Without labels of the target its accuracy is estimated at {by_confidence:.1%} by confidence (95 % interval "
        f"{_interval(by_confidence, num_source * num_target / (num_source + num_target))} %) and at {weighted:.1%} by "
        f"importance weights ({_interval(weighted, effective)} %), from {num_target:,} examples of the target and "
        f"{num_source:,} of the source. The intervals cover the chance of these samples alone: both estimates are too "
        f"high where the classifier is sure and wrong, so go by the lower one, and label a few dozen examples "
        f"of the target by hand if anything depends on it. The source's own {values['source_accuracy']:.1%} is no "
        f"estimate of it."
    )
    if effective < 0.1 * number:
        words += f" The weights rest on few examples ({effective:,.0f} of {number:,} by weight)."
    return words


def _standing(record: Record) -> str:
    """Is the domain loss good? In words."""
    accuracy = record["disc_accuracy"]
    words = (
        f"At the end the domain loss is {record['disc_loss']:.3f} (ideal {record['disc_ideal']:.3f}) and the "
        f"discriminator tells {accuracy:.0%} of the examples apart"
    )
    if record["disc_loss"] > BEHIND * record["disc_ideal"]:
        return (
            f"{words}: it is behind the features, which move faster than it learns, so its verdict says nothing; "
            f"'equipoise evaluate' trains a fresh one, and a larger disc.lr keeps up."
        )
    if accuracy > SEPARATED:
        return (
            f"{words}: the features give the domain away, so neither the adaptation nor its estimates can be trusted; "
            f"raise game.adversarial_weight, or lower disc.lr."
        )
    if accuracy < CONFUSED:
        return (
            f"{words}: confusion, unless the discriminator is too weak to see; 'equipoise evaluate' trains a fresh one "
            f"to tell."
        )
    return f"{words}: partly confused, as adapted features usually are."
