"""How many examples without labels are classified rightly, as far as confidence tells.

Average thresholded confidence (Garg et al. 2022, arXiv:2201.04234): the threshold t is the confidence that as many
labelled examples of the source lie below as are classified wrongly; the expected accuracy on the target is the part of
it that lies above t. Examples whose confidence is t itself count by the share that makes the estimate right on the
source, as it is by construction. Confidence is minus the entropy of the prediction. On a target the estimate is right
where the domains' errors are of equal confidence, which nothing can check without labels: a classifier that is sure of
a wrong answer passes for a good one.
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
    num_right = len(logits) - round(error_rate(logits, labels) * len(logits))
    if num_right == 0:
        return 0.0
    threshold = np.sort(confidence)[-num_right]
    share = (num_right - (confidence > threshold).sum()) / (confidence == threshold).sum()
    return float((others > threshold).mean() + share * (others == threshold).mean())
