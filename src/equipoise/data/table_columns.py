"""Which columns of a table hold images and their classes, and what classes these are."""

from typing import Any

import torch
from torch import Tensor

from equipoise.core.errors import UserError, unknown


def image_column(features: Any, given: str | None) -> str:
    """The column of images.

    Args:
        features: a `datasets.Features`: column names to types.
        given: the column that a person named, if any; otherwise it is the only one declared or built as images.

    Raises:
        UserError: there is no such column, it holds no images, or the choice is not clear.
    """
    images: list[str] = [name for name, feature in features.items() if _holds_images(feature)]
    if given is None:
        if len(images) == 1:
            return images[0]
        found = f"{len(images)} image columns" if images else "no image column"
        raise UserError(f"The table has {found} among {', '.join(features)}; set data.image_column.")
    if given not in features:
        raise unknown("image column", given, features)
    if given not in images and getattr(features[given], "dtype", None) not in ("binary", "large_binary"):
        raise UserError(f"Column {given!r} holds no encoded images; set data.image_column to one that does.")
    return given


def label_column(features: Any, given: str | None) -> str | None:
    """The column of classes: the one that a person named, the only one declared as classes, or None.

    Raises:
        UserError: there is no such column, or it holds neither whole numbers nor words.
    """
    import datasets

    if given is None:
        classes = [name for name, feature in features.items() if isinstance(feature, datasets.ClassLabel)]
        return classes[0] if len(classes) == 1 else None
    if given not in features:
        raise unknown("label column", given, features)
    if not str(getattr(features[given], "dtype", None)).startswith(("int", "uint", "bool", "string", "large_string")):
        raise UserError(f"Column {given!r} holds neither whole numbers nor words; set data.label_column.")
    return given


def _holds_images(feature: Any) -> bool:
    """Whether a column is declared as images, or has the structure in which the hub stores them."""
    import datasets

    return isinstance(feature, datasets.Image) or (isinstance(feature, dict) and {"bytes", "path"} <= set(feature))


def labels_of(dataset: Any, column: str) -> tuple[Tensor | None, tuple[str, ...] | None]:
    """Classes (N,) int64: whole numbers as they are, words numbered in sorted order, -1 (the hub's custom) for none.

    Beside them the names of the classes, where they are declared or are the words. None where no example has a class.
    """
    values = dataset.data.column(column).to_pylist()
    words = sorted({value for value in values if isinstance(value, str)})
    number = {None: -1} | {word: k for k, word in enumerate(words)}
    names = words or getattr(dataset.features[column], "names", None)
    labels = torch.tensor([number.get(value, value) for value in values], dtype=torch.int64)
    if bool((labels < 0).all()):
        return None, None
    return labels, tuple(names) if names else None
