"""The Frechet distance with its interval and its bias, for one eigenproblem with vectors more.

A plain bootstrap would cost a thousand distances. Instead each example's influence is read off the optimal map
(``optimal_map``) and the influences are resampled. Where only moments are at hand, variance and bias are those of
normal laws with these moments: features of images have heavier tails, so they are then too small.

The bias of order 1/N is computed, not fitted: the value less the bias estimates the distance of endless samples.
"""

from dataclasses import replace

import numpy as np

from equipoise.core.errors import UserError
from equipoise.metrics.frechet import frechet_distance
from equipoise.metrics.moments import Moments
from equipoise.metrics.optimal_map import OptimalMap, optimal_map
from equipoise.metrics.rows import Features, as_rows
from equipoise.metrics.uncertainty import Interval, Vector, from_contributions, size_notes

MAX_ROWS = 4096
"""Examples whose influence is computed: they give the standard error to about 2 %."""


def frechet_interval(
    samples: Moments,
    reference: Moments,
    sample_rows: Features | None = None,
    reference_rows: Features | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """The distance d^2 with an interval, its bias, and a warning where the examples are too few.

    Args:
        samples: moments of the generated examples.
        reference: moments of the real ones.
        sample_rows: (n, d) features of the first set, or of a part of it drawn evenly; without them the set is taken
            for normal.
        reference_rows: (m, d) of the second set, likewise.
        level: in (0, 1).
        seed: of the resampling.

    Raises:
        UserError: as `frechet_distance`; or rows have another dimension than the moments.

    Warns:
        SampleSizeWarning: under 10,000 examples, or fewer than twice the dimension. The notes say the same.

    >>> rng = np.random.default_rng(0)
    >>> ours, theirs = rng.standard_normal((20_000, 4)), rng.standard_normal((20_000, 4)) + 1
    >>> found = frechet_interval(Moments.from_features(ours), Moments.from_features(theirs), ours, theirs)
    >>> found.low < 4 < found.high
    True
    """
    value = frechet_distance(samples, reference)
    forward = optimal_map(samples, reference)
    sides = [(forward, sample_rows), (forward.flipped(), reference_rows)]
    measured = [_side(each, rows, seed) for each, rows in sides]
    known = [(influences, count) for influences, _, count in measured if count is not None]
    interval = from_contributions(value, known, level, seed)
    biases = [bias / count for _, bias, count in measured if count is not None]
    return _described(interval, samples, reference, sum(biases), any(rows is None for _, rows in sides)).warn()


def _side(transport: OptimalMap, rows: Features | None, seed: int) -> tuple[Vector, float, int | None]:
    """Influences, N times the bias, and N of the map's first set. A set without a count is taken for endless."""
    moments = transport.samples
    if rows is None:
        return _normal_influences(transport.gaussian_variance()), transport.gaussian_bias(), moments.count
    features = as_rows(rows)
    if features.shape[1] != moments.dimension:
        raise UserError(f"Rows of {features.shape[1]} features were given with moments of {moments.dimension}.")
    if len(features) > MAX_ROWS:
        features = features[np.random.default_rng(seed).choice(len(features), MAX_ROWS, replace=False)]
    return *transport.influences_and_bias(features), moments.count or len(features)


def _normal_influences(variance: float) -> Vector:
    """Influences spread as the quantiles of a normal law with this variance."""
    from scipy.stats import norm

    quantiles = norm.ppf((np.arange(1000) + 0.5) / 1000)
    return np.asarray(quantiles * np.sqrt(variance) / quantiles.std())


def _described(interval: Interval, samples: Moments, reference: Moments, bias: float, normal: bool) -> Interval:
    notes = size_notes(samples.count, reference.count, samples.dimension)
    for side, moments in (("samples", samples), ("reference", reference)):
        if moments.count is None:
            notes += (f"The count of the {side} is not known, so their error is left out.",)
    method = "gaussian" if normal else "influence"
    return replace(interval, method=method, num_samples=samples.count, num_reference=reference.count).noted(notes, bias)
