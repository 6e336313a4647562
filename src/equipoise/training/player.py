"""One player in training: its parameters, its optimiser, and the scheduled numbers of both."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from equipoise.core import vectors
from equipoise.core.vectors import laid_out_like
from equipoise.schedules import Decay, GapAware, Scheduled

Gradients = tuple[Tensor | None, ...]
"""One entry for each parameter of a player; None where the parameter has no part in the loss."""


class Player:
    """Turns a loss into one update of one network.

    Gradients are taken with respect to this player's parameters alone, so nothing is computed for the opponent.
    The rate in force is base x decay(step) x gap factor; it is set from the base each time and never compounds.

    Args:
        module: the network.
        optimizer: over the network's parameters; its groups' rates are the base rates.
        decay: factor as a function of the number of finished rounds.
        gap: the gap-aware factor, or None.
        betas: averaging constants of the optimiser that change with the step, or None.

    Attributes:
        num_updates: steps taken.
        num_gradients: gradients of this player's loss taken so far, one per batch, whether they moved it or only
            looked ahead: the cost at which methods are compared.
    """

    def __init__(
        self,
        module: nn.Module,
        optimizer: Optimizer,
        decay: Decay,
        *,
        gap: GapAware | None = None,
        betas: tuple[Scheduled, ...] | None = None,
    ) -> None:
        self.module, self.optimizer, self.decay, self.gap, self.betas = module, optimizer, decay, gap, betas
        self.parameters = list(module.parameters())
        self.base_rates = [float(group["lr"]) for group in optimizer.param_groups]
        self.num_updates, self.num_gradients = 0, 0
        self._decay_factor = 1.0

    @property
    def rate(self) -> float:
        """The learning rate in force, of the first parameter group."""
        return float(self.optimizer.param_groups[0]["lr"])

    def ideal_loss(self, of_game: float | None) -> float | None:
        """What this player's loss is to stay near: the tuned value of its gap-aware schedule, or else the game's."""
        return of_game if self.gap is None else self.gap.ideal_loss

    def set_step(self, step: int) -> None:
        """Put in force what belongs to ``step`` finished rounds."""
        self._decay_factor = self.decay(step)
        self._set_rates()
        if self.betas is not None:
            for group in self.optimizer.param_groups:
                group["betas"] = tuple(beta.at(step) for beta in self.betas)

    def observe(self, loss: Tensor) -> None:
        """Take in the adversarial loss of the update about to happen; the rate of that very update follows it."""
        if self.gap is not None:
            self.gap.observe(loss)

    def _set_rates(self) -> None:
        factor = self._decay_factor * (1.0 if self.gap is None else self.gap.factor)
        for group, base in zip(self.optimizer.param_groups, self.base_rates, strict=True):
            group["lr"] = base * factor

    def gradients(self, loss: Tensor, *, retain_graph: bool = False) -> Gradients:
        """Gradient of ``loss`` with respect to each of this player's parameters (None where it has no part).

        The tensors are fresh ones: nothing writes to them unless they are handed to `apply` or `extrapolated`.
        """
        self.num_gradients += 1
        return torch.autograd.grad(loss, self.parameters, retain_graph=retain_graph, allow_unused=True)

    def apply(self, gradients: Gradients) -> None:
        """One step of the optimiser along ``gradients``, which the optimiser may overwrite."""
        self._step(gradients)
        self.num_updates += 1

    @contextmanager
    def extrapolated(self, gradients: Gradients, length: float = 1.0) -> Iterator[None]:
        """Inside, the weights stand where a step along ``gradients`` would take them; afterwards it never happened.

        The step is the optimiser's own, so that it is as long as a real update under any optimiser: a plain gradient
        step at Adam's rates would go nowhere. It is taken from a copy of the optimiser's state; weights and state
        come back bit for bit. Buffers of the network (batch statistics) are left as the passes inside made them.

        Args:
            gradients: the direction; the optimiser may overwrite it.
            length: of the step, relative to the optimiser's.
        """
        weights, state = copied(self.parameters), optimizer_state(self.optimizer)
        try:
            self._step(gradients)
            if length != 1:
                vectors.lerp_(self.parameters, weights, 1 - length)
            yield
        finally:
            with torch.no_grad():
                torch._foreach_copy_(tuple(self.parameters), weights)
            put_back(self.optimizer, state)

    def _step(self, gradients: Gradients) -> None:
        self._set_rates()  # here, because an extrapolation puts back the rates of before it
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            parameter.grad = None if gradient is None else laid_out_like(parameter, gradient)
        self.optimizer.step()

    def state_dict(self) -> dict[str, Any]:
        """The optimiser's state and the counts; the network's weights are kept elsewhere."""
        counts = {"num_updates": self.num_updates, "num_gradients": self.num_gradients}
        gap = None if self.gap is None else self.gap.state_dict()
        return {"optimizer": self.optimizer.state_dict(), "gap": gap, **counts}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self.optimizer.load_state_dict(state["optimizer"])
        self.num_updates, self.num_gradients = state["num_updates"], state["num_gradients"]
        if self.gap is not None:
            self.gap.load_state_dict(state["gap"])
        for parameter, values in self.optimizer.state.items():
            for name, value in values.items():
                if isinstance(value, Tensor) and value.shape == parameter.shape:
                    values[name] = laid_out_like(parameter, value)


def optimizer_state(optimizer: Optimizer) -> tuple[dict[Any, Any], list[dict[str, Any]]]:
    """A copy of all that a step of ``optimizer`` changes besides the weights: its state and its groups' values."""
    groups = [{name: value for name, value in group.items() if name != "params"} for group in optimizer.param_groups]
    return copied(dict(optimizer.state)), copied(groups)


def put_back(optimizer: Optimizer, saved: tuple[dict[Any, Any], list[dict[str, Any]]]) -> None:
    """Bring ``optimizer`` back to what `optimizer_state` saved; the copy becomes the optimiser's own."""
    state, groups = saved
    optimizer.state.clear()
    optimizer.state.update(state)
    for group, values in zip(optimizer.param_groups, groups, strict=True):
        group.update(values)


def copied(value: Any) -> Any:
    """``value`` with every tensor in it cloned, through dicts, lists and tuples; keys stay the objects they are."""
    if isinstance(value, Tensor):
        return value.detach().clone()
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(copied(item) for item in value)
    return value
