"""One player in training: its parameters, its optimiser and its learning rate."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from equipoise.schedules import Decay


class Player:
    """Turns a loss into one update of one network.

    Gradients are taken with respect to this player's parameters alone, so nothing is computed for the opponent.
    The rate in force is base x decay(step); it is set from the base each time and never compounds.

    Args:
        module: the network.
        optimizer: over the network's parameters; its groups' rates are the base rates.
        decay: factor as a function of the number of finished rounds.
    """

    def __init__(self, module: nn.Module, optimizer: Optimizer, decay: Decay) -> None:
        self.module, self.optimizer, self.decay = module, optimizer, decay
        self.parameters = list(module.parameters())
        self.base_rates = [float(group["lr"]) for group in optimizer.param_groups]
        self.num_updates = 0

    @property
    def rate(self) -> float:
        """The learning rate in force, of the first parameter group."""
        return float(self.optimizer.param_groups[0]["lr"])

    def set_step(self, step: int) -> None:
        """Put the rates in force that belong to ``step`` finished rounds."""
        factor = self.decay(step)
        for group, base in zip(self.optimizer.param_groups, self.base_rates, strict=True):
            group["lr"] = base * factor

    def gradients(self, loss: Tensor, *, retain_graph: bool = False) -> tuple[Tensor | None, ...]:
        """Gradient of ``loss`` with respect to each of this player's parameters (None where it has no part)."""
        return torch.autograd.grad(loss, self.parameters, retain_graph=retain_graph, allow_unused=True)

    def apply(self, gradients: tuple[Tensor | None, ...]) -> None:
        """One step of the optimiser along ``gradients``."""
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            parameter.grad = None if gradient is None else laid_out_like(parameter, gradient)
        self.optimizer.step()
        self.num_updates += 1

    def state_dict(self) -> dict[str, Any]:
        """The optimiser's state and the number of updates; the network's weights are kept elsewhere."""
        return {"optimizer": self.optimizer.state_dict(), "num_updates": self.num_updates}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self.optimizer.load_state_dict(state["optimizer"])
        self.num_updates = state["num_updates"]
        for parameter, values in self.optimizer.state.items():
            for name, value in values.items():
                if isinstance(value, Tensor) and value.shape == parameter.shape:
                    values[name] = laid_out_like(parameter, value)


def laid_out_like(parameter: Tensor, value: Tensor) -> Tensor:
    """``value`` in the memory layout of ``parameter``, copied only where the layouts differ.

    Fused optimisers on the CPU walk the memory of parameter, gradient and state side by side without looking at their
    strides, so a contiguous gradient of a channels_last parameter would silently be applied to the wrong entries.
    """
    return value if value.stride() == parameter.stride() else torch.empty_like(parameter).copy_(value)
