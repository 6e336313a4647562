"""LeNet in the form in which digits are adapted (Tzeng et al. 2017, "ADDA", arXiv:1702.05464, section 5.1).

    features   5 x 5 x 20, halving, ReLU; 5 x 5 x 50, halving, ReLU; 500, ReLU
    head       classes                                     disc   500, 500, score

No padding: the layer of 500 sees 4 x 4 x 50 at 28 pixels. ``gen_norm`` normalises after each convolution, ``dropout``
acts on the features. Weights are Glorot's.
"""

from collections.abc import Iterator
from itertools import pairwise

from torch import nn

from equipoise.config import NetworkSettings
from equipoise.networks.classifiers import domain_discriminator, num_features, relu_layers
from equipoise.networks.dropout import Dropout
from equipoise.networks.initialization import draw_as_keras
from equipoise.networks.normalization import IMAGE_NORMALIZATIONS
from equipoise.networks.players import Discriminator

SIZES = (16, 28, 32)
CHANNELS = (20, 50)
UNITS = 500


def features(settings: NetworkSettings, example_shape: tuple[int, ...]) -> nn.Sequential:
    """Images (N, C, H, H) to features (N, 500).

    >>> settings = NetworkSettings(architecture="lenet", gen_norm="none")
    >>> sum(p.numel() for p in features(settings, (1, 28, 28)).parameters())
    426070
    """
    convolutions = nn.Sequential(*_halvings(settings, example_shape[0]), nn.Flatten())
    units = relu_layers([num_features(convolutions, example_shape), UNITS])
    return nn.Sequential(*convolutions, *units, Dropout(settings.dropout)).apply(draw_as_keras)


def _halvings(settings: NetworkSettings, num_colours: int) -> Iterator[nn.Module]:
    norm = IMAGE_NORMALIZATIONS[settings.gen_norm]
    for ins, outs in pairwise([num_colours, *CHANNELS]):
        yield from (nn.Conv2d(ins, outs, 5, bias=not norm.shifts), norm.make(outs))
        yield from (nn.MaxPool2d(2), nn.ReLU(inplace=True))


def head(settings: NetworkSettings, num_inputs: int, num_classes: int) -> nn.Sequential:
    """Features (N, 500) to logits (N, K)."""
    return nn.Sequential(nn.Linear(num_inputs, num_classes)).apply(draw_as_keras)


def disc(settings: NetworkSettings, num_inputs: int) -> Discriminator:
    """Features (N, F) to logits (N,)."""
    return domain_discriminator(num_inputs, [UNITS, UNITS], settings.disc_norm).apply(draw_as_keras)
