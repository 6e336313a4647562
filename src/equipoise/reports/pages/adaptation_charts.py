"""The curves of an adapted classifier: what its evaluations measured, and the losses that only this game has."""

from collections.abc import Iterator

from equipoise.reports.pages.charts import Chart, Curve
from equipoise.reports.pages.records import RunRecords, column
from equipoise.reports.pages.thinning import thinned

NUM_COLUMNS = 400
_LOOKS = ("third", "gen", "disc", "fourth", "fifth", "sixth")
_COIN = 0.5

_OF_EVALUATIONS: tuple[tuple[str, str, dict[str, str]], ...] = (
    (
        "Accuracy without labels of the target",
        "On held-out examples of the source, and as estimated for the target by confidence. Both can be too high.",
        {"source_accuracy": "source", "expected_accuracy": "target, estimated"},
    ),
    (
        "Can the domains be told apart?",
        "Share of held-out examples whose domain is guessed. Dotted: a coin, which is the aim.",
        {"domain_accuracy": "by disc", "probe_accuracy": "by a fresh one"},
    ),
    (
        "Accuracy by the labels of the target",
        "No rule that chooses a checkpoint sees these. Who chooses by them, chooses by what is not there in earnest.",
        {"oracle_validation_accuracy": "held out in training", "oracle_target_accuracy": "test"},
    ),
    (
        "What rules of choosing minimise",
        "Each in its own unit; less is better.",
        {
            "source_error": "source error",
            "entropy": "entropy",
            "information_risk": "information",
            "nuclear_norm_risk": "nuclear norm",
            "importance_weighted_risk": "importance-weighted",
            "dev_risk": "DEV",
        },
    ),
    (
        "Effective number of weighted examples",
        "Far below the number held out, the importance-weighted rules rest on a few of them.",
        {"effective_examples": "examples"},
    ),
)
_OF_METRICS: tuple[tuple[str, str, dict[str, str]], ...] = (
    (
        "Loss of the classifier",
        "On labels of the source, with the terms that ask the same of the target's predictions.",
        {"gen_auxiliary": "classifier"},
    ),
    (
        "Accuracy on the batches of training",
        "Of disc on domains, of the classifier on labels of the source.",
        {"disc_accuracy": "domains, by disc", "gen_accuracy": "labels of the source"},
    ),
    ("Weight of the adversarial term", "It multiplies what gen gets from disc.", {"adversarial_weight": "lambda"}),
)
DRAWN = frozenset(name for *_, names in (*_OF_EVALUATIONS, *_OF_METRICS) for name in names) | {"num_weighted"}
"""Names in the records that these charts draw, or whose value never changes."""


def charts_of_evaluations(run: RunRecords) -> Iterator[Chart]:
    """What was measured beside the risk that judges the checkpoints."""
    for title, about, names in _OF_EVALUATIONS:
        told = {name: label for name, label in names.items() if name != run.judge}
        yield from _chart(run, title, about, told, in_evaluations=True)


def charts_of_metrics(run: RunRecords) -> Iterator[Chart]:
    """What was recorded in training beside the adversarial losses."""
    for title, about, names in _OF_METRICS:
        yield from _chart(run, title, about, names, in_evaluations=False)


def _chart(run: RunRecords, title: str, about: str, names: dict[str, str], *, in_evaluations: bool) -> Iterator[Chart]:
    records, path = (run.evaluations, ("values",)) if in_evaluations else (run.metrics, ())
    steps, coin = column(records, "step"), _COIN if "domain_accuracy" in names else None
    lines = {label: thinned(steps, column(records, *path, name), NUM_COLUMNS) for name, label in names.items()}
    lines = {label: line for label, line in lines.items() if len(line.finite)}
    curves = [
        Curve(label, line, look, None if place else coin, "a coin")
        for place, ((label, line), look) in enumerate(zip(lines.items(), _LOOKS, strict=False))
    ]
    if curves:
        yield Chart(title, curves, about=about, from_zero="ccuracy" in title or coin is not None)
