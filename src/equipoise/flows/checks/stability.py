"""Stability near an equilibrium: the linearised flow z' = M z, and what each scheme makes of it.

With J the Jacobian of both players' gradients (discriminator first, `AnalyticGame.jacobian`),

    M(r) = - diag(r, ..., r, 1, ..., 1) J

The flow attracts where all eigenvalues of M have negative real part. A scheme of step tau attracts where the spectral
radius of its own matrix is below 1; the matrix is found by playing the scheme itself on `LinearFlow`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from equipoise.flows.flow import Flow, State
from equipoise.flows.schemes import Scheme


class LinearFlow(Flow):
    """z' = M(r) z as a flow; its energies are those of the quadratic game with the symmetric part of the diagonal.

    Args:
        jacobian: J (m + n, m + n).
        num_disc: m.
        ratio: r > 0.
    """

    def __init__(self, jacobian: Tensor, num_disc: int, ratio: float = 1.0) -> None:
        self.jacobian, self.num_disc, self.ratio = jacobian, num_disc, ratio
        size = len(jacobian)
        self.start = State(jacobian.new_ones(num_disc), jacobian.new_ones(size - num_disc))

    def disc_velocity(self, state: State) -> Tensor:
        """-r times the discriminator's rows of J z."""
        return -self.ratio * (self.jacobian[: self.num_disc] @ torch.cat(state))

    def gen_velocity(self, state: State) -> Tensor:
        """Minus the generator's rows of J z."""
        return -(self.jacobian[self.num_disc :] @ torch.cat(state))

    def disc_energy(self, state: State) -> Tensor:
        """1/2 y'J_yy y + y'J_yx x."""
        rows, number = self.jacobian[: self.num_disc], self.num_disc
        energy: Tensor = state.disc @ (rows[:, :number] @ state.disc / 2 + rows[:, number:] @ state.gen)
        return energy

    def gen_energy(self, state: State) -> Tensor:
        """1/2 x'J_xx x + x'J_xy y."""
        rows, number = self.jacobian[self.num_disc :], self.num_disc
        energy: Tensor = state.gen @ (rows[:, number:] @ state.gen / 2 + rows[:, :number] @ state.disc)
        return energy


@dataclass(frozen=True)
class Stability:
    """The linearised flow at a point.

    Attributes:
        eigenvalues: of M(r), complex, (m + n,).
        longest_step: below which explicit simultaneous steps attract; 0 where the flow itself does not.
    """

    eigenvalues: Tensor
    longest_step: float

    @property
    def abscissa(self) -> float:
        """Largest real part: below 0 the flow attracts, above 0 it repels, at 0 the linear theory is silent."""
        return float(self.eigenvalues.real.max())


def flow_matrix(jacobian: Tensor, num_disc: int, ratio: float = 1.0) -> Tensor:
    """M(r) = -diag(r, 1) J, (m + n, m + n)."""
    scale = jacobian.new_ones(len(jacobian))
    scale[:num_disc] = ratio
    return -scale.unsqueeze(1) * jacobian


def linear_stability(jacobian: Tensor, num_disc: int, ratio: float = 1.0) -> Stability:
    """Eigenvalues of the linearised flow, and the longest stable explicit step, min of -2 Re l / |l|^2.

    >>> round(linear_stability(torch.tensor([[0.5, -1.0], [1.0, 0.5]]), 1).longest_step, 6)
    0.8
    """
    eigenvalues = torch.linalg.eigvals(flow_matrix(jacobian, num_disc, ratio).double())
    steps = -2 * eigenvalues.real / eigenvalues.abs().square()
    longest = float(steps.min()) if bool((eigenvalues.real < 0).all()) else 0.0
    return Stability(eigenvalues, longest)


def growth(jacobian: Tensor, num_disc: int, scheme: Scheme, tau: float, ratio: float = 1.0) -> float:
    """Factor by which a step of ``scheme`` multiplies distances in the long run: the spectral radius of its matrix."""
    flow = LinearFlow(jacobian, num_disc, ratio)
    basis = torch.eye(len(jacobian), dtype=jacobian.dtype)
    images = [torch.cat(scheme.step(flow, State(row[:num_disc], row[num_disc:]), tau)) for row in basis]
    return float(torch.linalg.eigvals(torch.stack(images, dim=1)).abs().max())


def stabilising_ratios(
    attracts: Callable[[float], bool], ratios: Sequence[float], tolerance: float = 1e-6
) -> list[tuple[float, float]]:
    """Intervals of the time-scale ratio in which the equilibrium attracts.

    Args:
        attracts: ratio -> whether it does; of the flow, or of a scheme, such as
            ``lambda r: growth(jacobian, m, scheme, tau, r) < 1``.
        ratios: ascending grid that is looked at; ends of intervals are refined by bisection, and an interval that is
            narrower than the grid can be missed.
        tolerance: of the ends, relative.
    """
    verdicts = [attracts(ratio) for ratio in ratios]
    intervals, begin = [], ratios[0] if verdicts[0] else None
    for number in range(1, len(ratios)):
        if verdicts[number] == verdicts[number - 1]:
            continue
        edge = _edge(attracts, ratios[number - 1], ratios[number], verdicts[number - 1], tolerance)
        if begin is None:
            begin = edge
        else:
            intervals.append((begin, edge))
            begin = None
    return intervals if begin is None else [*intervals, (begin, ratios[-1])]


def _edge(attracts: Callable[[float], bool], low: float, high: float, verdict: bool, tolerance: float) -> float:
    while high / low - 1 > tolerance:
        middle = math.sqrt(low * high)
        low, high = (middle, high) if attracts(middle) == verdict else (low, middle)
    return math.sqrt(low * high)
