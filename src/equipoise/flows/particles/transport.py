"""Optimal transport between clouds of equally many points of equal weight, and the flow that follows it.

In one dimension the optimal plan joins points in sorted order; elsewhere it is an assignment, found exactly in cubic
time (SciPy). `TransportFlow` is the Wasserstein gradient flow of W2^2(mu, nu) / 2, that is, the best-response flow of a
critic that is a Kantorovich potential: X_i' = T(X_i) - X_i, solved by X(t) = T + exp(-t) (X(0) - T).
"""

import torch
from torch import Tensor

from equipoise.core.errors import UserError
from equipoise.flows.flow import Flow, State


def optimal_targets(points: Tensor, data: Tensor) -> Tensor:
    """T: for each of ``points`` (N, d) its own one of ``data`` (N, d), such that the mean squared distance is least.

    Raises:
        UserError: the clouds are not of the same shape.

    >>> optimal_targets(torch.tensor([[3.0], [1.0]]), torch.tensor([[0.0], [9.0]])).flatten()
    tensor([9., 0.])
    """
    if points.shape != data.shape:
        raise UserError(
            f"Clouds of shapes {tuple(points.shape)} and {tuple(data.shape)} were given; an optimal assignment needs "
            f"equally many points of the same dimension."
        )
    if points.shape[1] == 1:
        ranks = points.flatten().argsort().argsort()
        in_order: Tensor = data.flatten().sort().values[ranks].unsqueeze(1)
        return in_order
    from scipy.optimize import linear_sum_assignment

    _, columns = linear_sum_assignment(torch.cdist(points, data).square().cpu().numpy())
    targets: Tensor = data[torch.as_tensor(columns, device=data.device)]
    return targets


def squared_wasserstein(one: Tensor, other: Tensor) -> Tensor:
    """W2^2 between two clouds (N, d) of equal weights, a scalar in squared units of the points."""
    cost: Tensor = (optimal_targets(one, other) - one).square().sum(1).mean()
    return cost


class TransportFlow(Flow):
    """The gradient flow of W2^2(mu, nu) / 2. The critic has no state of its own: its part of a state is empty.

    Args:
        data: (N, d), the points of nu.
        points: (N, d), where the particles begin.
    """

    def __init__(self, data: Tensor, points: Tensor) -> None:
        optimal_targets(points, data)  # refuses clouds that do not fit, before anything is run
        self.data, self.start = data, State(points.new_zeros(0), points)

    def disc_velocity(self, state: State) -> Tensor:
        """Nothing moves."""
        return torch.zeros_like(state.disc)

    def gen_velocity(self, state: State) -> Tensor:
        """T(X) - X, (N, d)."""
        velocity: Tensor = optimal_targets(state.gen, self.data) - state.gen
        return velocity

    def disc_energy(self, state: State) -> Tensor:
        """Minus the generator's."""
        return -self.gen_energy(state)

    def gen_energy(self, state: State) -> Tensor:
        """W2^2 / 2."""
        return squared_wasserstein(state.gen, self.data) / 2

    def squared_distances(self, one: State, other: State) -> tuple[Tensor, Tensor]:
        """0 and the mean squared distance along the labels, at least W2^2."""
        return (one.disc - other.disc).square().sum(), (one.gen - other.gen).square().sum(1).mean()
