"""Which examples each architecture can make, and the sentence for those that it cannot."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from equipoise.core.errors import UserError

Kind = Literal["points", "images", "text"]

_KINDS: dict[int, Kind] = {1: "points", 2: "text", 3: "images"}
_PLURALS: dict[Kind, str] = {"points": "points", "images": "images", "text": "lines of text"}
# The suggestions for data that the chosen architecture cannot make at all.
_SUGGESTED: dict[Kind, str] = {"points": "mlp", "images": "dcgan", "text": "text"}


class Makes(NamedTuple):
    """What an architecture makes.

    Attributes:
        kind: of examples.
        sizes: heights in pixels of the square images that it makes; empty for other kinds.
    """

    kind: Kind
    sizes: tuple[int, ...] = ()


def check_shape(
    name: str, makes: Mapping[str, Makes], example_shape: tuple[int, ...], verb: Literal["makes", "takes"] = "makes"
) -> None:
    """Refuse examples that architecture ``name`` cannot make, or take.

    Args:
        name: the architecture.
        makes: what each architecture makes, or takes.
        example_shape: (D,) of points, (V, L) of text or (C, H, W) of images.
        verb: what it does with examples.

    Raises:
        UserError: the shape is not that of examples, or not one that ``name`` makes.

    >>> check_shape("dcgan", {"dcgan": Makes("images", (8, 16))}, (1, 8, 12))
    Traceback (most recent call last):
    equipoise.core.errors.UserError: dcgan makes images of 8 or 16 pixels, but the data have 8 x 12; set \
data.resolution to 16 and data.resize to crop.
    """
    if len(example_shape) not in _KINDS:
        raise UserError(
            f"The data have shape {example_shape}; give points (D,), text (symbols, length) or images "
            f"(channels, height, width)."
        )
    kind = _KINDS[len(example_shape)]
    if kind != makes[name].kind:
        raise UserError(
            f"{name} {verb} {_PLURALS[makes[name].kind]}, but the data are {_described(kind, example_shape)}; "
            f"{_other_architecture(kind, makes)}."
        )
    if kind == "images":
        _check_size(f"{name} {verb}", makes[name].sizes, _sizes(makes), *example_shape[1:])


def _described(kind: Kind, shape: tuple[int, ...]) -> str:
    if kind == "images":
        return f"images of {shape[1]} x {shape[2]} pixels"
    return f"points of {shape[0]} coordinates" if kind == "points" else f"lines of {shape[1]} symbols"


def _other_architecture(kind: Kind, makes: Mapping[str, Makes]) -> str:
    """The suggestion for examples of another kind than those of the chosen architecture."""
    able = [name for name, each in makes.items() if each.kind == kind]
    if not able:
        return "give other data"
    return f"set network.architecture to {_SUGGESTED[kind] if _SUGGESTED[kind] in able else able[0]}"


def _sizes(makes: Mapping[str, Makes]) -> dict[str, tuple[int, ...]]:
    return {name: each.sizes for name, each in makes.items()}


def _check_size(
    claim: str, allowed: tuple[int, ...], sizes: Mapping[str, tuple[int, ...]], height: int, width: int
) -> None:
    if height != width or height not in allowed:
        raise UserError(
            f"{claim} images of {_choices(allowed)} pixels, but the data have {height} x {width}; "
            f"{_remedy(sizes, allowed, height, width)}."
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
