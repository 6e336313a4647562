"""Residual blocks that the SNGAN and WGAN-GP pairs share, both for images of 32 pixels.

A block adds a shortcut to two 3 x 3 convolutions, each after its normalisation and ReLU. Two rewritings leave the
function as published and save time:

- A 1 x 1 shortcut commutes with averaging and with nearest-neighbour doubling, so it runs on the smaller image.
- "3 x 3 convolution, then mean of 2 x 2 pixels" is one 4 x 4 convolution of stride 2, whose kernel is the mean of the
  four shifts of the 3 x 3 kernel; "double, then 3 x 3 convolution" is its transpose. That is 4/9 of the arithmetic.

Weights are Glorot-uniform with gain sqrt(2) inside a block and 1 elsewhere, as in both papers' code. Every convolution
has a bias, as there, although batch normalisation cancels those of the generator's blocks.
"""

import math
from collections.abc import Iterator

import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from equipoise.networks.initialization import glorot
from equipoise.networks.normalization import Normalization
from equipoise.networks.players import Generator

SIZES = (32,)
_BASE = 4
_GAIN = math.sqrt(2)


class PoolingConv2d(nn.Conv2d):
    """A 3 x 3 convolution and the mean of 2 x 2 pixels: (N, C, H, W) to (N, C', H/2, W/2).

    >>> import torch
    >>> layer, images = PoolingConv2d(3, 5, 3, padding=1), torch.rand(2, 3, 8, 8)
    >>> two_steps = F.avg_pool2d(F.conv2d(images, layer.weight, layer.bias, padding=1), 2)
    >>> torch.allclose(layer(images), two_steps, atol=1e-6)
    True
    """

    def forward(self, images: Tensor) -> Tensor:
        """Images of half the size."""
        # Padding the kernel by zeros and averaging its 2 x 2 neighbours is the mean of its four shifts.
        kernel = F.avg_pool2d(self.weight, 2, stride=1, padding=1)
        return F.conv2d(images, kernel, self.bias, stride=2, padding=1)


class DoublingConv2d(nn.Conv2d):
    """Nearest-neighbour doubling and a 3 x 3 convolution: (N, C, H, W) to (N, C', 2H, 2W).

    >>> import torch
    >>> layer, images = DoublingConv2d(3, 5, 3, padding=1), torch.rand(2, 3, 8, 8)
    >>> two_steps = F.conv2d(F.interpolate(images, scale_factor=2), layer.weight, layer.bias, padding=1)
    >>> torch.allclose(layer(images), two_steps, atol=1e-6)
    True
    """

    def forward(self, images: Tensor) -> Tensor:
        """Images of twice the size."""
        # The sum of the four shifts; a transposed convolution reads its kernel mirrored and with channels swapped.
        kernel = F.avg_pool2d(self.weight, 2, stride=1, padding=1, divisor_override=1)
        return F.conv_transpose2d(images, kernel.flip(2, 3).transpose(0, 1), self.bias, stride=2, padding=1)


class ResidualBlock(nn.Module):
    """The sum of a shortcut and a stack of layers of the same input.

    Args:
        shortcut: the identity, or a change of size and channels.
        residual: must not change its input in place, since the shortcut reads it too.
    """

    def __init__(self, shortcut: nn.Module, residual: nn.Module) -> None:
        super().__init__()
        self.shortcut = shortcut
        self.residual = residual

    def forward(self, images: Tensor) -> Tensor:
        """Shortcut plus residual."""
        total: Tensor = self.shortcut(images) + self.residual(images)
        return total


def _conv1(ins: int, outs: int) -> nn.Conv2d:
    return glorot(nn.Conv2d(ins, outs, 1))


def _conv3(kind: type[nn.Conv2d], ins: int, outs: int) -> nn.Conv2d:
    return glorot(kind(ins, outs, 3, padding=1), _GAIN)


def _branch(width: int, norm: Normalization, first: type[nn.Conv2d], second: type[nn.Conv2d]) -> nn.Sequential:
    return nn.Sequential(
        norm.make(width),
        nn.ReLU(),  # not in place: without a normalisation it reads what the shortcut reads too
        _conv3(first, width, width),
        norm.make(width),
        nn.ReLU(inplace=True),
        _conv3(second, width, width),
    )


def first_block(num_colours: int, width: int) -> ResidualBlock:
    """Colours to ``width`` channels at half the size: no ReLU and no normalisation before the first convolution."""
    shortcut = nn.Sequential(nn.AvgPool2d(2), _conv1(num_colours, width))
    first, second = _conv3(nn.Conv2d, num_colours, width), _conv3(PoolingConv2d, width, width)
    return ResidualBlock(shortcut, nn.Sequential(first, nn.ReLU(inplace=True), second))


def down_block(width: int, norm: Normalization) -> ResidualBlock:
    """The same channels at half the size."""
    shortcut = nn.Sequential(nn.AvgPool2d(2), _conv1(width, width))
    return ResidualBlock(shortcut, _branch(width, norm, nn.Conv2d, PoolingConv2d))


def plain_block(width: int, norm: Normalization) -> ResidualBlock:
    """The same channels at the same size; the shortcut is the identity."""
    return ResidualBlock(nn.Identity(), _branch(width, norm, nn.Conv2d, nn.Conv2d))


def up_block(width: int, norm: Normalization) -> ResidualBlock:
    """The same channels at twice the size."""
    shortcut = nn.Sequential(_conv1(width, width), nn.Upsample(scale_factor=2))
    return ResidualBlock(shortcut, _branch(width, norm, DoublingConv2d, nn.Conv2d))


def discriminator_trunk(num_colours: int, width: int, norm: Normalization) -> Iterator[nn.Module]:
    """Images (N, C, 32, 32) to features (N, width, 8, 8): everything before the pooling and the last layer."""
    yield first_block(num_colours, width)
    yield down_block(width, norm)
    yield plain_block(width, norm)
    yield plain_block(width, norm)
    yield nn.ReLU(inplace=True)


def residual_generator(latent_dim: int, width: int, num_colours: int, norm: Normalization) -> Generator:
    """Latents (N, Z) to images (N, C, 32, 32) in [-1, 1]: a linear layer to 4 x 4 pixels and three doublings."""
    layers = [
        glorot(nn.Linear(latent_dim, width * _BASE**2)),
        nn.Unflatten(1, (width, _BASE, _BASE)),
        *(up_block(width, norm) for _ in range(3)),
        norm.make(width),
        nn.ReLU(inplace=True),
        glorot(nn.Conv2d(width, num_colours, 3, padding=1)),
        nn.Tanh(),
    ]
    return Generator(nn.Sequential(*layers))
