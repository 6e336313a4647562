"""The generator's exponential moving average: what gets sampled and evaluated."""

import copy

from torch import Tensor, nn

from equipoise.core import vectors


class MovingAverage:
    """A copy of a network that follows it slowly.

    average <- average + (1 - decay_n) (weights - average), with decay_n = min(decay, (1 + n) / (10 + n)) after n
    updates, so that the random start is forgotten early. Floating-point buffers (the running statistics of batch
    normalisation) are averaged over the same window as the weights they belong to; other buffers are copied.

    Args:
        module: the network to follow.
        decay: in [0, 1); 0 gives a plain copy of the newest weights. It may be changed between updates.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.module = copy.deepcopy(module).eval().requires_grad_(requires_grad=False)
        self._pairs = self._float_pairs(module)
        self._others = [
            (mine, theirs)
            for mine, theirs in zip(self.module.buffers(), module.buffers(), strict=True)
            if not mine.is_floating_point()
        ]

    def _float_pairs(self, module: nn.Module) -> tuple[list[Tensor], list[Tensor]]:
        mine = [*self.module.parameters(), *(buffer for buffer in self.module.buffers() if buffer.is_floating_point())]
        theirs = [*module.parameters(), *(buffer for buffer in module.buffers() if buffer.is_floating_point())]
        return mine, theirs

    def update(self, num_updates: int) -> None:
        """Follow the network after its ``num_updates``-th update."""
        decay = min(self.decay, (1 + num_updates) / (10 + num_updates))
        vectors.lerp_(*self._pairs, 1 - decay)
        for mine, theirs in self._others:
            mine.copy_(theirs)
