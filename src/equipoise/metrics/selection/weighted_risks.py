"""Risks from labelled examples of the source: as they are, or weighted so as to stand for the target.

If the domains differ in where examples lie but not in which class a place has (covariate shift), the target's risk is
the source's with each example weighted by w(x) = p_target(x) / p_source(x): importance-weighted validation (Sugiyama
et al. 2007). Deep embedded validation (You et al. 2019) takes x for the features and reduces the variance: the weights
have mean 1, so their sample mean serves as a control variate,

    mean(w l) + eta mean(w) - eta,    eta = -cov(w l, w) / var(w).

The plain mean of w l is next to nothing where the features part the domains so well that no example of the source looks
like the target, however wrong the classifier is. To choose among classifiers, the weights are divided by their mean.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.core.errors import UserError
from equipoise.metrics.selection.arrays import as_labels, as_logits, as_vector


def error_rate(logits: Any, labels: Any) -> float:
    """The fraction of examples whose largest logit is not that of the label; in [0, 1].

    Args:
        logits: (N, K).
        labels: (N,) whole numbers.

    Raises:
        UserError: shapes do not agree, or labels are not among the classes.

    >>> error_rate([[2.0, 0.0], [2.0, 0.0]], [0, 1])
    0.5
    """
    return float(errors(logits, labels).mean())


def errors(logits: Any, labels: Any) -> NDArray[np.float64]:
    """1 for each example that is classified wrongly and 0 for the others, (N,)."""
    scores = as_logits(logits)
    wrong: NDArray[np.bool_] = scores.argmax(1) != as_labels(labels, *scores.shape)
    return wrong.astype(np.float64)


def importance_weighted_risk(losses: Any, weights: Any, *, normalised: bool = False) -> float:
    """Mean of the weighted losses.

    Args:
        losses: (N,) of examples of the source.
        weights: (N,) density of the target over that of the source, at least 0.
        normalised: divide the weights by their mean, which makes the risk a weighted average of the losses; unbiased
            is only the risk that does not.

    Raises:
        UserError: shapes do not agree, or numbers are not finite, weights negative, or all zero if ``normalised``.

    >>> importance_weighted_risk([1.0, 0.0], [0.25, 0.75])
    0.125
    >>> importance_weighted_risk([1.0, 0.0], [0.25, 0.75], normalised=True)
    0.25
    """
    loss, weight = _paired(losses, weights)
    if not normalised:
        return float((weight * loss).mean())
    if not weight.any():
        raise UserError("All weights are zero, so no example stands for the target; give other weights.")
    relative = weight / weight.max()
    return float((relative @ loss) / relative.sum())


def deep_embedded_risk(losses: Any, weights: Any) -> float:
    """Mean of the weighted losses with the weights' mean as a control variate; it can be below zero.

    Args:
        losses: (N,) of examples of the source, N at least 2.
        weights: (N,) density of the target over that of the source, at least 0.

    Raises:
        UserError: shapes do not agree, or numbers are not finite or negative weights.

    >>> deep_embedded_risk([0.25, 0.25, 0.25], [0.1, 0.2, 3.0])  # a constant loss is a constant risk
    0.25
    """
    loss, weight = _paired(losses, weights)
    if len(loss) < 2:
        raise UserError("Deep embedded validation needs at least two examples of the source; give more.")
    weighted = weight * loss
    centred = weight - weight.mean()
    spread = float(centred @ centred)
    if spread <= np.finfo(np.float64).eps * float(weight @ weight):
        return float(weighted.mean())  # equal weights have nothing to correct with
    eta = -float((weighted - weighted.mean()) @ centred) / spread
    return float(weighted.mean() + eta * weight.mean() - eta)


def _paired(losses: Any, weights: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    loss, weight = as_vector(losses, "losses"), as_vector(weights, "weights")
    if loss.shape != weight.shape:
        raise UserError(f"{len(loss)} losses and {len(weight)} weights were given; give as many of either.")
    if weight.min() < 0:
        raise UserError(f"A weight of {weight.min():g} was given; a ratio of densities is at least 0.")
    return loss, weight
