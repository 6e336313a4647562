"""First weights: the two rules that the architectures' papers use. Biases start at zero in both.

All draws come from torch's global state, which `equipoise.networks.build.drawing_from` seeds for the time of a build.
"""

from typing import TypeVar

from torch import nn

LayerT = TypeVar("LayerT", bound=nn.Conv1d | nn.Conv2d | nn.ConvTranspose2d | nn.Linear)


def glorot(layer: LayerT, gain: float = 1.0) -> LayerT:
    """Uniform weights of variance 2 gain^2 / (fan_in + fan_out) (Glorot & Bengio 2010), in place.

    >>> layer = glorot(nn.Linear(4, 2))  # uniform on [-1, 1]: variance 1/3
    >>> bool(layer.weight.abs().max() <= 1), bool((layer.bias == 0).all())
    (True, True)
    """
    nn.init.xavier_uniform_(layer.weight, gain)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def draw_as_keras(module: nn.Module) -> None:
    """`glorot`, Keras's default, for the layers of classifiers, in place; for `torch.nn.Module.apply`."""
    if isinstance(module, nn.Conv2d | nn.Linear):
        glorot(module)


def draw_as_dcgan(module: nn.Module) -> None:
    """Weights N(0, 0.02^2), gains of normalisations N(1, 0.02^2), in place; for `torch.nn.Module.apply`.

    The paper (Radford et al. 2016, section 4) states the weights; the gains are as in its authors' code.
    """
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d | nn.GroupNorm):
        nn.init.normal_(module.weight, 1.0, 0.02)
    else:
        return
    if module.bias is not None:
        nn.init.zeros_(module.bias)
