"""Sample pictures: a grid of generated images, or generated points over real ones. Pillow alone."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from PIL import Image, ImageDraw
from torch import Tensor

from equipoise.core.errors import UserError
from equipoise.core.files import replacing
from equipoise.data import Vocabulary
from equipoise.training.lines import save_lines

NUM_PICTURED_IMAGES, NUM_PICTURED_POINTS = 64, 1000
"""Examples of a sample picture."""
_POINTS_SIZE = 480
_REAL, _FAKE = (176, 182, 190), (214, 72, 40)


def to_pixels(images: Tensor) -> Tensor:
    """Images in [-1, 1] as uint8, rounded; shape unchanged. The inverse of how sources normalise.

    >>> to_pixels(torch.tensor([-1.0, 0.0, 1.0]))
    tensor([  0, 128, 255], dtype=torch.uint8)
    """
    return images.float().add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8)


def image_of(pixels: Tensor) -> Image.Image:
    """A Pillow image of one uint8 image (C, H, W) with 1 or 3 channels."""
    array = pixels.cpu().permute(1, 2, 0).contiguous().numpy()
    return Image.fromarray(array[..., 0] if array.shape[-1] == 1 else array)


def image_grid(images: Tensor, num_columns: int | None = None) -> Image.Image:
    """Images (N, C, H, W) in [-1, 1] in a grid, square-ish by default, enlarged to at least 32 pixels each."""
    pixels = to_pixels(images)
    columns = num_columns or math.ceil(math.sqrt(len(pixels)))
    rows = math.ceil(len(pixels) / columns)
    blank = pixels.new_full((rows * columns - len(pixels), *pixels.shape[1:]), 255)
    framed = torch.nn.functional.pad(torch.cat([pixels, blank]), (0, 1, 0, 1), value=255)
    channels, height, width = framed.shape[1:]
    tiles = framed.view(rows, columns, channels, height, width).permute(2, 0, 3, 1, 4)
    tiles = tiles.reshape(channels, rows * height, columns * width)
    grid = image_of(tiles)
    scale = max(1, math.ceil(32 / images.shape[-1]))
    return grid.resize((grid.width * scale, grid.height * scale), Image.Resampling.NEAREST)


def point_cloud(fake: Tensor, real: Tensor) -> Image.Image:
    """Generated points (N, 2) in red over real points (M, 2) in grey, framed by the real ones."""
    picture = Image.new("RGB", (_POINTS_SIZE, _POINTS_SIZE), "white")
    draw = ImageDraw.Draw(picture)
    centre = (real.amax(0) + real.amin(0)) / 2
    scale = _POINTS_SIZE / (2.4 * (real - centre).abs().max().item())
    for points, colour in ((real, _REAL), (fake, _FAKE)):
        for x, y in ((points - centre) * scale).clamp(-_POINTS_SIZE, _POINTS_SIZE).tolist():
            draw.circle((_POINTS_SIZE / 2 + x, _POINTS_SIZE / 2 - y), 1.5, fill=colour)
    return picture


def save_picture(path: Path, fake: Tensor, real: Tensor) -> None:
    """Write a picture of generated examples; ``real`` ones are drawn beside them where examples are points."""
    picture = image_grid(fake) if fake.ndim == 4 else point_cloud(fake.cpu(), real.cpu())
    with replacing(path) as temporary:
        picture.save(temporary, format="PNG")


def save_rows(path: Path, rows: Sequence[Tensor]) -> None:
    """Write a picture of rows of images, each row (N, C, H, W) in [-1, 1], enlarged to at least 32 pixels an image."""
    pixels = torch.stack([to_pixels(row.cpu()) for row in rows])
    framed = torch.nn.functional.pad(pixels, (0, 1, 0, 1), value=255)
    num_rows, number, channels, height, width = framed.shape
    tiles = framed.permute(2, 0, 3, 1, 4).reshape(channels, num_rows * height, number * width)
    picture, scale = image_of(tiles), max(1, math.ceil(32 / pixels.shape[-1]))
    picture = picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.NEAREST)
    with replacing(path) as temporary:
        picture.save(temporary, format="PNG")


def save_samples(folder: Path, batches: Iterable[Tensor], vocabulary: Vocabulary | None = None) -> None:
    """Write batches of examples into a new ``folder``: one PNG per image, ``points.csv``, or ``lines.txt``.

    Args:
        folder: must not exist.
        batches: images (N, C, H, W), points (N, D), or lines (N, V, L).
        vocabulary: of lines.

    Raises:
        UserError: the folder exists already or cannot be made.
    """
    try:
        folder.mkdir(parents=True)
    except FileExistsError as error:
        raise UserError(f"'{folder}' exists already; choose another --out, or remove it.") from error
    except OSError as error:
        raise UserError(f"'{folder}' cannot be made ({error.strerror}); choose another --out.") from error
    if vocabulary:
        save_lines(folder / "lines.txt", batches, vocabulary)
        return
    number = 0
    for batch in batches:
        if batch.ndim == 2:
            _append_points(folder / "points.csv", batch)
            continue
        for pixels in to_pixels(batch):
            image_of(pixels).save(folder / f"{number:06d}.png")
            number += 1


def _append_points(path: Path, points: Tensor) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.writelines(",".join(f"{value:.6g}" for value in point) + "\n" for point in points.tolist())
