"""Which examples each architecture can make, and the sentence for those that it cannot."""

from collections.abc import Mapping

from equipoise.core.errors import UserError

# The suggestions for data that the chosen architecture cannot make at all.
_FOR_POINTS, _FOR_IMAGES = "mlp", "dcgan"


def check_shape(name: str, sizes: Mapping[str, tuple[int, ...]], example_shape: tuple[int, ...]) -> None:
    """Refuse examples that architecture ``name`` cannot make.

    Args:
        name: the architecture.
        sizes: for each architecture, the heights in pixels of the square images that it makes; none means points.
        example_shape: (D,) of points or (C, H, W) of images.

    Raises:
        UserError: the shape is not that of points or images, or not one that ``name`` makes.

    >>> check_shape("dcgan", {"dcgan": (8, 16)}, (1, 8, 12))
    Traceback (most recent call last):
    equipoise.core.errors.UserError: dcgan makes images of 8 or 16 pixels, but the data have 8 x 12; set \
data.resolution to 16 and data.resize to crop.
    """
    if len(example_shape) == 1:
        _check_points(name, sizes[name], example_shape[0])
    elif len(example_shape) == 3:
        _check_images(name, sizes, *example_shape[1:])
    else:
        raise UserError(f"The data have shape {example_shape}; give points (D,) or images (channels, height, width).")


def _check_points(name: str, sizes: tuple[int, ...], num_coordinates: int) -> None:
    if sizes:
        raise UserError(
            f"{name} makes images, but the data are points of {num_coordinates} coordinates; "
            f"set network.architecture to {_FOR_POINTS}."
        )


def _check_images(name: str, sizes: Mapping[str, tuple[int, ...]], height: int, width: int) -> None:
    if not sizes[name]:
        raise UserError(
            f"{name} makes points, but the data are images of {height} x {width} pixels; "
            f"set network.architecture to {_FOR_IMAGES}."
        )
    if height != width or height not in sizes[name]:
        raise UserError(
            f"{name} makes images of {_choices(sizes[name])} pixels, but the data have {height} x {width}; "
            f"{_remedy(sizes, sizes[name], height, width)}."
        )


def _choices(sizes: tuple[int, ...]) -> str:
    """The sizes in words: "8, 16 or 32"."""
    *others, last = map(str, sizes)
    return f"{', '.join(others)} or {last}" if others else last


def _remedy(sizes: Mapping[str, tuple[int, ...]], allowed: tuple[int, ...], height: int, width: int) -> str:
    """Bring the data to the nearest size, or take an architecture that makes images of the size that they have."""
    longer = max(height, width)
    nearest = min(allowed, key=lambda size: (abs(size - longer), -size))
    remedy = f"set data.resolution to {nearest} and data.resize to crop"
    able = [name for name, others in sizes.items() if height == width and height in others]
    return f"{remedy}, or network.architecture to {able[0]}" if able else remedy
