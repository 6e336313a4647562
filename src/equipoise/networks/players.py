"""What every architecture looks like from outside: one call signature for generators, one for discriminators.

An architecture is a stack of layers; these two classes only state its contract. All architectures are unconditional
so far: labels are accepted, so that a game may pass what the data hold to any pair of players, and not read.
"""

from typing import NamedTuple

from torch import Tensor, nn


class Generator(nn.Module):
    """Latents to examples.

    Args:
        layers: maps latents (N, Z) to examples: images in [-1, 1], unbounded points, or distributions over symbols.
    """

    def __init__(self, layers: nn.Module) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Examples (N, C, H, W), (N, D) or (N, V, L) from latents (N, Z); labels (N,) int64 are not read."""
        examples: Tensor = self.layers(latents)
        return examples


class Discriminator(nn.Module):
    """Examples to scores.

    Args:
        layers: maps examples to (N, 1).
    """

    def __init__(self, layers: nn.Module) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, examples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Logits (N,), higher for real, from examples (N, C, H, W), (N, D) or (N, V, L); labels (N,) are not read."""
        scores: Tensor = self.layers(examples)
        return scores.squeeze(1)


class Networks(NamedTuple):
    """Both players of a game.

    Attributes:
        disc: examples to logits (N,).
        gen: latents (N, Z) to examples.
    """

    disc: nn.Module
    gen: nn.Module
