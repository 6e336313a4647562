"""Quadratic games, whose gradients are linear: every method on them is a power of a known matrix.

    gen:   1/2 x'Px + x'Ay          disc:   1/2 y'Qy + x'By          x (n,), y (m,)

    bilinear      P = Q = 0, B = -A            zero-sum; the flow turns around the origin and keeps its distance
    quadratic     P = Q = l I, B = -A          zero-sum: l/2 |x|^2 + x'Ay - l/2 |y|^2, a contraction for l > 0
    general-sum   any P, Q (symmetric), A, B

The origin is a stationary point, where both losses are 0. The Jacobian of the gradients in the order (disc, gen),

    J = [ Q  B' ]
        [ A  P  ],

is constant; descent is stable where its eigenvalues have positive real part. Linear terms are not offered: they only
move the origin.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from equipoise.games.analytic import AnalyticGame, Vector
from equipoise.games.game import LossTerms

Matrix = Tensor | Sequence[Sequence[float]]


class QuadraticGame(AnalyticGame):
    """The general game of the module's docstring.

    The default is a warning: its origin attracts descent, and yet is no equilibrium, because the generator alone could
    lower its loss, which is concave.

    Args:
        gen_curvature: P (n, n), symmetric.
        gen_coupling: A (n, m).
        disc_curvature: Q (m, m), symmetric.
        disc_coupling: B (n, m).
        disc_start: (m,); zeros by default.
        gen_start: (n,); ones by default.
        noise: see `AnalyticGame`.
        dtype: of players and matrices.
    """

    ideal_disc_loss = 0.0
    ideal_gen_loss = 0.0

    def __init__(
        self,
        gen_curvature: Matrix = ((-0.5,),),
        gen_coupling: Matrix = ((2.0,),),
        disc_curvature: Matrix = ((2.0,),),
        disc_coupling: Matrix = ((-2.0,),),
        disc_start: Vector | None = None,
        gen_start: Vector | None = None,
        noise: float = 0.0,
        dtype: torch.dtype = torch.float64,
    ) -> None:
        matrices = (gen_curvature, gen_coupling, disc_curvature, disc_coupling)
        self.gen_curvature, self.gen_coupling, self.disc_curvature, self.disc_coupling = (
            torch.as_tensor(matrix, dtype=dtype) for matrix in matrices
        )
        num_gen, num_disc = self.gen_coupling.shape
        disc_start = torch.zeros(num_disc) if disc_start is None else disc_start
        gen_start = torch.ones(num_gen) if gen_start is None else gen_start
        super().__init__(disc_start, gen_start, noise, dtype)

    def terms_at(self, disc: Tensor, gen: Tensor) -> tuple[LossTerms, LossTerms]:
        """Both losses at ``disc`` (m,), ``gen`` (n,)."""
        disc_loss = disc @ (self.disc_curvature @ disc) / 2 + gen @ (self.disc_coupling @ disc)
        gen_loss = gen @ (self.gen_curvature @ gen) / 2 + gen @ (self.gen_coupling @ disc)
        return LossTerms(disc_loss), LossTerms(gen_loss)

    def jacobian(self, disc: Tensor, gen: Tensor) -> Tensor:
        """J of the module's docstring, the same everywhere."""
        disc_rows = torch.cat([self.disc_curvature, self.disc_coupling.T], dim=1)
        return torch.cat([disc_rows, torch.cat([self.gen_coupling, self.gen_curvature], dim=1)])


def bilinear(coupling: Matrix = ((1.0,),), **options: Any) -> QuadraticGame:
    """The zero-sum game x'Ay; ``coupling`` is A (n, m), ``options`` go to `QuadraticGame`.

    >>> game = bilinear([[2.0]])
    >>> game.field(game.disc.value + 0.5, game.gen.value).tolist()
    [-2.0, 1.0]
    """
    return quadratic(0.0, coupling, **options)


def quadratic(curvature: float = 0.25, coupling: Matrix = ((1.0,),), **options: Any) -> QuadraticGame:
    """The zero-sum game l/2 |x|^2 + x'Ay - l/2 |y|^2; l is ``curvature``, A (n, m) ``coupling``.

    >>> quadratic(0.5).jacobian(torch.zeros(1), torch.zeros(1)).tolist()
    [[0.5, -1.0], [1.0, 0.5]]
    """
    matrix = torch.as_tensor(coupling, dtype=options.get("dtype", torch.float64))
    num_gen, num_disc = matrix.shape
    return QuadraticGame(curvature * torch.eye(num_gen), matrix, curvature * torch.eye(num_disc), -matrix, **options)
