"""The relativistic paired objective (Jolicoeur-Martineau 2018; Huang et al. 2024, "R3GAN").

    disc:  E softplus(-(s_real - s_fake))      over pairs of one real and one fake example
    gen:   E softplus(-(s_fake - s_real))

One expectation over pairs, not a sum of two. Ideal: at P_g = P_r the difference is as often d as -d, and
softplus(d) + softplus(-d) >= 2 log 2 with equality at d = 0, so both losses are log 2.
"""

import math

from torch import Tensor
from torch.nn import functional

from equipoise.games.objective import Objective


def disc_loss(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """Negative log-probability that the real one of each pair is the more real; scores (N,), returns a scalar."""
    return functional.softplus(fake_scores - real_scores).mean()


def gen_loss(fake_scores: Tensor, real_scores: Tensor | None = None) -> Tensor:
    """Negative log-probability that the fake one of each pair is the more real; scores (N,), returns a scalar."""
    assert real_scores is not None, "the relativistic generator loss compares fakes with real examples"
    return functional.softplus(real_scores - fake_scores).mean()


RELATIVISTIC_PAIRED = Objective(
    name="relativistic-paired",
    disc_loss=disc_loss,
    gen_loss=gen_loss,
    ideal_disc_loss=math.log(2),
    ideal_gen_loss=math.log(2),
    optimal_score=0.0,
    gen_reads_real_scores=True,
)
