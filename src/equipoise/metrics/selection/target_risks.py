"""Risks that read the predictions for the target alone: are they sure, and do they use all classes?

Entropy judges confidence, and is lowest for a classifier that calls everything the same. The other two also ask for
variety, over all examples together: mutual information (Shi & Sha 2012, "information-theoretical learning") and the
nuclear norm of the matrix of predictions (Cui et al. 2020, "BNM", arXiv:2003.12237). None of them knows whether a
confident prediction is right.
"""

import numpy as np
from numpy.typing import NDArray

from equipoise.metrics.selection.arrays import as_logits

Vector = NDArray[np.float64]


def mean_entropy(logits: object) -> float:
    """Mean over examples of the entropy of the predicted distribution, in nats, from logits (N, K); in [0, log K].

    Raises:
        UserError: not of the shape (N, K), or not finite.

    >>> round(mean_entropy([[0.0, 0.0], [0.0, 1000.0]]), 6)  # half of log 2
    0.346574
    """
    return float(_entropies(_log_softmax(as_logits(logits))).mean())


def information_risk(logits: object) -> float:
    """Minus the mutual information of example and prediction, in nats, from logits (N, K); in [-log K, 0].

    The mean entropy of predictions less the entropy of the mean prediction.

    Raises:
        UserError: not of the shape (N, K), or not finite.

    >>> round(information_risk([[1000.0, 0.0], [0.0, 1000.0]]), 6)  # sure, and both classes: -log 2
    -0.693147
    """
    log_probabilities = _log_softmax(as_logits(logits))
    mean = np.exp(log_probabilities).mean(0)
    with np.errstate(divide="ignore"):
        entropy_of_mean = _entropies(np.log(mean)[None])[0]
    return float(min(_entropies(log_probabilities).mean() - entropy_of_mean, 0.0))


def nuclear_norm_risk(logits: object) -> float:
    """Minus the nuclear norm of the predictions (N, K), over its largest value; in [-1, 0).

    The largest value, sqrt(N min(N, K)), is that of sure predictions spread evenly over the classes; predictions that
    are all alike and undecided have sqrt(N / K).

    Raises:
        UserError: not of the shape (N, K), or not finite.

    >>> round(nuclear_norm_risk([[1000.0, 0.0], [0.0, 1000.0]]), 6)
    -1.0
    """
    probabilities = np.exp(_log_softmax(as_logits(logits)))
    largest = np.sqrt(len(probabilities) * min(probabilities.shape))
    return float(-np.linalg.norm(probabilities, "nuc") / largest)


def entropies_of(logits: Vector) -> Vector:
    """Entropy (N,) in nats of each predicted distribution, from logits (N, K)."""
    return _entropies(_log_softmax(logits))


def _log_softmax(logits: Vector) -> Vector:
    from scipy.special import log_softmax

    found: Vector = log_softmax(logits, axis=1)
    return found


def _entropies(log_probabilities: Vector) -> Vector:
    """Entropy (N,) in nats of each distribution; a probability of zero counts as nothing."""
    from scipy.special import entr

    entropies: Vector = entr(np.exp(log_probabilities)).sum(1)
    return entropies
