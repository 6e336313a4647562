"""One-sided label smoothing (Salimans et al. 2016): real examples get the target t < 1, generated ones keep 0.

    logistic        disc:  t E softplus(-s_real) + (1 - t) E softplus(s_real) + E softplus(s_fake)
    least squares   disc:  E (s_real - t)^2 + E s_fake^2

The generator's loss is left as it is. Ideal: at P_g = P_r the optimal score is that of D = t/2, so V* is
-t log(t/2) - (2 - t) log(1 - t/2) (1.376278 at t = 0.9; log 4 at t = 1), or t^2/2. Smoothing thus lowers V*,
and a gap that is taken from the unsmoothed value would call a discriminator at its best a winning one.
"""

import math
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional

from equipoise.core.errors import UserError
from equipoise.games.objective import Objective

DiscLoss = Callable[[Tensor, Tensor], Tensor]


def smoothed(objective: Objective, real_target: float) -> Objective:
    """``objective`` with the target ``real_target`` in (0, 1] for real examples, and its ideal values.

    Raises:
        UserError: the objective has no targets to smooth, or the target is out of its range.

    >>> from equipoise.games import OBJECTIVES
    >>> round(smoothed(OBJECTIVES["nonsaturating"], 0.9).ideal_disc_loss, 6)
    1.376278
    """
    if not 0 < real_target <= 1:
        raise UserError(f"real_target was given as {real_target!r}; it has to be above 0 and at most 1.")
    if objective.name in ("minimax", "nonsaturating"):
        return _smoothed_logistic(objective, real_target)
    if objective.name == "least-squares":
        return _smoothed_squares(objective, real_target)
    raise UserError(f"The objective {objective.name!r} has no target to smooth; leave real_target at 1.")


def _smoothed_logistic(objective: Objective, target: float) -> Objective:
    def disc_loss(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        real = target * functional.softplus(-real_scores) + (1 - target) * functional.softplus(real_scores)
        return real.mean() + functional.softplus(fake_scores).mean()

    optimal = target / 2
    ideal = -target * math.log(optimal) - (2 - target) * math.log(1 - optimal)
    return _replaced(objective, disc_loss, ideal, math.log(optimal / (1 - optimal)))


def _smoothed_squares(objective: Objective, target: float) -> Objective:
    def disc_loss(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        return (real_scores - target).square().mean() + fake_scores.square().mean()

    return _replaced(objective, disc_loss, target**2 / 2, target / 2)


def _replaced(objective: Objective, disc_loss: DiscLoss, ideal: float, score: float) -> Objective:
    gen = objective.gen_loss(torch.full((1,), score, dtype=torch.float64), None).item()
    return replace(objective, disc_loss=disc_loss, ideal_disc_loss=ideal, ideal_gen_loss=gen, optimal_score=score)
