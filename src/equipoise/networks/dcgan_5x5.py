"""The pair of 5 x 5 convolutions of TensorFlow's DCGAN tutorial, as the gap-aware scheduler's paper uses it.

(Hazimeh & Ponomareva 2023, appendix; Keras's defaults where it says nothing.) ``width`` is the number of channels next
to the image, 64 in the paper:

    28 pixels   disc: 64, 128 (5 x 5, stride 2)           gen: 7 x 7 x 256, 128 (5, stride 1), 64 (5, 2), image (5, 2)
    32 pixels   disc: 64, 128, 256 (5 x 5, stride 2)      gen: 4 x 4 x 256, 128 (5, stride 2), 64 (4, 2), image (4, 2)

The discriminator has normalisation, LeakyReLU(0.3) and dropout after each convolution, as in the paper's notebook (its
text puts the normalisation after the activation), and a linear layer to the score; the generator has no biases.
Weights are Glorot's. Of TensorFlow's "same" padding, which is lopsided at stride 2, the symmetric one is taken.
"""

from collections.abc import Iterator
from itertools import pairwise

from torch import nn

from equipoise.config import NetworkSettings
from equipoise.networks.dropout import Dropout
from equipoise.networks.initialization import glorot
from equipoise.networks.normalization import IMAGE_NORMALIZATIONS, POINT_NORMALIZATIONS, Normalization
from equipoise.networks.players import Discriminator, Generator

# Pixels of the image: (pixels of the base, (kernel, stride) of each of the generator's three convolutions).
LEVELS = {28: (7, ((5, 1), (5, 2), (5, 2))), 32: (4, ((5, 2), (4, 2), (4, 2)))}
SIZES = tuple(LEVELS)
NUM_HALVINGS = {28: 2, 32: 3}
SLOPE = 0.3


def discriminator(settings: NetworkSettings, example_shape: tuple[int, ...]) -> Discriminator:
    """Images (N, C, H, H) to logits (N,); spectral normalisation is left to the caller.

    >>> settings = NetworkSettings(architecture="dcgan-5x5", width=64, disc_norm="batch")
    >>> sum(p.numel() for p in discriminator(settings, (1, 28, 28)).parameters())
    213057
    """
    num_colours, size, _ = example_shape
    widths = [settings.width << level for level in range(NUM_HALVINGS[size])]
    norm = IMAGE_NORMALIZATIONS[settings.disc_norm]
    num_features = widths[-1] * (size >> len(widths)) ** 2
    layers = [
        *_halvings([num_colours, *widths], norm, settings.dropout),
        nn.Flatten(),
        glorot(nn.Linear(num_features, 1)),
    ]
    return Discriminator(nn.Sequential(*layers))


def _halvings(channels: list[int], norm: Normalization, dropout: float) -> Iterator[nn.Module]:
    for ins, outs in pairwise(channels):
        yield glorot(nn.Conv2d(ins, outs, 5, 2, 2, bias=not norm.shifts))
        yield from (norm.make(outs), nn.LeakyReLU(SLOPE, inplace=True), Dropout(dropout))


def generator(settings: NetworkSettings, example_shape: tuple[int, ...], latent_dim: int) -> Generator:
    """Latents (N, Z) to images (N, C, H, H) in [-1, 1].

    >>> settings = NetworkSettings(architecture="dcgan-5x5", width=64)
    >>> sum(p.numel() for p in generator(settings, (1, 28, 28), 128).parameters())
    2656704
    """
    num_colours, size, _ = example_shape
    base, convolutions = LEVELS[size]
    widths = [settings.width << level for level in (2, 1, 0)]
    num_features = widths[0] * base * base
    layers = [
        glorot(nn.Linear(latent_dim, num_features, bias=False)),
        POINT_NORMALIZATIONS[settings.gen_norm].make(num_features),
        nn.ReLU(inplace=True),
        nn.Unflatten(1, (widths[0], base, base)),
        *_growing([*widths, num_colours], convolutions, IMAGE_NORMALIZATIONS[settings.gen_norm]),
        nn.Tanh(),
    ]
    return Generator(nn.Sequential(*layers))


def _growing(
    channels: list[int], convolutions: tuple[tuple[int, int], ...], norm: Normalization
) -> Iterator[nn.Module]:
    """A transposed convolution for each level from the base to the image, with normalisation and ReLU between two."""
    for number, ((ins, outs), (kernel, stride)) in enumerate(zip(pairwise(channels), convolutions, strict=True)):
        if number > 0:
            yield from (norm.make(ins), nn.ReLU(inplace=True))
        yield _transposed(ins, outs, kernel, stride)


def _transposed(ins: int, outs: int, kernel: int, stride: int) -> nn.ConvTranspose2d:
    """A transposed convolution that multiplies the image's height by ``stride``."""
    padding = (kernel - 1) // 2
    extra = stride - kernel + 2 * padding
    return glorot(nn.ConvTranspose2d(ins, outs, kernel, stride, padding, output_padding=extra, bias=False))
