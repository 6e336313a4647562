"""Can a fresh classifier tell the domains apart by their features? The proxy A-distance.

A discriminator that was trained against the features may have lost its way, so its accuracy says little; a new one,
trained on one half of either domain and tested on the other, says what there is to be found. From its error e comes
the proxy A-distance 2 (1 - 2 e) (Ben-David et al. 2007): 0 where the domains are alike to the probe, 2 where it never
errs. For two laws and the best possible probe it is twice their total variation distance. Chance can make it a little
negative.
"""

import warnings
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from equipoise.core.errors import UserError
from equipoise.metrics.selection.arrays import as_features
from equipoise.metrics.selection.density_ratio import Rows, fitted_logistic, in_order

_FEWEST = 8
_UNITS = 100


@dataclass(frozen=True)
class DomainDistance:
    """What a fresh probe found.

    Attributes:
        accuracy: of the probe on examples that it was not trained on, as many of either domain.
        distance: 2 (1 - 2 error).
        num_examples: of either domain that were used.
        probe: its kind.
    """

    accuracy: float
    distance: float
    num_examples: int
    probe: str


def proxy_a_distance(
    source: Any, target: Any, probe: Literal["linear", "network"] = "linear", seed: int = 0
) -> DomainDistance:
    """How well a fresh probe tells two sets of features apart. The order of the examples does not matter.

    Each half serves once for training and once for the test.

    Args:
        source: (N, F) features.
        target: (M, F) features; of the larger set a part is drawn as large as the smaller one.
        probe: a logistic regression, or a network with one hidden layer.
        seed: of the parts, of the halves and of the network's first weights.

    Raises:
        UserError: a shape is not (N, F), dimensions differ, numbers are not finite, or there are fewer than eight
            examples of a domain.

    >>> draw = np.random.default_rng(0)
    >>> found = proxy_a_distance(draw.normal(0, 1, (500, 2)), draw.normal(9, 1, (500, 2)))
    >>> found.accuracy, found.distance
    (1.0, 2.0)
    """
    ours, theirs = as_features(source), as_features(target)
    if ours.shape[1] != theirs.shape[1]:
        raise UserError(f"Features of {ours.shape[1]} and {theirs.shape[1]} dimensions cannot be compared.")
    count = min(len(ours), len(theirs)) // 2 * 2
    if count < _FEWEST:
        raise UserError(f"At least {_FEWEST} examples of either domain are needed, but the smaller has {count}.")
    draw = np.random.default_rng(seed)
    drawn = [in_order(rows)[draw.permutation(len(rows))[:count]] for rows in (ours, theirs)]
    halves = [np.concatenate([rows[part::2] for rows in drawn]) for part in (0, 1)]
    domains = np.repeat([0, 1], count // 2)
    accuracies = [_accuracy(probe, (one, domains), (other, domains), seed) for one, other in (halves, reversed(halves))]
    accuracy = float(np.mean(accuracies))
    return DomainDistance(accuracy, 2 * (2 * accuracy - 1), count, probe)


def _accuracy(
    probe: str, fitted: tuple[Rows, NDArray[np.int64]], held: tuple[Rows, NDArray[np.int64]], seed: int
) -> float:
    model = _network(*fitted, seed) if probe == "network" else fitted_logistic(*fitted, seed)
    return float(model.score(*held))


def _network(rows: Rows, domains: NDArray[np.int64], seed: int) -> Any:
    """A network with one hidden layer, stopped where it gets worse on a tenth that it is not fitted to."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    network = MLPClassifier((_UNITS,), early_stopping=len(rows) >= 100, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return make_pipeline(StandardScaler(), network).fit(rows, domains)
