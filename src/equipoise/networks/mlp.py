"""Fully connected players for points, such as the rings and grids of Gaussians of two-dimensional experiments.

Both, and the features of a classifier of points, are ``depth`` hidden layers of ``width`` units. Weights and biases
start as torch starts linear layers, uniform on +-1/sqrt(fan_in): random biases spread the kinks of the units over the
plane, where zero biases would put all kinks of the first layer through the origin.
"""

from collections.abc import Callable, Iterator
from functools import partial

from torch import nn

from equipoise.config import NetworkSettings
from equipoise.networks.classifiers import domain_discriminator, relu_layers
from equipoise.networks.normalization import POINT_NORMALIZATIONS, Normalization
from equipoise.networks.players import Discriminator, Generator


def discriminator(settings: NetworkSettings, example_shape: tuple[int, ...]) -> Discriminator:
    """Points (N, D) to logits (N,), with LeakyReLU(0.2).

    >>> import torch
    >>> settings = NetworkSettings(architecture="mlp", width=8, depth=2, disc_norm="none")
    >>> discriminator(settings, (2,))(torch.zeros(5, 2)).shape
    torch.Size([5])
    """
    norm = POINT_NORMALIZATIONS[settings.disc_norm]
    hidden = _hidden(example_shape[0], settings, norm, partial(nn.LeakyReLU, 0.2))
    return Discriminator(nn.Sequential(*hidden, nn.Linear(settings.width, 1)))


def generator(settings: NetworkSettings, example_shape: tuple[int, ...], latent_dim: int) -> Generator:
    """Latents (N, Z) to unbounded points (N, D), with ReLU."""
    norm = POINT_NORMALIZATIONS[settings.gen_norm]
    hidden = _hidden(latent_dim, settings, norm, nn.ReLU)
    return Generator(nn.Sequential(*hidden, nn.Linear(settings.width, example_shape[0])))


def features(settings: NetworkSettings, example_shape: tuple[int, ...]) -> nn.Sequential:
    """Points (N, D) to features (N, width) of a classifier, with ReLU."""
    return nn.Sequential(*_hidden(example_shape[0], settings, POINT_NORMALIZATIONS[settings.gen_norm], nn.ReLU))


def head(settings: NetworkSettings, num_inputs: int, num_classes: int) -> nn.Sequential:
    """Features (N, F) to logits (N, K), with one hidden layer."""
    return nn.Sequential(*relu_layers([num_inputs, settings.width]), nn.Linear(settings.width, num_classes))


def disc(settings: NetworkSettings, num_inputs: int) -> Discriminator:
    """Features (N, F) to logits (N,), with two hidden layers."""
    return domain_discriminator(num_inputs, [settings.width] * 2, settings.disc_norm)


def _hidden(
    num_inputs: int, settings: NetworkSettings, norm: Normalization, activation: Callable[[], nn.Module]
) -> Iterator[nn.Module]:
    """The layers up to the last hidden activation, which outputs (N, width)."""
    for units in [num_inputs, *[settings.width] * (settings.depth - 1)]:
        yield from (nn.Linear(units, settings.width, bias=not norm.shifts), norm.make(settings.width), activation())
