"""How many examples without labels are classified rightly, as far as confidence tells.

Average thresholded confidence (Garg et al. 2022, arXiv:2201.04234): the threshold t is the confidence that as many
labelled examples of the source lie below as are classified wrongly; the expected accuracy on the target is the part of
it that lies above t. Confidence is minus the entropy of the prediction. On the source itself the estimate is right by
construction; on a target it is right where the domains' errors are of equal confidence, which nothing can check
without labels: a classifier that is sure of a wrong answer passes for a good one.
"""

from typing import Any

import numpy as np

from equipoise.metrics.selection.arrays import as_labels, as_logits
from equipoise.metrics.selection.target_risks import entropies_of
from equipoise.metrics.selection.weighted_risks import error_rate


def expected_accuracy(source_logits: Any, source_labels: Any, target_logits: Any) -> float:
    """Expected accuracy on the target, in [0, 1].

    Args:
        source_logits: (N, K) of labelled examples of the source that were not trained on.
        source_labels: (N,).
        target_logits: (M, K).

    Raises:
        UserError: shapes do not agree, or numbers are not finite.

    >>> sure, unsure = [4.0, 0.0], [0.1, 0.0]
    >>> expected_accuracy([sure, sure, sure, unsure], [0, 0, 0, 1], [sure, unsure])
    0.5
    """
    logits = as_logits(source_logits)
    labels = as_labels(source_labels, *logits.shape)
    confidence, others = -entropies_of(logits), -entropies_of(as_logits(target_logits))
    num_wrong = round(error_rate(logits, labels) * len(logits))
    threshold = np.sort(confidence)[min(num_wrong, len(logits) - 1)]
    return float((others >= threshold).mean())
