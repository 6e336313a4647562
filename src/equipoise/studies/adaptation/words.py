"""What a person should know of an adapted run: how good it is as far as can be known, and how the game stands."""

from collections.abc import Sequence

from equipoise.config import RunSettings
from equipoise.core.confusion import BEHIND, CONFUSED, SEPARATED
from equipoise.metrics.selection import accuracy_interval
from equipoise.studies.adaptation.choices import Choice, Record


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
    sure = interval_text(by_confidence, num_source * num_target / (num_source + num_target))
    words = (
        f"Without labels of the target its accuracy is estimated at {by_confidence:.1%} by confidence (95 % interval "
        f"{sure} %) and at {weighted:.1%} by "
        f"importance weights ({interval_text(weighted, effective)} %), from {num_target:,} examples of the target and "
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


def interval_text(accuracy: float, num_examples: float) -> str:
    """Wilson's interval of an accuracy in percent; ``num_examples`` may be an effective number."""
    number = max(1, round(num_examples))
    found = accuracy_interval(round(accuracy * number), number)
    return f"{100 * found.low:.1f} to {100 * found.high:.1f}"
