"""The saddle of two papers: f(x, y) = (1 + x^2)(100 - y^2), which gen (x) minimises and disc (y) maximises.

Its one stationary point is the equilibrium at the origin, where f = 100. The players live at different scales there:

    f_x = 2x (100 - y^2),    f_y = -2y (1 + x^2);    f_xx = 200 and f_yy = -2 at the origin,

so plain descent is stable for rates below 2/200 of x and below 2/2 of y. For |y| > 10 x is pushed away.

    saddle-ttur    Heusel et al. 2017: start (0.5, -0.4), noise N(0, 1) on either gradient
    saddle-cg      Naganuma & Iiduka 2023: start (2, -4), no noise. Their code never zeroes its gradients; a game
                   cannot reproduce that, and its figure shows a quarter of an oscillation, not convergence.
"""

import torch
from torch import Tensor

from equipoise.games.analytic import AnalyticGame
from equipoise.games.game import LossTerms


class Saddle(AnalyticGame):
    """One saddle, or many independent ones side by side, summed: their gradients do not touch one another.

    Args:
        gen_start: x.
        disc_start: y.
        noise: see `AnalyticGame`; each copy has noise of its own.
        num_copies: saddles side by side, for statistics over noise. Only optimisers that treat every entry alone
            (SGD, momentum, Adam, ...) keep them independent.
        dtype: of both players.
    """

    def __init__(
        self,
        gen_start: float,
        disc_start: float,
        noise: float = 0.0,
        num_copies: int = 1,
        dtype: torch.dtype = torch.float64,
    ) -> None:
        super().__init__([disc_start] * num_copies, [gen_start] * num_copies, noise, dtype)
        self.ideal_disc_loss, self.ideal_gen_loss = -100.0 * num_copies, 100.0 * num_copies

    def terms_at(self, disc: Tensor, gen: Tensor) -> tuple[LossTerms, LossTerms]:
        """-f and f, summed over copies, at ``disc`` (num_copies,), ``gen`` (num_copies,)."""
        value = ((1 + gen.square()) * (100 - disc.square())).sum()
        return LossTerms(-value), LossTerms(value)

    def jacobian(self, disc: Tensor, gen: Tensor) -> Tensor:
        """[[2 (1 + x^2), 4xy], [-4xy, 2 (100 - y^2)]], each entry a diagonal block over copies."""
        cross = torch.diag(4 * gen * disc)
        disc_rows = torch.cat([torch.diag(2 * (1 + gen.square())), cross], dim=1)
        return torch.cat([disc_rows, torch.cat([-cross, torch.diag(2 * (100 - disc.square()))], dim=1)])


def ttur_saddle(noise: float = 1.0, num_copies: int = 1) -> Saddle:
    """The saddle as the TTUR paper plays it."""
    return Saddle(0.5, -0.4, noise, num_copies)


def cg_saddle(noise: float = 0.0, num_copies: int = 1) -> Saddle:
    """The saddle as the conjugate gradient paper plays it.

    >>> game = cg_saddle()
    >>> game.field(game.disc.value, game.gen.value).tolist()
    [-40.0, 336.0]
    """
    return Saddle(2.0, -4.0, noise, num_copies)
