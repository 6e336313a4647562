"""The nets for MNIST -> MNIST-M (Ganin et al. 2016, arXiv:1505.07818, figure 4a), and the variant of a later paper.

    features   5 x 5 x 32, ReLU, halving; 5 x 5 x 48, ReLU, halving
    head       100, 100, classes                           disc   100, score

No padding: 28 pixels become 4 x 4 x 48. The gap-aware scheduler's paper (Hazimeh & Ponomareva 2023, appendix) has batch
normalisation after each halving and dropout of 0.3 on the features, which ``gen_norm`` and ``dropout`` give. Weights
are Glorot's and biases zero, as Keras starts them; neither paper says.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from torch import nn

from equipoise.config import NetworkSettings
from equipoise.networks.classifiers import domain_discriminator, relu_layers
from equipoise.networks.dropout import Dropout
from equipoise.networks.initialization import draw_as_keras
from equipoise.networks.normalization import IMAGE_NORMALIZATIONS, Normalization
from equipoise.networks.players import Discriminator

SIZES = (16, 20, 24, 28, 32)
CHANNELS = (32, 48)
UNITS = 100


def features(settings: NetworkSettings, example_shape: tuple[int, ...]) -> nn.Sequential:
    """Images (N, C, H, H) to features (N, F); 768 of them at 28 pixels.

    >>> settings = NetworkSettings(architecture="dann", gen_norm="none")
    >>> sum(p.numel() for p in features(settings, (3, 28, 28)).parameters())
    40880
    """
    norm = IMAGE_NORMALIZATIONS[settings.gen_norm]
    layers = [*_halvings([example_shape[0], *CHANNELS], norm), nn.Flatten(), Dropout(settings.dropout)]
    return nn.Sequential(*layers).apply(draw_as_keras)


def _halvings(channels: Sequence[int], norm: Normalization) -> Iterator[nn.Module]:
    for ins, outs in pairwise(channels):
        yield from (nn.Conv2d(ins, outs, 5), nn.ReLU(inplace=True), nn.MaxPool2d(2), norm.make(outs))


def head(settings: NetworkSettings, num_inputs: int, num_classes: int) -> nn.Sequential:
    """Features (N, F) to logits (N, K)."""
    return nn.Sequential(*relu_layers([num_inputs, UNITS, UNITS]), nn.Linear(UNITS, num_classes)).apply(draw_as_keras)


def disc(settings: NetworkSettings, num_inputs: int) -> Discriminator:
    """Features (N, F) to logits (N,)."""
    return domain_discriminator(num_inputs, [UNITS], settings.disc_norm).apply(draw_as_keras)
