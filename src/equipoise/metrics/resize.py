"""How images are brought to the size a network was trained on: rules by name, because each gives another distance.

| name        | interpolation                                 | pixel p of 0 to 255 becomes | as in                |
|-------------|-----------------------------------------------|-----------------------------|----------------------|
| tf1         | bilinear, from the corner, not antialiased    | (p - 128) / 128             | TTUR, torch-fidelity |
| clean       | bicubic (a = -1/2), antialiased, then clipped | (p - 128) / 128             | clean-fid            |
| pytorch-fid | bilinear, between centres, not antialiased    | p / 127.5 - 1               | pytorch-fid          |

``tf1`` is `tf.image.resize_bilinear` of TensorFlow 1: output pixel i looks at input position i * size / new_size, so
that the picture moves by up to half a pixel. It and ``pytorch-fid`` skip pixels where they shrink. ``clean`` weighs all
of them (Parmar, Zhang & Zhu 2022) and is Pillow's bicubic filter on floats, without rounding to 8 bits.

An image that has the right size already is left as it is by all three; ``tf1`` and ``clean`` then agree, and
``pytorch-fid`` differs in scale by 1/256. Not here: reading images.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from equipoise.core.errors import unknown


@dataclass(frozen=True)
class ResizeRule:
    """An interpolation, and how its result enters the FID network.

    Attributes:
        interpolate: (images (N, C, H, W), size) -> (N, C, size, size), in the same range.
        centre: pixel value that becomes 0.
        scale: number of pixel values that becomes 1.
    """

    interpolate: Callable[[Tensor, int], Tensor]
    centre: float
    scale: float

    def resized(self, images: Tensor, size: int) -> Tensor:
        """Images (N, C, size, size) in [-1, 1] of images (N, C, H, W) in [-1, 1]."""
        return images if images.shape[-2:] == (size, size) else self.interpolate(images, size)

    def as_network_input(self, images: Tensor) -> Tensor:
        """Images in [-1, 1] on the scale of the rule.

        >>> RESIZE_RULES["tf1"].as_network_input(torch.tensor([-1.0, 1.0]))
        tensor([-1.0000,  0.9922])
        """
        return images * (127.5 / self.scale) + (127.5 - self.centre) / self.scale


def tf1_bilinear(images: Tensor, size: int) -> Tensor:
    """Images (N, C, size, size), by the rule of TensorFlow 1's ``resize_bilinear`` without ``align_corners``."""
    return _tf1_lerp(_tf1_lerp(images, size, dim=3), size, dim=2)


def _tf1_lerp(images: Tensor, size: int, dim: int) -> Tensor:
    last = images.shape[dim] - 1
    # TensorFlow computes the ratio and the positions in single precision.
    ratio = torch.tensor(images.shape[dim] / size, dtype=torch.float32, device=images.device)
    position = torch.arange(size, dtype=torch.float32, device=images.device) * ratio
    below = position.long().clamp_max(last)
    low, high = images.index_select(dim, below), images.index_select(dim, (below + 1).clamp_max(last))
    fraction = (position - below).to(images.dtype)
    return low + (high - low) * (fraction[:, None] if dim == 2 else fraction)


def clean_bicubic(images: Tensor, size: int) -> Tensor:
    """Images (N, C, size, size) in [-1, 1], by Pillow's antialiased bicubic filter on floats."""
    # Pillow computes the filter's weights in float64, which costs a tenth more; in float32 the positions in a large
    # image are coarse enough to be seen (3e-3 grey levels). Apple's devices have no float64.
    exact = images if images.device.type == "mps" else images.double()
    return interpolate(exact, (size, size), mode="bicubic", antialias=True).clamp(-1, 1).to(images.dtype)


def torch_bilinear(images: Tensor, size: int) -> Tensor:
    """Images (N, C, size, size), bilinear between pixel centres, without antialiasing."""
    return interpolate(images, (size, size), mode="bilinear", align_corners=False)


RESIZE_RULES = {
    "tf1": ResizeRule(tf1_bilinear, centre=128, scale=128),
    "clean": ResizeRule(clean_bicubic, centre=128, scale=128),
    "pytorch-fid": ResizeRule(torch_bilinear, centre=127.5, scale=127.5),
}


def resize_rule(name: str) -> ResizeRule:
    """The rule called ``name``.

    Raises:
        UserError: there is none of that name.
    """
    if name not in RESIZE_RULES:
        raise unknown("resize rule", name, RESIZE_RULES)
    return RESIZE_RULES[name]
