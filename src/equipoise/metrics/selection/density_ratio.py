"""The density of the target over that of the source, at given features, from a classifier of domains.

A classifier that gives the probability of either domain also gives their ratio (Bickel et al. 2007):

    w(x) = p_target(x) / p_source(x) = (N_source / N_target) P(target | x) / P(source | x).

The classifier is a logistic regression on standardised features, exact where the log ratio is linear in them, as for
two normal laws of one covariance. How strongly it is regularised is chosen by the log loss on a held-out half: without
that, features of more dimensions than examples would be told apart perfectly, and all weights be zero.
"""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.core.errors import UserError
from equipoise.metrics.selection.arrays import as_features, as_vector

Rows = NDArray[np.float64]

STRENGTHS = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""Inverse regularisations (scikit-learn's C) to choose from."""
_FEWEST = 4
_LARGEST_LOG = 300.0
"""Of the odds: beyond it float64 would have no room for the squares of weights."""


def density_ratio(source: Any, target: Any, at: Any, seed: int = 0) -> Rows:
    """Weights (N,) at the features ``at``.

    The order of the examples does not matter.

    Args:
        source: (L, F) features of the source, best not those that the weights are for.
        target: (M, F) features of the target.
        at: (N, F) features of the source whose losses are to be weighted.
        seed: of the halves by which the regularisation is chosen.

    Raises:
        UserError: a shape is not (N, F), a number is not finite, or there are fewer than four examples of a domain.

    >>> draw = np.random.default_rng(0)
    >>> source, target = draw.normal(0.0, 1.0, (5000, 1)), draw.normal(1.0, 1.0, (5000, 1))
    >>> density_ratio(source, target, [[0.5]]).round(1)  # half-way the densities are equal
    array([1.])
    """
    ours, theirs, places = as_features(source), as_features(target), as_features(at)
    if not ours.shape[1] == theirs.shape[1] == places.shape[1]:
        raise UserError(
            f"Features of {ours.shape[1]}, {theirs.shape[1]} and {places.shape[1]} dimensions were given; give sets "
            f"of the same."
        )
    if min(len(ours), len(theirs)) < _FEWEST:
        raise UserError(
            f"{len(ours)} and {len(theirs)} examples of the domains were given; give at least {_FEWEST} of each."
        )
    rows, domains = np.concatenate([in_order(ours), in_order(theirs)]), np.repeat([0, 1], [len(ours), len(theirs)])
    model = fitted_logistic(rows, domains, seed)
    log_odds = np.clip(model.decision_function(places), -_LARGEST_LOG, _LARGEST_LOG)
    weights: Rows = np.exp(log_odds) * len(ours) / len(theirs)
    return weights


def effective_sample_size(weights: Any) -> float:
    """How many equally weighted examples would be as informative: (sum w)^2 / sum w^2, in [1, N] (Kish 1965).

    A risk that is weighted to fewer than a few dozen says little.

    Raises:
        UserError: not of the shape (N,), not finite, or all zero.

    >>> effective_sample_size([1.0, 1.0, 1.0]), effective_sample_size([1.0, 0.0, 0.0])
    (3.0, 1.0)
    """
    weight = as_vector(weights, "weights")
    if not weight.any():
        raise UserError("All weights are zero, so no example stands for the target; give other weights.")
    weight = weight / np.abs(weight).max()
    return float(weight.sum() ** 2 / (weight @ weight))


def in_order(rows: Rows) -> Rows:
    """The rows (N, F) in an order of their own, so that what is drawn from them does not depend on how they came.

    It is that of their products with a fixed vector, in which only equal rows are equal but for chance.
    """
    direction = np.random.default_rng(0).standard_normal(rows.shape[1])
    return rows[np.argsort(rows @ direction, kind="stable")]


def fitted_logistic(rows: Rows, domains: NDArray[np.int64], seed: int) -> Any:
    """A logistic regression of domains (N,) on standardised features (N, F).

    Its inverse regularisation is the one of `STRENGTHS` with the least log loss on a held-out half.
    """
    from sklearn.metrics import log_loss
    from sklearn.model_selection import train_test_split

    ours, theirs, our_domains, their_domains = train_test_split(
        rows, domains, test_size=0.5, stratify=domains, random_state=seed
    )
    losses = [
        log_loss(their_domains, _fitted(strength, ours, our_domains).predict_proba(theirs), labels=[0, 1])
        for strength in STRENGTHS
    ]
    return _fitted(STRENGTHS[int(np.argmin(losses))], rows, domains)


def _fitted(strength: float, rows: Rows, domains: NDArray[np.int64]) -> Any:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=1000))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # one that was stopped early is chosen or not like others
        return model.fit(rows, domains)
