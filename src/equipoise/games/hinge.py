"""The hinge objective (Lim & Ye 2017; Miyato et al. 2018).

    disc:  E max(0, 1 - s_real) + E max(0, 1 + s_fake)
    gen:  -E s_fake

Ideal: at P_g = P_r the discriminator minimises max(0, 1 - s) + max(0, 1 + s) pointwise, which is 2 for every s in
[-1, 1]. So V* = 2, and the generator's loss there can be anything in [-1, 1]: it has no ideal value.
"""

from torch import Tensor
from torch.nn import functional

from equipoise.games.objective import Objective


def disc_loss(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """Margin violations, summed over the real and the fake term; scores (N,), returns a scalar."""
    return functional.relu(1 - real_scores).mean() + functional.relu(1 + fake_scores).mean()


def gen_loss(fake_scores: Tensor, real_scores: Tensor | None = None) -> Tensor:
    """Minus the fakes' mean score; scores (N,), returns a scalar."""
    return -fake_scores.mean()


HINGE = Objective(
    name="hinge",
    disc_loss=disc_loss,
    gen_loss=gen_loss,
    ideal_disc_loss=2.0,
    ideal_gen_loss=None,
    optimal_score=0.0,
)
