"""The Inception Score of one set of examples, from the logits of a classifier (Salimans et al. 2016).

    IS = exp( mean_i KL( p(y|x_i) || p(y) ) )        p(y) = mean_i p(y|x_i)

within each of ten splits of the set; reported are mean and standard deviation over the splits. It lies in [1, m], m
being the smaller of the number of classes and of the examples of a split, since p(y) >= p(y|x_i) / (examples). So the
value depends on N and on the splits, and it knows no real data: it is not a distance.

Heusel et al. (2017) turn it into one beside the FID, IND = m - IS. Their plots take the largest score they observed
for m; their table's column headed IND holds the score itself. Files sorted by class would make every split poor, so
the order is drawn anew with a seed.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from equipoise.core.errors import UserError
from equipoise.metrics.rows import Features, as_rows


@dataclass(frozen=True)
class InceptionScore:
    """Score of a set; larger is better.

    Attributes:
        value: mean over the splits, in [1, maximum].
        std: standard deviation over the splits (divided by their number, as published); 0 for one split.
        maximum: least of the number of classes and of the examples of a split: no score can be above it.
        num_samples: N.
        num_splits: how many splits the set was cut into.
        seed: the order was drawn with it.
    """

    value: float
    std: float
    maximum: int
    num_samples: int
    num_splits: int
    seed: int

    def inverted(self, limit: float | None = None) -> float:
        """IND = limit - IS, a number that falls as images get better.

        Args:
            limit: what the score is taken from; the largest possible score where it is None. The paper's plots use the
                largest score observed in the study at hand.
        """
        return (self.maximum if limit is None else limit) - self.value


def inception_score(logits: Features, num_splits: int = 10, seed: int = 0) -> InceptionScore:
    """The score of logits (N, classes), in float64.

    Args:
        logits: (N, classes) before the softmax.
        num_splits: at least 1 and at most N; lengths of splits differ by at most one.
        seed: of the order in which examples are dealt to splits.

    Raises:
        UserError: fewer examples than splits, not of the shape (N, classes), or NaN or infinite.

    >>> inception_score(np.repeat(1e3 * np.eye(4), 5, axis=0), num_splits=1).value
    4.0
    """
    divergence, parts = _dealt(logits, num_splits, seed)
    scores = np.array([np.exp(_mean_divergence(part)) for part in parts])
    maximum = min(parts[0].shape[1], len(parts[0]))
    return InceptionScore(float(scores.mean()), float(scores.std()), maximum, len(divergence), num_splits, seed)


def _dealt(logits: Features, num_splits: int, seed: int) -> tuple[NDArray[np.float64], list[NDArray[np.float64]]]:
    """All log-probabilities, and those of each split."""
    rows = as_rows(logits).astype(np.float64)
    if not 1 <= num_splits <= len(rows):
        raise UserError(
            f"{num_splits} splits of {len(rows)} examples were asked for; give between 1 and as many splits as there "
            f"are examples."
        )
    rows = rows - rows.max(axis=1, keepdims=True)
    log_probabilities = rows - np.log(np.exp(rows).sum(axis=1, keepdims=True))
    order = np.random.default_rng(seed).permutation(len(rows))
    return log_probabilities, np.array_split(log_probabilities[order], num_splits)


def divergences(log_probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """KL( p(y|x_i) || p(y) ) of each example, (N,), in nats."""
    probabilities = np.exp(log_probabilities)
    marginal = probabilities.mean(axis=0)
    # A class that no example has at all gives 0 log 0.
    log_marginal = np.log(np.where(marginal > 0, marginal, 1))
    divergence: NDArray[np.float64] = (probabilities * (log_probabilities - log_marginal)).sum(axis=1)
    return divergence


def _mean_divergence(log_probabilities: NDArray[np.float64]) -> float:
    return float(divergences(log_probabilities).mean())
