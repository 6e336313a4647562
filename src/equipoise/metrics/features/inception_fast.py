"""The Inception network rearranged: the same function in exact arithmetic, in half the time on a CPU.

1. Batch normalisation is folded into the convolution before it, in float64.
2. The 1 x 1 convolutions of a block that read the same input are joined into one.
3. Mean pooling moves behind its 1 x 1 convolution, which has fewer channels: both are linear, and means that do not
   count padding leave a bias as it is. The ReLU stays behind both. The block that pools by maxima keeps its order.
4. Weights and activations lie channels last.

In float32 the features differ from the plain network's in the fifth digit, as they do between batch sizes.
"""

import torch
from torch import Tensor, nn
from torch.nn.utils import convert_conv2d_weight_memory_format
from torch.nn.utils.fusion import fuse_conv_bn_eval

from equipoise.metrics.features.inception_network import BLOCKS, Block, Chain, Conv, Inception, Step, mean_3x3


def fast(network: Inception) -> Inception:
    """``network`` rearranged in place; it must be in evaluation mode."""
    folded(network)
    for name in BLOCKS:
        network.set_submodule(name, JoinedBlock(network.get_submodule(name)))  # type: ignore[arg-type]
    convert_conv2d_weight_memory_format(network, torch.channels_last)
    return network


def folded(network: nn.Module) -> None:
    """Fold every batch normalisation of ``network`` into its convolution, in place."""
    for unit in [module for module in network.modules() if isinstance(module, nn.Sequential) and hasattr(module, "bn")]:
        conv, norm = unit.get_submodule("conv"), unit.get_submodule("bn")
        assert isinstance(conv, nn.Conv2d)
        assert isinstance(norm, nn.BatchNorm2d)
        precision = conv.weight.dtype
        unit.conv = fuse_conv_bn_eval(conv.double(), norm.double()).to(precision)
        del unit.bn


class JoinedBlock(nn.Module):
    """A folded `Block` whose leading 1 x 1 convolutions are one.

    Args:
        block: the block; its other layers are used as they are.
    """

    def __init__(self, block: Block) -> None:
        super().__init__()
        heads = [_head(chain) for chain in block.chains]
        self.block = block
        # Those that are rectified at once come first, so that one operation rectifies them together.
        self.order = sorted((i for i, head in enumerate(heads) if head), key=lambda i: _is_pooled(block.chains[i]))
        self.widths = [head.channels for i in self.order if (head := heads[i])]
        self.num_direct = sum(not _is_pooled(block.chains[i]) for i in self.order)
        self.head = _joined([block.layer(head).get_submodule("conv") for i in self.order if (head := heads[i])])
        for head in filter(None, heads):
            delattr(block, head.name)

    def forward(self, x: Tensor) -> Tensor:
        """As the block's."""
        joined = self.head(x)
        torch.relu_(joined[:, : sum(self.widths[: self.num_direct])])
        parts = dict(zip(self.order, joined.split(self.widths, dim=1), strict=True))
        return torch.cat([self._finish(i, parts.get(i), x) for i in range(len(self.block.chains))], dim=1)

    def _finish(self, index: int, part: Tensor | None, x: Tensor) -> Tensor:
        chain = self.block.chains[index]
        if part is None:
            return self.block.run(chain, x)
        if _is_pooled(chain):
            return torch.relu_(mean_3x3(part))
        return self.block.run(chain[1:], part)


def _head(chain: Chain) -> Conv | None:
    """The 1 x 1 convolution that can be applied to the block's input, or None."""
    first: Step = chain[1] if _is_pooled(chain) else chain[0]
    return first if isinstance(first, Conv) and first.kernel == (1, 1) else None


def _is_pooled(chain: Chain) -> bool:
    return chain[0] is mean_3x3


def _joined(convs: list[nn.Module]) -> nn.Conv2d:
    """One 1 x 1 convolution whose output is that of ``convs``, one after the other."""
    weight = torch.cat([conv.get_parameter("weight") for conv in convs])
    joined = nn.Conv2d(weight.shape[1], weight.shape[0], 1, device="meta")
    joined.weight = nn.Parameter(weight, requires_grad=False)
    joined.bias = nn.Parameter(torch.cat([conv.get_parameter("bias") for conv in convs]), requires_grad=False)
    return joined
