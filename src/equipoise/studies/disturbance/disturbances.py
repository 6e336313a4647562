"""The six disturbances by which Heusel et al. (2017, appendix A1) try whether a distance sees what people see.

Each is a function of images (N, C, H, W) in [-1, 1], a level, and a generator of randomness, and gives images of the
same shape and range. Level 0 leaves every image as it is, bit for bit. Levels are those of the paper. Its code departs
from its text in places; what is done here, and why, stands with each function. Everything is computed on the CPU.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

Disturb = Callable[[Tensor, float, torch.Generator], Tensor]

NOISE_EXTREME = 6.0
"""Standard deviations that the noise's range stands for: a normal array as large as 50,000 pictures of 64 x 64 x 3 lies
between -6 and 6, and the paper's code stretches such an array to the range of the pixels. A fixed number makes the
noise of a picture independent of the other pictures."""
SWIRL_RADIUS = 70 / 64
"""In units of the picture's side: the 70 pixels that the paper's code takes for its 64 (the text says 25)."""
NUM_RECTANGLES = 5


@dataclass(frozen=True)
class Disturbance:
    """A way to disturb images.

    Attributes:
        name: what tables call it.
        levels: four, the first 0.
        meaning: what a level is, for an axis.
        apply: the function.
    """

    name: str
    levels: tuple[float, ...]
    meaning: str
    apply: Disturb

    def __call__(self, images: Tensor, level: float, generator: torch.Generator) -> Tensor:
        """Images disturbed to ``level``; the very same tensor at level 0."""
        return images if level == 0 else self.apply(images, level, generator)


def noise(images: Tensor, level: float, generator: torch.Generator) -> Tensor:
    """(1 - a) x + a n, n normal with standard deviation 1 / `NOISE_EXTREME`, cut off at -1 and 1."""
    normal = torch.randn(images.shape, generator=generator)
    return torch.lerp(images, normal.div_(NOISE_EXTREME).clamp_(-1, 1), level)


def blur(images: Tensor, level: float, generator: torch.Generator) -> Tensor:
    """A Gaussian of ``level`` pixels over height and width, mirrored at the border, each channel by itself.

    The paper's code blurs across channels too, which is the work of a scalar width on a three-channel array.
    """
    from scipy.ndimage import gaussian_filter

    return torch.from_numpy(gaussian_filter(images.numpy(), sigma=(0, 0, level, level), mode="reflect"))


def rectangles(images: Tensor, level: float, generator: torch.Generator) -> Tensor:
    """Five black rectangles at random places inside, each side ``level`` of the picture's."""
    number, _, height, width = images.shape
    covered = torch.zeros(number, height, width, dtype=torch.bool)
    for _ in range(NUM_RECTANGLES):
        rows = _random_interval(number, height, level, generator)
        columns = _random_interval(number, width, level, generator)
        covered |= rows[:, :, None] & columns[:, None, :]
    return images.masked_fill(covered[:, None], -1.0)


def _random_interval(number: int, size: int, part: float, generator: torch.Generator) -> Tensor:
    """(N, size) booleans: true for ``part`` of the places, in one piece that starts anywhere it fits."""
    length = round(part * size)
    start = torch.randint(size - length + 1, (number, 1), generator=generator)
    place = torch.arange(size)
    return (place >= start) & (place < start + length)


def swirl(images: Tensor, level: float, generator: torch.Generator) -> Tensor:
    """Turned about the centre by a exp(-5 r / (ln 2 rho)) radians at r pixels from it, to either side at random.

    Bilinear; beyond the border the nearest pixel. rho is `SWIRL_RADIUS` sides. The paper's code also keeps a border of
    three pixels as it was, which would be most of a small picture.
    """
    number, _, height, width = images.shape
    y, x = torch.meshgrid(_from_centre(height), _from_centre(width), indexing="ij")
    distance, angle = torch.hypot(x, y), torch.atan2(y, x)
    turn = level * torch.exp(-5 * distance / (math.log(2) * SWIRL_RADIUS * min(height, width)))
    side = torch.randint(2, (number, 1, 1), generator=generator) * 2 - 1
    turned = angle + side * turn
    # grid_sample counts in half pictures from the centre: pixel centres lie between -1 and 1 if corners are aligned.
    grid = torch.stack([distance * turned.cos() * _to_grid(width), distance * turned.sin() * _to_grid(height)], dim=-1)
    sampled = grid_sample(images, grid.to(images.dtype), mode="bilinear", padding_mode="border", align_corners=True)
    return sampled.clamp(-1, 1)


def _from_centre(size: int) -> Tensor:
    return torch.arange(size, dtype=torch.float64) - (size - 1) / 2


def _to_grid(size: int) -> float:
    return 2 / max(size - 1, 1)


def salt_and_pepper(images: Tensor, level: float, generator: torch.Generator) -> Tensor:
    """Each pixel with probability ``level`` black or white, as likely one as the other, the same in all channels."""
    number, _, height, width = images.shape
    chance = torch.rand((number, 1, height, width), generator=generator)
    peppered = images.masked_fill(chance < level / 2, -1.0)
    return peppered.masked_fill((chance >= level / 2) & (chance < level), 1.0)


def contamination(others: Tensor) -> Disturb:
    """A disturbance that replaces the fraction ``level`` of the images by some of ``others``.

    Args:
        others: (M, C, H, W) in [-1, 1], of the images' shape.
    """

    def contaminate(images: Tensor, level: float, generator: torch.Generator) -> Tensor:
        number = round(level * len(images))
        replaced = torch.randperm(len(images), generator=generator)[:number]
        drawn = torch.randint(len(others), (number,), generator=generator)
        return images.index_copy(0, replaced, others[drawn])

    return contaminate


_FRACTIONS = (0.0, 0.25, 0.5, 0.75)
DISTURBANCES: dict[str, Disturbance] = {
    disturbance.name: disturbance
    for disturbance in (
        Disturbance("noise", _FRACTIONS, "weight of the noise", noise),
        Disturbance("blur", (0.0, 1.0, 2.0, 4.0), "width in pixels", blur),
        Disturbance("rectangles", _FRACTIONS, "side, of the picture's", rectangles),
        Disturbance("swirl", (0.0, 1.0, 2.0, 4.0), "turn in radians", swirl),
        Disturbance("salt-and-pepper", (0.0, 0.1, 0.2, 0.3), "fraction of pixels", salt_and_pepper),
    )
}
"""The five that need nothing but the images, by name."""


def contaminating(others: Tensor) -> Disturbance:
    """The sixth disturbance, see `contamination`."""
    return Disturbance("contamination", _FRACTIONS, "fraction of images", contamination(others))
