"""The MMD-GAN as a dual flow: particles under the 2-Wasserstein metric against a critic in a Hilbert space.

    E1 = - int f dmu        E2 = int f dmu - int f dnu + (damping/2) |f|^2

    X_i' = grad f(X_i)      f' = r (k * nu - k * mu - damping f)

The law mu is the weighted cloud (X, w): its Wasserstein gradient flow moves the points and leaves the weights alone, so
that mass is conserved by construction. Without damping this is a wave-like system of second order, whose critic is the
integral over time of all that was wrong; with much damping and a large ratio the critic is memoryless, the best
response (k * nu - k * mu) / damping, and mu follows the gradient flow of MMD^2 / (2 damping).
"""

from typing import Any, Protocol

import torch
from torch import Tensor

from equipoise.core.errors import UserError
from equipoise.flows.flow import Flow, State
from equipoise.flows.particles.features import RandomFeatures


class Space(Protocol):
    """A Hilbert space of functions; elements can be added and multiplied by numbers."""

    def zero(self) -> Any:
        """The function 0."""
        ...

    def embed(self, points: Tensor, weights: Tensor) -> Any:
        """The embedding k * mu of a cloud (N, d) with weights (N,)."""
        ...

    def value(self, function: Any, points: Tensor) -> Tensor:
        """The function at points (N, d): (N,)."""
        ...

    def gradient(self, function: Any, points: Tensor) -> Tensor:
        """The gradient at points (N, d): (N, d)."""
        ...

    def inner(self, one: Any, other: Any) -> Tensor:
        """<f, g>, a scalar."""
        ...


class ParticleFlow(Flow):
    """The MMD-GAN's dual flow. A state is (critic, positions (N, d)).

    Args:
        space: of the critic, `KernelSpace` or `RandomFeatures`.
        data: (M, d), points of nu, of equal weight.
        points: (N, d), where the particles begin; the critic begins at 0.
        damping: of the critic, at least 0.
        ratio: r > 0.
        weights: (N,) of the particles, summing to 1; equal by default.

    Raises:
        UserError: the clouds do not fit, or the weights are no weights.
    """

    def __init__(
        self,
        space: Space,
        data: Tensor,
        points: Tensor,
        damping: float = 0.0,
        ratio: float = 1.0,
        weights: Tensor | None = None,
    ) -> None:
        if data.ndim != 2 or points.ndim != 2 or data.shape[1] != points.shape[1]:
            raise UserError(
                f"Data of shape {tuple(data.shape)} and particles of shape {tuple(points.shape)} were given; "
                f"both must be (number, dimension) with the same dimension."
            )
        self.space, self.data, self.damping, self.ratio = space, data, damping, ratio
        self.weights = _equal_weights(points) if weights is None else _checked(weights, points)
        self.data_weights = _equal_weights(data)
        self.target = space.embed(data, self.data_weights)
        self.start = State(space.zero(), points)

    def disc_velocity(self, state: State) -> Any:
        """Minus r times the gradient of E2: r (k * nu - k * mu - damping f)."""
        return self.ratio * (self.target - self.fakes(state.gen) - self.damping * state.disc)

    def gen_velocity(self, state: State) -> Tensor:
        """The gradient of f at the particles (N, d)."""
        return self.space.gradient(state.disc, state.gen)

    def velocity(self, state: State) -> State:
        """Both; random features are evaluated once."""
        if not isinstance(self.space, RandomFeatures) or type(self).fakes is not ParticleFlow.fakes:
            return super().velocity(state)
        fakes, slope = self.space.embed_and_gradient(state.disc, state.gen, self.weights)
        return State(self.ratio * (self.target - fakes - self.damping * state.disc), slope)

    def fakes(self, points: Tensor) -> Any:
        """What the critic takes for generated when the particles stand at ``points``."""
        return self.space.embed(points, self.weights)

    def disc_energy(self, state: State) -> Tensor:
        """Int f dmu - int f dnu + (damping/2) |f|^2."""
        contrast = self.fakes(state.gen) - self.target
        return self.space.inner(state.disc, contrast) + self.damping / 2 * self.space.inner(state.disc, state.disc)

    def gen_energy(self, state: State) -> Tensor:
        """-int f dmu."""
        return -(self.weights @ self.space.value(state.disc, state.gen))

    def squared_distances(self, one: State, other: State) -> tuple[Tensor, Tensor]:
        """|f - g|^2, and the transport cost that keeps the labels, at least W2^2 (see `squared_wasserstein`)."""
        difference = one.disc - other.disc
        return self.space.inner(difference, difference), self.weights @ (one.gen - other.gen).square().sum(1)

    def squared_discrepancy(self, points: Tensor) -> Tensor:
        """MMD^2 = |k * nu - k * mu|^2 of the cloud at ``points``, a scalar."""
        contrast = self.target - self.space.embed(points, self.weights)
        return self.space.inner(contrast, contrast)

    def best_response(self, gen: Tensor) -> Any:
        """(k * nu - k * mu) / damping, the critic of an infinite ratio.

        Raises:
            UserError: without damping the critic has no best response.
        """
        if not self.damping > 0:
            raise UserError("Without damping the critic's best response is infinite; give a damping above 0.")
        return (1 / self.damping) * (self.target - self.fakes(gen))


def _equal_weights(points: Tensor) -> Tensor:
    return torch.full((len(points),), 1 / len(points), dtype=points.dtype, device=points.device)


def _checked(weights: Tensor, points: Tensor) -> Tensor:
    if weights.shape != (len(points),) or bool((weights < 0).any()) or abs(weights.sum().item() - 1) > 1e-6:
        raise UserError(
            f"Weights of shape {tuple(weights.shape)} and sum {weights.sum().item():g} were given for {len(points)} "
            f"particles; give one weight of at least 0 each, summing to 1."
        )
    return weights
