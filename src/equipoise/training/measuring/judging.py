"""By which number the checkpoints of a run on a Gaussian mixture are told better from worse.

The Frechet distance of points sees two means and two covariances: a cloud that fills a ring evenly has those of the
ring of Gaussians, and an early checkpoint that covers everything badly can be the "best". What people look for on
mixtures is that every mode gets its share and that nothing lies between them; the mode error is both in one number.
"""

import math

from equipoise.metrics import Coverage
from equipoise.metrics.modes import RADIUS

MODE_ERROR = "mode_error"


def mode_error(coverage: Coverage) -> float:
    """Fraction of samples, in [0, 1], that would have to lie elsewhere for all modes of the plane to be served evenly.

    The total variation 1/2 sum |p_k - q_k| between the samples' shares and the right ones, over K modes of equal weight
    within three standard deviations, and one bin for what lies outside: q_k = (1 - exp(-9/2)) / K, and exp(-9/2).
    A perfect generator has about 0.4 sqrt(K / N), which is the noise of counting.

    >>> round(mode_error(Coverage((50, 49), 100)), 3), round(mode_error(Coverage((99, 0), 100)), 3)
    (0.006, 0.496)
    """
    outside = math.exp(-(RADIUS**2) / 2)
    share = (1 - outside) / coverage.num_modes
    total = abs(1 - coverage.high_quality - outside)
    total += sum(abs(count / coverage.num_samples - share) for count in coverage.counts)
    return total / 2
