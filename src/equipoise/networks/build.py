"""Settings to networks.

The weights depend on the given generator alone. Layers draw from torch's global state when they are made, whatever one
does afterwards, so a build runs in a fork of that state which is seeded from the generator; an architecture thus cannot
forget to pass a generator on. Each player has a fork of its own: two builds from the same seed that differ in one
player's settings give the other player the same first weights.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import NamedTuple

import torch

from equipoise.config import NetworkSettings
from equipoise.core.errors import UserError
from equipoise.networks import dcgan, dcgan_5x5, mlp, residual, sngan, text, wgan_gp
from equipoise.networks.normalization import normalize_spectrally
from equipoise.networks.players import Discriminator, Generator, Networks
from equipoise.networks.shapes import Makes, check_shape


class Architecture(NamedTuple):
    """How to build both players.

    Attributes:
        disc: the discriminator from the settings and the shape of an example.
        gen: the generator from the settings, the shape of an example, and the dimension of the latents.
        makes: the examples that it can make.
    """

    disc: Callable[[NetworkSettings, tuple[int, ...]], Discriminator]
    gen: Callable[[NetworkSettings, tuple[int, ...], int], Generator]
    makes: Makes


ARCHITECTURES: Mapping[str, Architecture] = MappingProxyType(
    {
        "mlp": Architecture(mlp.discriminator, mlp.generator, Makes("points")),
        "dcgan": Architecture(dcgan.discriminator, dcgan.generator, Makes("images", dcgan.SIZES)),
        "dcgan-5x5": Architecture(dcgan_5x5.discriminator, dcgan_5x5.generator, Makes("images", dcgan_5x5.SIZES)),
        "sngan": Architecture(sngan.discriminator, sngan.generator, Makes("images", residual.SIZES)),
        "wgan-gp": Architecture(wgan_gp.discriminator, wgan_gp.generator, Makes("images", residual.SIZES)),
        "text": Architecture(text.discriminator, text.generator, Makes("text")),
    }
)


def build_networks(
    settings: NetworkSettings, example_shape: tuple[int, ...], latent_dim: int, generator: torch.Generator
) -> Networks:
    """Both players, in training mode on the CPU, float32.

    Args:
        settings: the architecture, its width, and the normalisation of either player.
        example_shape: (D,) for points, (C, H, W) for images, (V, L) for lines of L out of V symbols.
        latent_dim: Z, the dimension of the latents.
        generator: where the first weights come from; two numbers are drawn from it.

    Raises:
        UserError: the architecture does not make such examples.

    >>> seed = torch.Generator().manual_seed(0)
    >>> disc, gen = build_networks(NetworkSettings(width=8), (1, 28, 28), 16, seed)
    >>> images = gen(torch.randn(5, 16, generator=seed))
    >>> images.shape, disc(images).shape
    (torch.Size([5, 1, 28, 28]), torch.Size([5]))
    """
    require_architecture(settings.architecture, ARCHITECTURES, "generate")
    check_shape(settings.architecture, {name: each.makes for name, each in ARCHITECTURES.items()}, example_shape)
    architecture = ARCHITECTURES[settings.architecture]
    with drawing_from(generator):
        gen = architecture.gen(settings, example_shape, latent_dim)
    with drawing_from(generator):
        disc = architecture.disc(settings, example_shape)
        if settings.disc_norm == "spectral":
            normalize_spectrally(disc)
    return Networks(disc, gen)


def require_architecture(name: str, registry: Mapping[str, object], task: str) -> None:
    """Refuse an architecture that is not for ``task`` ("generate" or "classify").

    >>> require_architecture("lenet", ARCHITECTURES, "generate")
    Traceback (most recent call last):
    equipoise.core.errors.UserError: Architecture 'lenet' does not generate; choose one of mlp, dcgan, dcgan-5x5, \
sngan, wgan-gp, text.
    """
    if name not in registry:
        raise UserError(f"Architecture {name!r} does not {task}; choose one of {', '.join(registry)}.")


@contextmanager
def drawing_from(generator: torch.Generator) -> Iterator[None]:
    """Within, torch's global state of the CPU is one seeded from ``generator``; afterwards it is as it was before."""
    seed = int(torch.randint(2**63 - 1, (), generator=generator, device=generator.device))
    # Modules are made on the CPU even where the user has set another default device, whose state is not forked.
    with torch.device("cpu"), torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield
