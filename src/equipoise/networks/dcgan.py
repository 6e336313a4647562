"""The DCGAN pair (Radford, Metz & Chintala 2016, arXiv:1511.06434), as in its authors' later PyTorch code.

The generator makes a small base image from the latents and doubles it level by level with 4 x 4 transposed
convolutions; the discriminator is its mirror. At 64 pixels, width 64, colour and 100 latents the pair has 3,576,704
and 2,765,568 parameters. Smaller images have fewer levels: ``width`` is always the number of channels of the level
next to the image, and each level further inside doubles it.

The paper's choices are batch normalisation in both players (none next to the image), ReLU in the generator and
LeakyReLU(0.2) in the discriminator. This is not the network of 3 x 3 and 4 x 4 convolutions that SNGAN calls its
standard CNN.
"""

from collections.abc import Iterator
from itertools import pairwise

from torch import nn

from equipoise.config import NetworkSettings
from equipoise.networks.initialization import draw_as_dcgan
from equipoise.networks.normalization import IMAGE_NORMALIZATIONS, Normalization
from equipoise.networks.one_pixel import FromOnePixel, ToOnePixel
from equipoise.networks.players import Discriminator, Generator

# Pixels of the image: (pixels of the base, number of doublings). At 8 pixels a base of 4 would leave the discriminator
# one convolution, too weak to teach even handwritten digits; from 2 on there are two levels, as at 16.
LEVELS = {8: (2, 2), 16: (4, 2), 28: (7, 2), 32: (4, 3), 64: (4, 4)}
SIZES = tuple(LEVELS)


def discriminator(settings: NetworkSettings, example_shape: tuple[int, ...]) -> Discriminator:
    """Images (N, C, H, H) to logits (N,); spectral normalisation is left to the caller.

    >>> sum(p.numel() for p in discriminator(NetworkSettings(width=64), (3, 64, 64)).parameters())
    2765568
    """
    num_colours, size, _ = example_shape
    base, num_levels = LEVELS[size]
    widths = [settings.width << level for level in range(num_levels)]
    layers = [
        *_halvings([num_colours, *widths], IMAGE_NORMALIZATIONS[settings.disc_norm]),
        ToOnePixel(widths[-1], base),
    ]
    return Discriminator(nn.Sequential(*layers).apply(draw_as_dcgan))


def _halvings(channels: list[int], norm: Normalization) -> Iterator[nn.Module]:
    """Convolutions that halve the image, from the image inwards; the first has no normalisation of its output."""
    for level, (ins, outs) in enumerate(pairwise(channels)):
        yield nn.Conv2d(ins, outs, 4, 2, 1, bias=not norm.shifts)
        if level > 0:
            yield norm.make(outs)
        yield nn.LeakyReLU(0.2, inplace=True)


def generator(settings: NetworkSettings, example_shape: tuple[int, ...], latent_dim: int) -> Generator:
    """Latents (N, Z) to images (N, C, H, H) in [-1, 1].

    >>> sum(p.numel() for p in generator(NetworkSettings(width=64), (3, 64, 64), 100).parameters())
    3576704
    """
    num_colours, size, _ = example_shape
    base, num_levels = LEVELS[size]
    widths = [settings.width << level for level in reversed(range(num_levels))]
    norm = IMAGE_NORMALIZATIONS[settings.gen_norm]
    layers = [
        *_base(latent_dim, widths[0], base, norm),
        *_doublings(widths, norm),
        nn.ConvTranspose2d(widths[-1], num_colours, 4, 2, 1, bias=False),
        nn.Tanh(),
    ]
    return Generator(nn.Sequential(*layers).apply(draw_as_dcgan))


def _base(latent_dim: int, channels: int, size: int, norm: Normalization) -> Iterator[nn.Module]:
    """Latents (N, Z) to the base image (N, channels, size, size)."""
    yield FromOnePixel(latent_dim, channels, size)
    yield norm.make(channels)
    # Not in place: without a normalisation this reads a view of the first layer's output.
    yield nn.ReLU()


def _doublings(widths: list[int], norm: Normalization) -> Iterator[nn.Module]:
    """Transposed convolutions that double the image, from the base outwards."""
    for ins, outs in pairwise(widths):
        yield nn.ConvTranspose2d(ins, outs, 4, 2, 1, bias=not norm.shifts)
        yield norm.make(outs)
        yield nn.ReLU(inplace=True)
