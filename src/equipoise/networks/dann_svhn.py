"""The nets for SVHN -> MNIST (Ganin et al. 2016, arXiv:1505.07818, figure 4b).

    features   5 x 5 x 64, ReLU, 3 x 3 pooling of stride 2, twice; 5 x 5 x 128, ReLU
    head       3072, 2048, classes                         disc   1024, 1024, score

The paper leaves the padding open; here the first two convolutions have none and the third keeps its size, so that 32
pixels become 4 x 4 x 128. ``gen_norm`` normalises between convolution and ReLU, ``dropout`` acts on the features.
Weights are Glorot's.
"""

from torch import nn

from equipoise.config import NetworkSettings
from equipoise.networks.classifiers import domain_discriminator, relu_layers
from equipoise.networks.dropout import Dropout
from equipoise.networks.initialization import draw_as_keras
from equipoise.networks.normalization import IMAGE_NORMALIZATIONS
from equipoise.networks.players import Discriminator

SIZES = (28, 32)
HEAD, DISC = (3072, 2048), (1024, 1024)


def features(settings: NetworkSettings, example_shape: tuple[int, ...]) -> nn.Sequential:
    """Images (N, C, H, H) to features (N, F); 2,048 of them at 32 pixels."""
    norm = IMAGE_NORMALIZATIONS[settings.gen_norm]

    def convolution(ins: int, outs: int, padding: int) -> tuple[nn.Module, nn.Module, nn.Module]:
        return nn.Conv2d(ins, outs, 5, padding=padding, bias=not norm.shifts), norm.make(outs), nn.ReLU(inplace=True)

    layers = [
        *convolution(example_shape[0], 64, 0),
        nn.MaxPool2d(3, 2),
        *convolution(64, 64, 0),
        nn.MaxPool2d(3, 2),
        *convolution(64, 128, 2),
        nn.Flatten(),
        Dropout(settings.dropout),
    ]
    return nn.Sequential(*layers).apply(draw_as_keras)


def head(settings: NetworkSettings, num_inputs: int, num_classes: int) -> nn.Sequential:
    """Features (N, F) to logits (N, K)."""
    return nn.Sequential(*relu_layers([num_inputs, *HEAD]), nn.Linear(HEAD[-1], num_classes)).apply(draw_as_keras)


def disc(settings: NetworkSettings, num_inputs: int) -> Discriminator:
    """Features (N, F) to logits (N,)."""
    return domain_discriminator(num_inputs, DISC, settings.disc_norm).apply(draw_as_keras)
