"""The Dirac-GAN (Mescheder et al. 2018): the smallest GAN there is, with any objective and penalty.

Real data are a point mass at 0, generated ones a point mass at theta; the discriminator is D(x) = psi x without bias.
So the scores are s_real = 0 and s_fake = psi theta, and with l_D(s), l_G(s) the losses as functions of s_fake alone and
P(psi) the weighted penalty, the gradients are

    disc:  l_D'(s) theta + P'(psi)        gen:  l_G'(s) psi

The equilibrium is the origin, with the Jacobian  [ P''(0)  l_D'(0) ]  in the order (disc, gen).
                                                  [ l_G'(0)    0    ]

Without penalty its eigenvalues are +- sqrt(l_D'(0) l_G'(0)), imaginary for the logistic objectives (+- i/2), hinge and
Wasserstein (+- i): the flow turns around for ever, and descent spirals out. R1 of weight gamma has P'' = gamma and
moves them to gamma/2 +- sqrt(gamma^2/4 - 1/4): the equilibrium attracts. (The paper writes the flow, so its
eigenvalues are these times -1.) A discriminator without bias cannot score both points 1/2, so under least squares
l_D'(0) = 0 and both eigenvalues vanish: the linear theory says nothing there.

The ideal losses are those at the origin. WGAN-GP's two-sided penalty pulls |psi| to 1 and has a kink at psi = 0, so
with it the game has no equilibrium; the one-sided one is 0 for |psi| <= 1 and changes nothing near the origin.
"""

import torch
from torch import Tensor

from equipoise.games.analytic import AnalyticGame
from equipoise.games.build import OBJECTIVES
from equipoise.games.game import LossTerms
from equipoise.games.objective import Objective
from equipoise.games.penalties import PENALTIES


class DiracGan(AnalyticGame):
    """The Dirac-GAN; positions are psi (1,) and theta (1,).

    Args:
        objective: a name in `OBJECTIVES`, or an objective.
        penalty: a name in `PENALTIES`, or None.
        penalty_weight: gamma of R1 and R2, lambda of WGAN-GP.
        disc_start: psi.
        gen_start: theta.
        noise: see `AnalyticGame`.
        dtype: of both players.
    """

    def __init__(
        self,
        objective: str | Objective = "minimax",
        penalty: str | None = None,
        penalty_weight: float = 1.0,
        disc_start: float = 0.0,
        gen_start: float = 1.0,
        noise: float = 0.0,
        dtype: torch.dtype = torch.float64,
    ) -> None:
        super().__init__([disc_start], [gen_start], noise, dtype)
        self.objective = OBJECTIVES[objective] if isinstance(objective, str) else objective
        self.penalty, self.penalty_weight = penalty, penalty_weight
        disc_loss, gen_loss = self._losses(torch.zeros(1, dtype=dtype))
        self.ideal_disc_loss, self.ideal_gen_loss = disc_loss.item(), gen_loss.item()

    def terms_at(self, disc: Tensor, gen: Tensor) -> tuple[LossTerms, LossTerms]:
        """Both players' terms at psi (1,), theta (1,)."""
        disc_loss, gen_loss = self._losses(disc * gen)
        return LossTerms(disc_loss, self._penalty(disc, gen)), LossTerms(gen_loss)

    def jacobian(self, disc: Tensor, gen: Tensor) -> Tensor:
        """The Jacobian (2, 2) anywhere: the module's docstring, with l''(s) added where theta or psi is not 0."""
        score = disc * gen
        (disc_slope, disc_bend), (gen_slope, gen_bend) = self.score_derivatives(score)
        disc_row = [disc_bend * gen.square() + self._penalty_curvature(disc), disc_slope + disc_bend * score]
        gen_row = [gen_slope + gen_bend * score, gen_bend * disc.square()]
        return torch.stack([torch.cat(disc_row), torch.cat(gen_row)])

    def score_derivatives(self, score: Tensor) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
        """(l_D', l_D'') and (l_G', l_G'') at the fake's score (1,), each (1,)."""
        score = score.detach().requires_grad_()
        disc, gen = (_two_derivatives(loss, score) for loss in self._losses(score))
        return disc, gen

    def _losses(self, fake_score: Tensor) -> tuple[Tensor, Tensor]:
        real_score = torch.zeros_like(fake_score)
        return self.objective.disc_loss(real_score, fake_score), self.objective.gen_loss(fake_score, real_score)

    def _penalty(self, disc: Tensor, gen: Tensor) -> Tensor | None:
        if self.penalty is None:
            return None
        real, fake = torch.zeros_like(gen).unsqueeze(0), gen.unsqueeze(0)
        # The slope of a linear discriminator is psi everywhere, so the point at which it is taken does not matter.
        anywhere = torch.Generator(disc.device)
        return self.penalty_weight * PENALTIES[self.penalty](lambda points: points @ disc, real, fake, anywhere)

    def _penalty_curvature(self, disc: Tensor) -> Tensor:
        # P'' of psi^2/2, psi^2/2, psi^2, (|psi| - 1)^2 and max(0, |psi| - 1)^2.
        curvatures = {"r1": 1.0, "r2": 1.0, "r1-r2": 2.0, "gradient": 2.0}
        if self.penalty == "one-sided-gradient":
            return self.penalty_weight * 2.0 * (disc.abs() > 1).to(disc.dtype)
        return torch.full_like(disc, self.penalty_weight * curvatures.get(self.penalty or "", 0.0))


def _two_derivatives(loss: Tensor, score: Tensor) -> tuple[Tensor, Tensor]:
    (slope,) = torch.autograd.grad(loss, score, create_graph=True)
    if not slope.requires_grad:
        return slope, torch.zeros_like(slope)
    (bend,) = torch.autograd.grad(slope, score, allow_unused=True)
    return slope.detach(), torch.zeros_like(slope) if bend is None else bend
