"""Nonlinear conjugate gradients for the players of a game (Naganuma & Iiduka 2023, Algorithm 1).

With g the player's stochastic gradient and d its last direction (d = 0 before the first step):

    beta <- rule(g, previous g, d), clipped to [floor, cap]      the rules are in `equipoise.optimizers.beta_rules`
    d <- scale beta d - g
    w <- w + lr d

This is heavy ball with a **positive**, state-dependent coefficient: d = -m for the momentum m that accumulates
gradients, so + lr beta d = - lr beta m. (Section 2.3 of the paper says "momentum with -beta"; that is a sign slip.)
Where gradient norms change slowly Fletcher-Reeves sits at its cap 1/2, which is momentum 1/2, whose steps are twice as
long as those of SGD at the same rate. `cap_fraction` tells how often; compare with SGD at 2 lr before crediting more.

Beyond the paper, each by an argument whose default keeps the theorem: the floor (its condition (C2) is beta >= 0, its
formulas clip from above only), one beta per tensor, and a restart that guarantees descent. There is no line search.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple, overload

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.optimizer import ParamsT

from equipoise.core.errors import UserError
from equipoise.core.vectors import laid_out_like
from equipoise.optimizers.beta_rules import beta_from, products_read_by
from equipoise.optimizers.conjugate_gradient_settings import check_group, check_player
from equipoise.optimizers.inner_products import inner_products, reads_previous, sum_over

# Keys of the state of each parameter: d, g and |g|^2 of the last step, of which the last two only where the rule reads
# them. Then the keys of the player's record, which stands with its first parameter.
DIRECTION, PREVIOUS, PREVIOUS_SQUARE = "direction", "previous_gradient", "previous_square"
NUM_STEPS, NUM_AT_CAP, BETA = "num_steps", "num_at_cap", "beta"


class _Moving(NamedTuple):
    """A parameter that has a gradient, with g and its state; ``known`` says whether that is of the last step."""

    parameter: Tensor
    gradient: Tensor
    state: dict[str, Any]
    known: bool


class ConjugateGradient(Optimizer):
    """Steps along d <- scale beta d - g with beta from one of seven rules.

    A parameter without gradient is left alone and loses its d: a previous gradient is one of the previous step. When a
    gradient comes (again) it starts with d = -g, and counts in the inner products from the step after. ``.grad`` is
    never written and never kept. State is d, and the previous gradient unless the rule is ``fr``, which needs its norm
    alone. Nothing waits for the device.

    Args:
        params: real parameters in float32 or float64 on one device, or groups of them. A group may have its own
            ``lr``, ``weight_decay`` and ``maximize``; everything else belongs to the player.
        lr: learning rate, at least 0.
        beta: ``fr``, ``prp``, ``hs``, ``dy``, ``hz``, ``hs-dy`` or ``fr-prp``.
        cap: the largest beta, at least 0; None for no limit. The theorems need scale x cap <= 1/2.
        floor: the smallest beta, at most 0; None for the upper-only clip of the paper's formulas.
        scale: the factor c of the published sweeps (0.5, 0.75, 1), at least 0; applied after the clip.
        cap_power: eta of the diminishing rule: the cap of step n = 1, 2, ... is cap x n^-eta. 0 keeps it constant.
        mu: of ``hz`` alone; above 1/4, 2 by default as in the paper's code.
        restart: take beta = 0 wherever <g, d> >= 0 would follow. Not in the paper.
        scope: ``player`` for one beta from the inner products over all parameters, which is what the theory analyses,
            or ``tensor`` for one beta a tensor, as in the public code.
        weight_decay: this times the parameter is added to the gradient before anything else.
        maximize: step uphill; the sign of the gradient is turned before weight decay.

    Raises:
        UserError: an argument is out of its range, or a parameter or gradient is of a kind that is not taken.

    A constant gradient of 1 gives beta = 1/2 from the second step, and steps that approach 2 lr:

    >>> weight = torch.nn.Parameter(torch.tensor([0.0]))
    >>> optimizer = ConjugateGradient([weight], lr=1.0, beta="fr")
    >>> for _ in range(3):
    ...     optimizer.zero_grad()
    ...     weight.sum().backward()
    ...     optimizer.step()
    ...     print(weight.item(), optimizer.beta.item())
    -1.0 0.0
    -2.5 0.5
    -4.25 0.5
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float,
        beta: str = "fr",
        *,
        cap: float | None = 0.5,
        floor: float | None = 0.0,
        scale: float = 1.0,
        cap_power: float = 0.0,
        mu: float | None = None,
        restart: bool = False,
        scope: str = "player",
        weight_decay: float = 0.0,
        maximize: bool = False,
    ) -> None:
        shared = {"beta": beta, "mu": mu, "cap": cap, "floor": floor, "scale": scale, "cap_power": cap_power}
        shared |= {"restart": restart, "scope": scope}
        check_player(shared)
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay, "maximize": maximize, **shared})

    @property
    def beta(self) -> Tensor:
        """The factor of d in the last step, on the parameters' device: () for a player, (T,) for its tensors."""
        beta: Tensor = self._record()[BETA]
        return beta

    @property
    def cap_fraction(self) -> Tensor:
        """Fraction of steps (for ``scope="tensor"`` of steps and tensors) whose beta stood at the cap, shape ()."""
        record = self._record()
        fraction: Tensor = record[NUM_AT_CAP] / max(record[NUM_STEPS], 1)
        return fraction

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Take more parameters; see torch. A group cannot have settings of the player to itself."""
        super().add_param_group(param_group)
        try:
            check_group(self.param_groups[-1], self.param_groups[0])
        except UserError:
            self.param_groups.pop()
            raise

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a saved state, which is copied into each parameter's memory layout.

        Files keep no layout, and sums in another order would differ in their last bits.
        """
        super().load_state_dict(state_dict)
        for parameter, values in self.state.items():
            for key, value in values.items():
                if isinstance(value, Tensor):
                    pattern = parameter.detach() if key in (DIRECTION, PREVIOUS) else value
                    values[key] = torch.empty_like(pattern).copy_(value)

    @overload
    def step(self, closure: None = None) -> None: ...
    @overload
    def step(self, closure: Callable[[], float]) -> float: ...
    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """One step along the gradients that the parameters hold, or that ``closure`` computes; its loss is returned."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        moving = [self._moving(group) for group in self.param_groups]
        everything = [each for of_group in moving for each in of_group]
        if everything:
            self._turn(everything)
            for group, of_group in zip(self.param_groups, moving, strict=True):
                if of_group:
                    parameters, directions = [m.parameter for m in of_group], [m.state[DIRECTION] for m in of_group]
                    torch._foreach_add_(parameters, directions, alpha=group["lr"])
        return loss

    def _turn(self, moving: list[_Moving]) -> None:
        """Turn every d to scale beta d - g, and copy g: a gradient's memory belongs to whoever zeroes it."""
        gradients, directions = [m.gradient for m in moving], [m.state[DIRECTION] for m in moving]
        previous = [m.state[PREVIOUS] for m in moving if PREVIOUS in m.state]
        names = self._names()
        products = inner_products(names, gradients, previous, directions)
        if "p_p" in names:
            products["p_p"] = torch.stack([m.state[PREVIOUS_SQUARE] for m in moving])
            for each, square in zip(moving, products["g_g"].unbind(), strict=True):
                each.state[PREVIOUS_SQUARE] = square
        beta = self._next_beta(products, [number for number, each in enumerate(moving) if each.known])
        torch._foreach_mul_(directions, beta if beta.ndim == 0 else list(beta.unbind()))
        torch._foreach_sub_(directions, gradients)
        if previous:
            torch._foreach_copy_(previous, gradients)

    def _next_beta(self, products: dict[str, Tensor], known: list[int]) -> Tensor:
        """The factor of d, () or (T,), from products of shape (T,); ``known`` are the tensors that have a past."""
        shared, record = self._shared, self._record()
        record[NUM_STEPS] += 1
        if shared["scope"] == "player":
            products = {name: sum_over(known, product) for name, product in products.items()}
        cap = math.inf if shared["cap"] is None else shared["cap"] * record[NUM_STEPS] ** -shared["cap_power"]
        floor = -math.inf if shared["floor"] is None else shared["floor"]
        beta = beta_from(shared["beta"], products, floor, cap, mu=2.0 if shared["mu"] is None else shared["mu"])
        record[NUM_AT_CAP] += (beta >= cap).to(beta.dtype).mean()
        beta = shared["scale"] * beta
        if shared["restart"]:
            beta = torch.where(beta * products["d_g"] >= products["g_g"], 0.0, beta)
        record[BETA] = beta
        return beta

    def _names(self) -> set[str]:
        """The inner products that a step reads; today's |g|^2 is tomorrow's |p|^2."""
        names = set(products_read_by(self._shared["beta"]))
        if "p_p" in names:
            names.add("g_g")
        return names | {"g_g", "d_g"} if self._shared["restart"] else names

    def _moving(self, group: dict[str, Any]) -> list[_Moving]:
        """The parameters of a group that have a gradient; the others forget theirs."""
        parameters = []
        for parameter in group["params"]:
            if parameter.grad is not None:
                parameters.append(parameter)
            elif parameter in self.state:
                for key in (DIRECTION, PREVIOUS, PREVIOUS_SQUARE):
                    self.state[parameter].pop(key, None)
        gradients = _gradients(group, parameters)
        return [self._with_state(*pair) for pair in zip(parameters, gradients, strict=True)]

    def _with_state(self, parameter: Tensor, gradient: Tensor) -> _Moving:
        state = self.state[parameter]
        known = DIRECTION in state
        if not known:
            # With d, g and |g|^2 at 0 every denominator is 0, and so is beta: the first direction is -g.
            state[DIRECTION] = torch.zeros_like(parameter)
            if reads_previous(self._names()):
                state[PREVIOUS] = torch.zeros_like(parameter)
            if "p_p" in self._names():
                state[PREVIOUS_SQUARE] = torch.zeros((), dtype=parameter.dtype, device=parameter.device)
        return _Moving(parameter, laid_out_like(state[DIRECTION], gradient), state, known)

    @property
    def _shared(self) -> dict[str, Any]:
        return self.param_groups[0]

    def _record(self) -> dict[str, Any]:
        """What is known of the player as a whole, kept with its first parameter so that it is saved and moved along."""
        first = next(parameter for group in self.param_groups for parameter in group["params"])
        record: dict[str, Any] = self.state[first]
        if NUM_STEPS not in record:
            zero = torch.zeros((), dtype=first.dtype, device=first.device)
            record |= {NUM_STEPS: 0, NUM_AT_CAP: zero, BETA: zero.clone()}
        return record


def _gradients(group: dict[str, Any], parameters: list[Tensor]) -> list[Tensor]:
    """What the step, beta and the stored previous gradient all see as g: the sign and weight decay are already in."""
    gradients = []
    for parameter in parameters:
        assert parameter.grad is not None
        if parameter.grad.layout != torch.strided:
            raise UserError(
                f"ConjugateGradient got a gradient in the layout {parameter.grad.layout}; it takes dense ones, "
                "so build the layer without sparse gradients (nn.Embedding(..., sparse=False))."
            )
        gradients.append(parameter.grad)
    if parameters and group["maximize"]:
        gradients = list(torch._foreach_neg(gradients))
    if parameters and group["weight_decay"]:
        gradients = list(torch._foreach_add(gradients, parameters, alpha=group["weight_decay"]))
    return gradients
