"""The residual WGAN-GP pair for 32 pixels (Gulrajani et al. 2017, arXiv:1704.00028, appendix F).

The paper has 128 channels in both players, 128 latents, batch normalisation in the generator and none in the critic;
its authors' code offers layer normalisation there. ``width`` is the number of channels of both players. The generator
is that of SNGAN at another width; the critic differs in taking the mean of its features, and a bias in its last layer.
"""

from torch import Tensor, nn

from equipoise.config import NetworkSettings
from equipoise.networks.initialization import glorot
from equipoise.networks.normalization import IMAGE_NORMALIZATIONS
from equipoise.networks.players import Discriminator, Generator
from equipoise.networks.residual import discriminator_trunk, residual_generator


class PixelMean(nn.Module):
    """Features (N, C, H, W) to their means over all pixels (N, C)."""

    def forward(self, features: Tensor) -> Tensor:
        """The means."""
        return features.mean((2, 3))


def discriminator(settings: NetworkSettings, example_shape: tuple[int, ...]) -> Discriminator:
    """Images (N, C, 32, 32) to logits (N,); spectral normalisation is left to the caller.

    >>> import torch
    >>> settings = NetworkSettings(architecture="wgan-gp", width=8, disc_norm="layer")
    >>> discriminator(settings, (1, 32, 32))(torch.zeros(2, 1, 32, 32)).shape
    torch.Size([2])
    """
    trunk = discriminator_trunk(example_shape[0], settings.width, IMAGE_NORMALIZATIONS[settings.disc_norm])
    return Discriminator(nn.Sequential(*trunk, PixelMean(), glorot(nn.Linear(settings.width, 1))))


def generator(settings: NetworkSettings, example_shape: tuple[int, ...], latent_dim: int) -> Generator:
    """Latents (N, Z) to images (N, C, 32, 32) in [-1, 1]."""
    norm = IMAGE_NORMALIZATIONS[settings.gen_norm]
    return residual_generator(latent_dim, settings.width, example_shape[0], norm)
