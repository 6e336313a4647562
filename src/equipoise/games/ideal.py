"""The ideal value of any discriminator loss, found by numbers: for objectives without a derivation at hand.

At P_g = P_r both batches follow one law, so an optimal discriminator of a loss that adds up over examples (or over
pairs, like the relativistic one) has nothing to tell apart and may score all alike. V* is then the minimum over that
one score, min_s loss(s, s).

Not here: losses whose optimum is not a constant score, and what other terms (a small lambda in domain adaptation, a
feature extractor that cannot match the domains) do to the ideal: there V* is a number to tune.
"""

import math
from collections.abc import Callable

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from torch import Tensor

from equipoise.core.errors import UserError

LARGEST_SCORE = 1e4


def ideal_value(disc_loss: Callable[[Tensor, Tensor], Tensor]) -> float:
    """The least value of ``disc_loss`` where real and generated examples all have the same score.

    Args:
        disc_loss: (real_scores (N,), fake_scores (N,)) -> scalar that the discriminator minimises, in float64.

    Raises:
        UserError: there is no such value: the loss falls without end, or is not finite.

    >>> from equipoise.games import OBJECTIVES
    >>> round(ideal_value(OBJECTIVES["nonsaturating"].disc_loss), 9) == round(math.log(4), 9)
    True
    """

    def at(score: float) -> float:
        scores = torch.full((2,), score, dtype=torch.float64)
        return float(disc_loss(scores, scores))

    # A grid that is fine near 0 and reaches far, then a search between the neighbours of its best point.
    grid = np.sinh(np.linspace(-math.asinh(LARGEST_SCORE), math.asinh(LARGEST_SCORE), 401))
    values = [at(score) for score in grid]
    if not all(map(math.isfinite, values)):
        raise UserError(
            "The discriminator's loss is not finite at equal scores of real and generated examples; give ideal_loss "
            "as a number."
        )
    best = int(np.argmin(values))
    if best in (0, len(grid) - 1) and values[best] < min(values[1:-1]):
        raise UserError(
            "The discriminator's loss has no least value at equal scores of real and generated examples; give "
            "ideal_loss as a number."
        )
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    found = minimize_scalar(at, bounds=(low, high), method="bounded", options={"xatol": 1e-10})
    return min(float(found.fun), values[best])
