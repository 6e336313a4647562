"""Choosing among adapted classifiers without labels of the target, and what is said of the chosen one.

`RULES` are risks, each a number of which less is better, computed from an `Evidence` that has no place for the target's
labels. What a rule reads are arrays: nothing here knows how they were made.
"""

from equipoise.metrics.selection.accuracy import accuracy_interval, gap_closed
from equipoise.metrics.selection.density_ratio import density_ratio, effective_sample_size
from equipoise.metrics.selection.domain_distance import DomainDistance, proxy_a_distance
from equipoise.metrics.selection.evidence import Evidence
from equipoise.metrics.selection.expected_accuracy import expected_accuracy
from equipoise.metrics.selection.rules import RULES, Rule
from equipoise.metrics.selection.target_risks import (
    information_risk,
    mean_entropy,
    nuclear_norm_risk,
)
from equipoise.metrics.selection.weighted_risks import deep_embedded_risk, error_rate, importance_weighted_risk

__all__ = [
    "RULES",
    "DomainDistance",
    "Evidence",
    "Rule",
    "accuracy_interval",
    "deep_embedded_risk",
    "density_ratio",
    "effective_sample_size",
    "error_rate",
    "expected_accuracy",
    "gap_closed",
    "importance_weighted_risk",
    "information_risk",
    "mean_entropy",
    "nuclear_norm_risk",
    "proxy_a_distance",
]
