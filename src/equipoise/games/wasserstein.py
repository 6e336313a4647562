"""The Wasserstein objective (Arjovsky et al. 2017): minus the critic's estimate of the distance.

    disc:  -E s_real + E s_fake
    gen:   -E s_fake

Needs a critic of bounded slope: weight clipping or a gradient penalty. Ideal: at P_g = P_r the two terms cancel for
every critic, so V* = 0; a threshold that is a fraction of V* is undefined here. The generator's loss has no ideal
value, because a critic is free up to an additive constant.
"""

from torch import Tensor

from equipoise.games.hinge import gen_loss
from equipoise.games.objective import Objective


def disc_loss(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """Minus the difference of mean scores; scores (N,), returns a scalar."""
    return fake_scores.mean() - real_scores.mean()


WASSERSTEIN = Objective(
    name="wasserstein",
    disc_loss=disc_loss,
    gen_loss=gen_loss,
    ideal_disc_loss=0.0,
    ideal_gen_loss=None,
    optimal_score=0.0,
)
