"""Dropout that draws from a named stream, so that a run with it can be resumed bit for bit.

torch's own draws from the process's global state, which belongs to nobody and is in no checkpoint.
"""

import torch
from torch import Tensor, nn


class Dropout(nn.Module):
    """Sets entries to zero with probability ``rate`` in training mode, and divides the others by 1 - ``rate``.

    Args:
        rate: in [0, 1); 0 draws nothing.

    Attributes:
        generator: where the choice is drawn from; None for torch's global state.

    >>> layer = Dropout(0.5)
    >>> layer.generator = torch.Generator().manual_seed(0)
    >>> sorted(layer(torch.ones(1000)).unique().tolist())
    [0.0, 2.0]
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate
        self.generator: torch.Generator | None = None

    def forward(self, inputs: Tensor) -> Tensor:
        """``inputs`` (any shape) with entries dropped."""
        if not self.training or self.rate == 0:
            return inputs
        kept = torch.empty_like(inputs).bernoulli_(1 - self.rate, generator=self.generator)
        return inputs * kept.div_(1 - self.rate)


def dropouts(network: nn.Module) -> list[Dropout]:
    """All dropout layers of a network."""
    return [module for module in network.modules() if isinstance(module, Dropout)]
