"""The least-squares objective (Mao et al. 2017) with targets 1 for real and 0 for fake, without factors 1/2.

    disc:  E (s_real - 1)^2 + E s_fake^2
    gen:   E (s_fake - 1)^2

Ideal: at P_g = P_r the discriminator minimises (s - 1)^2 + s^2 pointwise, so s = 1/2 and the losses are 1/2 and 1/4.
"""

from torch import Tensor

from equipoise.games.objective import Objective


def disc_loss(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """Squared distance of the scores from their targets, summed over both terms; scores (N,), returns a scalar."""
    return (real_scores - 1).square().mean() + fake_scores.square().mean()


def gen_loss(fake_scores: Tensor, real_scores: Tensor | None = None) -> Tensor:
    """Squared distance of the fakes' scores from the target of real ones; scores (N,), returns a scalar."""
    return (fake_scores - 1).square().mean()


LEAST_SQUARES = Objective(
    name="least-squares",
    disc_loss=disc_loss,
    gen_loss=gen_loss,
    ideal_disc_loss=0.5,
    ideal_gen_loss=0.25,
    optimal_score=0.5,
)
