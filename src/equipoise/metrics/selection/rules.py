"""The registry of rules by which a classifier is chosen without labels of the target.

Each is a risk: less is better. No rule is always right, and on small sets they err differently, so records hold all
of them side by side, next to the oracle that a rule is judged against.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from equipoise.metrics.selection.evidence import Evidence
from equipoise.metrics.selection.target_risks import information_risk, mean_entropy, nuclear_norm_risk
from equipoise.metrics.selection.weighted_risks import deep_embedded_risk, importance_weighted_risk


@dataclass(frozen=True)
class Rule:
    """One way to choose.

    Attributes:
        name: in `RULES`.
        risk: from the evidence; less is better.
        sees_target: whether examples of the target enter, without their labels.
        sees_labels: whether labels of the source enter.
    """

    name: str
    risk: Callable[[Evidence], float]
    sees_target: bool = True
    sees_labels: bool = True


def _source_validation(evidence: Evidence) -> float:
    return float(evidence.errors.mean())


def _entropy(evidence: Evidence) -> float:
    return mean_entropy(evidence.target_logits)


def _information(evidence: Evidence) -> float:
    return information_risk(evidence.target_logits)


def _nuclear_norm(evidence: Evidence) -> float:
    return nuclear_norm_risk(evidence.target_logits)


def _importance_weighted(evidence: Evidence) -> float:
    return importance_weighted_risk(evidence.errors, evidence.weights, normalised=True)


def _deep_embedded(evidence: Evidence) -> float:
    return deep_embedded_risk(evidence.errors, evidence.weights)


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        rule.name: rule
        for rule in (
            Rule("source-validation", _source_validation, sees_target=False),
            Rule("entropy", _entropy, sees_labels=False),
            Rule("information", _information, sees_labels=False),
            Rule("nuclear-norm", _nuclear_norm, sees_labels=False),
            Rule("importance-weighted", _importance_weighted),
            Rule("dev", _deep_embedded),
        )
    }
)
"""Rules by name."""
