"""The Inception-v3 network of 5 December 2015 that FID is measured with, as a table of its blocks.

Szegedy et al. (2016), in the form of the graph ``inception-2015-12-05`` that TTUR distributes. Layers carry the names
of the usual PyTorch port (Seitzer, pytorch-fid), whose weights load unchanged. Three things differ from the network of
that name elsewhere: 1008 classes, mean pooling that does not count its padding, and a last block that takes maxima
where the paper takes means (see `block_e`).

A block is a set of chains that read one input and whose outputs are concatenated; see `Step`. This is the plain
network, one layer after the other as published. ``inception_fast`` rearranges it; ``inception`` makes features of it.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, max_pool2d

from equipoise.core.errors import UserError

SIZE = 299
"""Height and width of its images in pixels."""
DIMENSION = 2048
"""Number of features: means over the last 8 x 8 positions."""
NUM_CLASSES = 1008
"""Number of logits, of which the first 1000 and a few are trained on ImageNet's classes."""


@dataclass(frozen=True)
class Conv:
    """A convolution without bias, batch normalisation, ReLU.

    Attributes:
        name: of the layer, within its block.
        channels: width of its output.
        kernel: height and width.
        stride: of the positions; 2 goes without padding.
        padded: whether the output is as large as the input.
    """

    name: str
    channels: int
    kernel: tuple[int, int]
    stride: int = 1
    padded: bool = True


Pool = Callable[[Tensor], Tensor]
Step = Conv | Pool | tuple[Conv, ...]
"""A layer; a pooling; or several layers that read the same input and whose outputs are concatenated."""
Chain = tuple[Step, ...]


def mean_3x3(x: Tensor) -> Tensor:
    """Means over 3 x 3 positions; those outside the image are not counted."""
    return avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)


def max_3x3(x: Tensor) -> Tensor:
    """Maxima over 3 x 3 positions."""
    return max_pool2d(x, 3, stride=1, padding=1)


def halved(x: Tensor) -> Tensor:
    """Maxima over 3 x 3 positions, at every second position."""
    return max_pool2d(x, 3, stride=2)


def conv(name: str, channels: int, height: int, width: int | None = None) -> Conv:
    """A convolution that keeps the size of its input."""
    return Conv(name, channels, (height, width or height))


def shrinking(name: str, channels: int, stride: int = 2) -> Conv:
    """A 3 x 3 convolution without padding."""
    return Conv(name, channels, (3, 3), stride, padded=False)


def block_a(pool_channels: int) -> tuple[Chain, ...]:
    """35 x 35 positions."""
    return (
        (conv("branch1x1", 64, 1),),
        (conv("branch5x5_1", 48, 1), conv("branch5x5_2", 64, 5)),
        (conv("branch3x3dbl_1", 64, 1), conv("branch3x3dbl_2", 96, 3), conv("branch3x3dbl_3", 96, 3)),
        (mean_3x3, conv("branch_pool", pool_channels, 1)),
    )


def block_b() -> tuple[Chain, ...]:
    """From 35 x 35 to 17 x 17 positions."""
    return (
        (shrinking("branch3x3", 384),),
        (conv("branch3x3dbl_1", 64, 1), conv("branch3x3dbl_2", 96, 3), shrinking("branch3x3dbl_3", 96)),
        (halved,),
    )


def block_c(inner: int) -> tuple[Chain, ...]:
    """17 x 17 positions; ``inner`` is the width between the factors of a 7 x 7 convolution."""
    return (
        (conv("branch1x1", 192, 1),),
        (conv("branch7x7_1", inner, 1), conv("branch7x7_2", inner, 1, 7), conv("branch7x7_3", 192, 7, 1)),
        (
            conv("branch7x7dbl_1", inner, 1),
            conv("branch7x7dbl_2", inner, 7, 1),
            conv("branch7x7dbl_3", inner, 1, 7),
            conv("branch7x7dbl_4", inner, 7, 1),
            conv("branch7x7dbl_5", 192, 1, 7),
        ),
        (mean_3x3, conv("branch_pool", 192, 1)),
    )


def block_d() -> tuple[Chain, ...]:
    """From 17 x 17 to 8 x 8 positions."""
    return (
        (conv("branch3x3_1", 192, 1), shrinking("branch3x3_2", 320)),
        (
            conv("branch7x7x3_1", 192, 1),
            conv("branch7x7x3_2", 192, 1, 7),
            conv("branch7x7x3_3", 192, 7, 1),
            shrinking("branch7x7x3_4", 192),
        ),
        (halved,),
    )


def block_e(pool: Pool) -> tuple[Chain, ...]:
    """8 x 8 positions. The graph pools by maxima in the last of the two, perhaps by mistake; so FID is defined."""

    def crossed(name: str) -> tuple[Conv, ...]:
        return (conv(f"{name}a", 384, 1, 3), conv(f"{name}b", 384, 3, 1))

    return (
        (conv("branch1x1", 320, 1),),
        (conv("branch3x3_1", 384, 1), crossed("branch3x3_2")),
        (conv("branch3x3dbl_1", 448, 1), conv("branch3x3dbl_2", 384, 3), crossed("branch3x3dbl_3")),
        (pool, conv("branch_pool", 192, 1)),
    )


