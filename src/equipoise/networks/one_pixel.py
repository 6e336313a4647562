"""Convolutions from and to a single pixel, computed as the matrix products that they are.

DCGAN's first layer is a transposed convolution of one pixel of latents, its last a convolution down to one score. The
general convolution kernels are slow at both. A plain linear layer is fast, but hands its neighbours a memory layout
other than the one they work in, and every activation between then takes the slow path of mismatched strides. These two
keep the parameters, names and shapes of the published layers and read weights and images in the order in which they
lie in memory, so that no copy is made in either layout.
"""

from torch import Tensor, nn
from torch.nn import functional


def lies_channels_last(tensor: Tensor) -> bool:
    """Whether a four-dimensional tensor has its channels last in memory (both answers are right at one channel)."""
    return not tensor.is_contiguous()


class FromOnePixel(nn.ConvTranspose2d):
    """Latents (N, Z) to images (N, C, size, size): a transposed convolution without bias from one pixel.

    >>> import torch
    >>> FromOnePixel(6, 8, 4)(torch.zeros(2, 6)).shape
    torch.Size([2, 8, 4, 4])
    """

    def __init__(self, num_latents: int, channels: int, size: int) -> None:
        super().__init__(num_latents, channels, size, bias=False)

    def forward(self, latents: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Images in the memory layout of the weights."""
        del output_size
        channels, height, width = self.weight.shape[1:]
        if lies_channels_last(self.weight):
            values = latents @ self.weight.permute(0, 2, 3, 1).flatten(1)
            return values.view(-1, height, width, channels).permute(0, 3, 1, 2)
        return (latents @ self.weight.flatten(1)).view(-1, channels, height, width)


class ToOnePixel(nn.Conv2d):
    """Images (N, C, size, size) to (N, 1): a convolution without bias down to one score.

    >>> import torch
    >>> ToOnePixel(8, 4)(torch.zeros(2, 8, 4, 4)).shape
    torch.Size([2, 1])
    """

    def __init__(self, channels: int, size: int) -> None:
        super().__init__(channels, 1, size, bias=False)

    def forward(self, images: Tensor) -> Tensor:
        """Scores; the images are best in the memory layout of the weights."""
        if lies_channels_last(self.weight):
            images, weight = images.permute(0, 2, 3, 1), self.weight.permute(0, 2, 3, 1)
        else:
            weight = self.weight
        return functional.linear(images.flatten(1), weight.flatten(1))
