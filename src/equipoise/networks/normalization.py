"""How the layers of a player are normalised.

Batch and layer normalisation are modules that follow a layer. Spectral normalisation (Miyato et al. 2018,
arXiv:1802.05957) acts on the weight itself, so nothing follows the layer and the finished network is wrapped instead.
The power iteration is torch's own: one step at each forward pass in training mode, none in evaluation mode.
"""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

from torch import nn
from torch.nn.utils.parametrizations import spectral_norm


class Normalization(NamedTuple):
    """What follows a layer.

    Attributes:
        make: the module that follows a layer with the given number of channels or units.
        shifts: whether that module adds a learned shift to each channel, so that a bias before it would be one
            parameter too many.
    """

    make: Callable[[int], nn.Module]
    shifts: bool


# `torch.nn.Identity` takes any arguments, so the number of channels as well.
_NOTHING = Normalization(nn.Identity, shifts=False)

# Layer normalisation of an image is over channels and pixels together, with a gain and a shift for each channel, as in
# the WGAN-GP code: group normalisation with a single group.
IMAGE_NORMALIZATIONS: Mapping[str, Normalization] = MappingProxyType(
    {
        "none": _NOTHING,
        "spectral": _NOTHING,
        "batch": Normalization(nn.BatchNorm2d, shifts=True),
        "layer": Normalization(partial(nn.GroupNorm, 1), shifts=True),
    }
)
# Of a line (N, C, L) as of an image with places for pixels.
TEXT_NORMALIZATIONS: Mapping[str, Normalization] = MappingProxyType(
    {**IMAGE_NORMALIZATIONS, "batch": Normalization(nn.BatchNorm1d, shifts=True)}
)
POINT_NORMALIZATIONS: Mapping[str, Normalization] = MappingProxyType(
    {
        "none": _NOTHING,
        "spectral": _NOTHING,
        "batch": Normalization(nn.BatchNorm1d, shifts=True),
        "layer": Normalization(nn.LayerNorm, shifts=True),
    }
)


def normalize_spectrally(network: nn.Module) -> None:
    """Divide every weight of ``network``, as a matrix with a row for each output, by its largest singular value.

    >>> import torch
    >>> _ = torch.manual_seed(0)
    >>> layer = nn.Linear(4, 3)
    >>> normalize_spectrally(layer)
    >>> for _ in range(200):
    ...     _ = layer(torch.zeros(1, 4))
    >>> print(f"{torch.linalg.svdvals(layer.weight)[0].item():.3f}")
    1.000
    """
    for layer in [module for module in network.modules() if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Linear)]:
        spectral_norm(layer)