STEM: Chain = (
    shrinking("Conv2d_1a_3x3", 32),
    shrinking("Conv2d_2a_3x3", 32, stride=1),
    conv("Conv2d_2b_3x3", 64, 3),
    halved,
    conv("Conv2d_3b_1x1", 80, 1),
    shrinking("Conv2d_4a_3x3", 192, stride=1),
    halved,
)
BLOCKS: dict[str, tuple[Chain, ...]] = {
    "Mixed_5b": block_a(32),
    "Mixed_5c": block_a(64),
    "Mixed_5d": block_a(64),
    "Mixed_6a": block_b(),
    "Mixed_6b": block_c(128),
    "Mixed_6c": block_c(160),
    "Mixed_6d": block_c(160),
    "Mixed_6e": block_c(192),
    "Mixed_7a": block_d(),
    "Mixed_7b": block_e(mean_3x3),
    "Mixed_7c": block_e(max_3x3),
}


class Block(nn.Module):
    """Chains over one input (N, width, H, W), concatenated; its layers are attributes by name."""

    def __init__(self, width: int, chains: tuple[Chain, ...]) -> None:
        super().__init__()
        self.chains, self.width = chains, width
        self.channels = sum(self._add(chain, width) for chain in chains)

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, H', W')."""
        return torch.cat([self.run(chain, x) for chain in self.chains], dim=1)

    def run(self, chain: Chain, x: Tensor) -> Tensor:
        """``x`` after the steps of ``chain``."""
        for step in chain:
            if isinstance(step, tuple):
                x = torch.cat([self.layer(each)(x) for each in step], dim=1)
            else:
                x = self.layer(step)(x) if isinstance(step, Conv) else step(x)
        return x

    def layer(self, step: Conv) -> nn.Module:
        """The layer that ``step`` describes."""
        return self.get_submodule(step.name)

    def _add(self, chain: Chain, width: int) -> int:
        """Add the layers of a chain that starts from ``width`` channels; returns those it ends with."""
        for step in chain:
            parallel = step if isinstance(step, tuple) else (step,) if isinstance(step, Conv) else ()
            for each in parallel:
                self.add_module(each.name, _unit(width, each))
            width = sum(each.channels for each in parallel) or width
        return width


def _unit(width: int, step: Conv) -> nn.Sequential:
    padding = (step.kernel[0] // 2, step.kernel[1] // 2) if step.padded else (0, 0)
    layers = {
        "conv": nn.Conv2d(width, step.channels, step.kernel, step.stride, padding, bias=False),
        "bn": nn.BatchNorm2d(step.channels, eps=1e-3),
        "relu": nn.ReLU(inplace=True),
    }
    return nn.Sequential(OrderedDict(layers))


class Inception(Block):
    """Features (N, 2048) of images (N, 3, 299, 299) in about [-1, 1]; ``fc`` makes logits (N, 1008) of them.

    The state dict has the keys of the published file.
    """

    def __init__(self) -> None:
        super().__init__(3, (STEM,))
        width = self.channels
        for name, chains in BLOCKS.items():
            block = Block(width, chains)
            self.add_module(name, block)
            width = block.channels
        self.fc = nn.Linear(width, NUM_CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        x = self.run(STEM, x)
        for name in BLOCKS:
            x = self.get_submodule(name)(x)
        return x.mean(dim=(2, 3))


def inception(weights: Mapping[str, Tensor]) -> Inception:
    """The network with the given weights, which it shares, in evaluation mode and without gradients.

    Args:
        weights: a state dict with the keys of the published file.

    Raises:
        UserError: a key is missing or too many, or a shape does not fit.
    """
    with torch.device("meta"):
        network = Inception()
    try:
        network.load_state_dict({key: value.detach() for key, value in weights.items()}, assign=True)
    except (RuntimeError, AttributeError, TypeError) as error:
        reason = str(error).splitlines()[-1].strip()
        raise UserError(
            f"These are not the weights of the FID Inception network: {reason[:200].rstrip('.')}."
        ) from error
    return network.eval().requires_grad_(False)


def random_weights(seed: int = 0) -> dict[str, Tensor]:
    """Weights drawn at random, under which activations stay of the order of one; for tests and for timing.

    Filters are normal with variance 2 / fan-in (He et al. 2015). The statistics of batch normalisation are those of
    four images of coarse to fine random squares, in float64 so that they are the same everywhere. The features mean
    nothing.

    Args:
        seed: of everything drawn.

    Returns:
        A state dict in float32 with the keys of the published file.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.device("meta"):
        network = Inception().requires_grad_(False)
    network = network.to_empty(device="cpu").double()
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, generator=generator)
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1, 0.1, generator=generator)
            # No momentum: one pass leaves the statistics of its batch.
            module.momentum = None
            module.reset_running_stats()
        if isinstance(module, nn.BatchNorm2d | nn.Linear):
            nn.init.normal_(module.bias, 0, 0.1, generator=generator)
    squares = [torch.rand(1, 3, n, n, dtype=torch.float64, generator=generator) * 2 - 1 for n in (4, 16, 64, 150)]
    with torch.no_grad():
        network(torch.cat([interpolate(image, (150, 150)) for image in squares]))
    weights = {key: value for key, value in network.state_dict().items() if not key.endswith("num_batches_tracked")}
    return {key: value.float() for key, value in weights.items()}
