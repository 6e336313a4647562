"""The residual pair for lines of characters (Gulrajani et al. 2017, arXiv:1704.00028, appendix F; Heusel et al. 2017).

Both players work at full length throughout: five residual blocks of two convolutions over five places, whose sum is
scaled by 0.3 before it is added. The generator spreads the latents over all places at the start and ends in a softmax
over the symbols at each place; the critic mirrors it. It sees one-hot lines and the generator's softmax alike, so the
game is differentiable although text is not. The paper has 512 channels and no normalisation.

An example is (V, L), symbols before places as channels are before pixels, which is the layout that torch's
one-dimensional convolutions take. Matrix products over windows, and two-dimensional convolutions in channels-last
layout, were tried: with the second derivatives of a penalty, neither is faster on a CPU.
"""

import math

from torch import Tensor, nn

from equipoise.config import NetworkSettings
from equipoise.networks.initialization import glorot
from equipoise.networks.normalization import TEXT_NORMALIZATIONS, Normalization
from equipoise.networks.players import Discriminator, Generator

_GAIN = math.sqrt(2)
_SCALE = 0.3


class ScaledResidual(nn.Module):
    """A line plus 0.3 times a stack of layers of it; the stack must not change its input in place."""

    def __init__(self, residual: nn.Module) -> None:
        super().__init__()
        self.residual = residual

    def forward(self, lines: Tensor) -> Tensor:
        """Lines (N, C, L) to lines of the same shape."""
        return lines.add(self.residual(lines), alpha=_SCALE)


def discriminator(settings: NetworkSettings, example_shape: tuple[int, ...]) -> Discriminator:
    """Lines (N, V, L), one-hot or softmax, to logits (N,); spectral normalisation is left to the caller.

    >>> import torch
    >>> settings = NetworkSettings(architecture="text", width=8, depth=2, disc_norm="none")
    >>> discriminator(settings, (30, 32))(torch.zeros(5, 30, 32)).shape
    torch.Size([5])
    """
    (num_symbols, length), width = example_shape, settings.width
    blocks = (_block(width, TEXT_NORMALIZATIONS[settings.disc_norm]) for _ in range(settings.depth))
    last = glorot(nn.Linear(width * length, 1))
    return Discriminator(nn.Sequential(_conv(num_symbols, width, 1), *blocks, nn.Flatten(), last))


def generator(settings: NetworkSettings, example_shape: tuple[int, ...], latent_dim: int) -> Generator:
    """Latents (N, Z) to lines (N, V, L): at each place a distribution over the symbols."""
    (num_symbols, length), width = example_shape, settings.width
    blocks = (_block(width, TEXT_NORMALIZATIONS[settings.gen_norm]) for _ in range(settings.depth))
    first = glorot(nn.Linear(latent_dim, width * length))
    layers = [first, nn.Unflatten(1, (width, length)), *blocks, _conv(width, num_symbols, 1), nn.Softmax(1)]
    return Generator(nn.Sequential(*layers))


def _block(width: int, norm: Normalization) -> ScaledResidual:
    return ScaledResidual(
        nn.Sequential(
            norm.make(width),
            nn.ReLU(),  # not in place: without a normalisation it reads what the sum reads too
            _conv(width, width, 5),
            norm.make(width),
            nn.ReLU(inplace=True),
            _conv(width, width, 5),
        )
    )


def _conv(ins: int, outs: int, places: int) -> nn.Conv1d:
    # Glorot's rule with gain sqrt(2) for every convolution, those of one place included, as in the papers' code.
    return glorot(nn.Conv1d(ins, outs, places, padding=places // 2), _GAIN)
