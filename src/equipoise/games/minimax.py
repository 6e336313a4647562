"""The saturating minimax objective (Goodfellow et al. 2014), on logits s = logit D(x).

    disc:  -E log D(x) - E log(1 - D(G(z)))  =  E softplus(-s_real) + E softplus(s_fake)
    gen:    E log(1 - D(G(z)))               = -E softplus(s_fake)

Ideal: the optimal discriminator is P_r / (P_r + P_g) = 1/2 at P_g = P_r, so the losses are 2 log 2 = log 4 and -log 2.
The generator's gradient vanishes as the discriminator wins; see ``nonsaturating`` for the usual remedy.
"""

import math

from torch import Tensor
from torch.nn import functional

from equipoise.games.objective import Objective


def disc_loss(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """Binary cross-entropy, summed over the real and the fake term; scores (N,), returns a scalar."""
    return functional.softplus(-real_scores).mean() + functional.softplus(fake_scores).mean()


def gen_loss(fake_scores: Tensor, real_scores: Tensor | None = None) -> Tensor:
    """Log-probability that the fakes are found out; scores (N,), returns a scalar."""
    return -functional.softplus(fake_scores).mean()


MINIMAX = Objective(
    name="minimax",
    disc_loss=disc_loss,
    gen_loss=gen_loss,
    ideal_disc_loss=math.log(4),
    ideal_gen_loss=-math.log(2),
    optimal_score=0.0,
)
