"""What a scheme is: one step of length tau for any flow. And what the implicit schemes share."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Literal

import torch
from torch import Tensor

from equipoise.core.errors import UserError
from equipoise.flows.fixed_point import fixed_point
from equipoise.flows.flow import Flow, State

Opponent = Literal["old", "new"]


class Scheme(ABC):
    """One way to advance a dual flow.

    Attributes:
        order: of convergence on smooth flows as tau -> 0.
        opponents: of (disc, gen): whether the player's step is taken against the opponent where it was, or where it
            will be. Discrete evolution-variational inequalities are stated with these.
        proximal: whether a step is a proximal one, for which those inequalities hold without an error term.
    """

    order: ClassVar[int] = 1
    opponents: ClassVar[tuple[Opponent, Opponent]] = ("old", "old")
    proximal: ClassVar[bool] = False

    @abstractmethod
    def step(self, flow: Flow, state: State, tau: float) -> State:
        """The state a time ``tau`` later.

        Raises:
            UnsolvedError: an implicit equation was not solved to the tolerance.
        """


class Solving(Scheme):
    """A scheme that solves an equation in every step.

    Args:
        tolerance: residual of the equation relative to 1 + the norm of the unknown.
        max_evaluations: of the right-hand side, per equation.

    Raises:
        UserError: the tolerance is not above 0, or there are no evaluations.
    """

    def __init__(self, tolerance: float = 1e-10, max_evaluations: int = 200) -> None:
        if not tolerance > 0 or max_evaluations < 1:
            raise UserError(
                f"An inner solver was given the tolerance {tolerance} and {max_evaluations} evaluations; "
                f"the tolerance must be above 0, with at least 1 evaluation."
            )
        self.tolerance, self.max_evaluations = tolerance, max_evaluations

    def solve(self, g: Callable[[Tensor], Tensor], start: Tensor) -> Tensor:
        """The fixed point of ``g``, a map between tensors of the shape of ``start``."""
        flat = fixed_point(
            lambda x: g(x.view_as(start)).flatten(), start.flatten(), self.tolerance, self.max_evaluations
        )
        return flat.view_as(start)

    def solve_both(self, g: Callable[[State], State], start: State) -> State:
        """The fixed point of ``g``, a map between states."""
        require_tensors(start)
        flat = fixed_point(lambda x: joined(g(split(x, start))), joined(start), self.tolerance, self.max_evaluations)
        return split(flat, start)


def joined(state: State) -> Tensor:
    """Both players as one vector."""
    return torch.cat([state.disc.flatten(), state.gen.flatten()])


def split(vector: Tensor, like: State) -> State:
    """The inverse of `joined`, with the shapes of ``like``."""
    num_disc = like.disc.numel()
    return State(vector[:num_disc].view_as(like.disc), vector[num_disc:].view_as(like.gen))


def require_tensors(state: State) -> None:
    """Raise a `UserError` where the critic is not a vector of fixed length."""
    if not isinstance(state.disc, Tensor):
        raise UserError(
            "This scheme needs a critic with a fixed number of coefficients, but the exact kernel's grows with every "
            "step; take random features, or an explicit scheme."
        )
