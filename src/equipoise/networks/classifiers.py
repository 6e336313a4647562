"""What every player of a domain-adversarial game looks like from outside.

``gen`` is a `Classifier` of two parts that the game calls apart: features, and the head that reads classes from them.
``disc`` is a `equipoise.networks.players.Discriminator` of features; `domain_discriminator` makes all of them.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

from equipoise.networks.normalization import POINT_NORMALIZATIONS
from equipoise.networks.players import Discriminator


class Adapted(NamedTuple):
    """What a classifier says of examples.

    Attributes:
        features: (N, F).
        logits: (N, K).
    """

    features: Tensor
    logits: Tensor


class Classifier(nn.Module):
    """Examples to features and logits of classes.

    Args:
        features: examples (N, ...) to features (N, F).
        head: features to logits (N, K).
    """

    def __init__(self, features: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.features, self.head = features, head

    def forward(self, examples: Tensor, labels: Tensor | None = None) -> Adapted:
        """Features and logits from examples (N, C, H, W) or (N, D); labels (N,) are not read."""
        features = self.features(examples)
        return Adapted(features, self.head(features))


def num_features(extractor: nn.Module, example_shape: tuple[int, ...]) -> int:
    """F, the number of features of one example; ``extractor`` is as it was afterwards.

    >>> num_features(nn.Flatten(), (3, 2, 2))
    12
    """
    extractor.eval()
    with torch.no_grad():
        features: Tensor = extractor(torch.zeros(1, *example_shape))
    extractor.train()
    return features.shape[1]


def relu_layers(widths: Sequence[int]) -> Iterator[nn.Module]:
    """Linear layers between ``widths``, each followed by ReLU."""
    for ins, outs in pairwise(widths):
        yield from (nn.Linear(ins, outs), nn.ReLU(inplace=True))


def domain_discriminator(num_inputs: int, hidden: Sequence[int], normalization: str) -> Discriminator:
    """Features (N, F) to logits (N,), higher for the source; ReLU. Spectral normalisation is left to the caller.

    Args:
        num_inputs: F, or F K where predictions are seen as well.
        hidden: units of each hidden layer.
        normalization: "none", "batch", "layer" or "spectral", between each layer and its ReLU.

    >>> domain_discriminator(12, [100], "none")(torch.zeros(5, 12)).shape
    torch.Size([5])
    """
    norm = POINT_NORMALIZATIONS[normalization]
    layers: list[nn.Module] = []
    for ins, outs in pairwise([num_inputs, *hidden]):
        layers += [nn.Linear(ins, outs, bias=not norm.shifts), norm.make(outs), nn.ReLU(inplace=True)]
    return Discriminator(nn.Sequential(*layers, nn.Linear(hidden[-1], 1)))
