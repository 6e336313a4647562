"""The non-saturating objective (Goodfellow et al. 2014), on logits s = logit D(x).

    disc:  -E log D(x) - E log(1 - D(G(z)))  =  E softplus(-s_real) + E softplus(s_fake)   (as in ``minimax``)
    gen:   -E log D(G(z))                    =  E softplus(-s_fake)

Ideal: D = 1/2 at P_g = P_r, so the losses are log 4 and log 2. The game is not zero-sum.
"""

import math

from torch import Tensor
from torch.nn import functional

from equipoise.games.minimax import disc_loss
from equipoise.games.objective import Objective


def gen_loss(fake_scores: Tensor, real_scores: Tensor | None = None) -> Tensor:
    """Negative log-probability that the fakes pass for real; scores (N,), returns a scalar."""
    return functional.softplus(-fake_scores).mean()


NONSATURATING = Objective(
    name="nonsaturating",
    disc_loss=disc_loss,
    gen_loss=gen_loss,
    ideal_disc_loss=math.log(4),
    ideal_gen_loss=math.log(2),
    optimal_score=0.0,
)
