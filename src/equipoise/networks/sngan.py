"""The residual SNGAN pair for 32 pixels (Miyato et al. 2018, arXiv:1802.05957, table 4).

The paper has 256 channels in the generator and 128 in the discriminator, 128 latents, batch normalisation in the
generator and spectral normalisation alone in the discriminator. ``width`` is the number of channels of both players.
The discriminator sums its features over all pixels before a last layer without bias, as the authors' code does.
"""

from torch import Tensor, nn

from equipoise.config import NetworkSettings
from equipoise.networks.initialization import glorot
from equipoise.networks.normalization import IMAGE_NORMALIZATIONS
from equipoise.networks.players import Discriminator, Generator
from equipoise.networks.residual import discriminator_trunk, residual_generator


class PixelSum(nn.Module):
    """Features (N, C, H, W) to their sums over all pixels (N, C)."""

    def forward(self, features: Tensor) -> Tensor:
        """The sums."""
        return features.sum((2, 3))


def discriminator(settings: NetworkSettings, example_shape: tuple[int, ...]) -> Discriminator:
    """Images (N, C, 32, 32) to logits (N,); spectral normalisation is left to the caller.

    >>> import torch
    >>> settings = NetworkSettings(architecture="sngan", width=8, disc_norm="none")
    >>> discriminator(settings, (3, 32, 32))(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2])
    """
    trunk = discriminator_trunk(example_shape[0], settings.width, IMAGE_NORMALIZATIONS[settings.disc_norm])
    return Discriminator(nn.Sequential(*trunk, PixelSum(), glorot(nn.Linear(settings.width, 1, bias=False))))


def generator(settings: NetworkSettings, example_shape: tuple[int, ...], latent_dim: int) -> Generator:
    """Latents (N, Z) to images (N, C, 32, 32) in [-1, 1]."""
    norm = IMAGE_NORMALIZATIONS[settings.gen_norm]
    return residual_generator(latent_dim, settings.width, example_shape[0], norm)
