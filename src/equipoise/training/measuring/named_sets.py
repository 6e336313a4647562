"""From what a person types to a set of examples: folders, archives, data sets and runs.

A path that exists is taken for what lies there; otherwise ``digits``, ``ring`` and ``grid`` are the embedded sets and
``owner/name`` is a data set of the Hugging Face hub. ``:split`` may follow a data set.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from equipoise.config import DataSettings
from equipoise.config.files import read_run_settings
from equipoise.core.errors import UserError, nearest
from equipoise.data import build_source
from equipoise.data.archive import is_archive, open_archive
from equipoise.data.decode import quiet
from equipoise.data.folder import FolderRecords
from equipoise.data.images import all_grey
from equipoise.data.reading import Records
from equipoise.data.shards import holds_parquet
from equipoise.data.table import open_table
from equipoise.data.walk import ImageWalk
from equipoise.metrics import FeatureNetwork
from equipoise.training.measuring.example_sets import ExampleSet, GeneratedExamples, SourceExamples, StoredImages

TRAIN = "train"
"""Split that is taken where none is named."""
MIXTURES = ("ring", "grid")
EMBEDDED = ("digits", *MIXTURES)
_HUB_NAME = re.compile(r"\w[\w.-]*/[\w.-]+")
_WITH_SPLIT = re.compile(r"(?P<name>.+):(?P<split>[\w.-]+)")


@dataclass(frozen=True)
class Reading:
    """How examples are read.

    Attributes:
        fit: how images reach the size that fixed-size features take: not at all, by cropping, or by scaling each side.
        channels: 1 for grey, 3 for colour; None for grey where the features take it and every image is grey.
        max_samples: examples to take of sets that have more; None for all.
        num_generated: examples that a run generates; by default the fewest that a distance should be taken of.
        seed: of the choice among examples, and of latents.
        max_unreadable: fraction of images that may be unreadable.
        image_column: of a table with several.
        num_threads: threads that decode.
        shape: (C, H, W) to bring images to, where it is not the features that say so.
    """

    fit: Literal["none", "crop", "squash"] = "none"
    channels: Literal[1, 3] | None = None
    max_samples: int | None = None
    num_generated: int = 10_000
    seed: int = 0
    max_unreadable: float = 0.01
    image_column: str | None = None
    num_threads: int = 2
    shape: tuple[int, int, int] | None = None


def open_set(
    given: str, network: FeatureNetwork, reading: Reading | None = None, split: str | None = None
) -> ExampleSet:
    """The set of examples that ``given`` names.

    Args:
        given: a path, the name of an embedded or a hub data set; a data set may be followed by ``:split``.
        network: that will look at the examples; it says which shape they need.
        reading: how they are read.
        split: of a data set, where ``given`` does not say.

    Raises:
        UserError: nothing of the name can be had; the sentence says what to do.
    """
    reading = reading or Reading()
    name, split = _without_split(given, split)
    path = Path(name).expanduser()
    if split and not (holds_parquet(path) or (_HUB_NAME.fullmatch(name) and not path.exists())):
        raise UserError(f"{name!r} has no splits, so {split!r} cannot be taken; leave it out.")
    if (path / "config.yaml").is_file():
        return GeneratedExamples(path, reading.num_generated, reading.seed)
    if name in EMBEDDED and not path.exists():
        source = build_source(DataSettings(source=name), torch.device("cpu"))
        return SourceExamples(name, source, reading.max_samples, reading.seed)
    kind, records = _records(name, path, reading, split)
    walk = _walk(records, network, reading)
    used = (split or TRAIN) if kind == "table" else None
    return StoredImages(name, kind, walk, reading.max_samples, reading.seed, used)


def holds_points(given: str) -> bool:
    """Whether what ``given`` names holds points, not images: a mixture, or a run on one. Nothing is loaded.

    Raises:
        UserError: a run's settings cannot be read.

    >>> holds_points("ring"), holds_points("digits")
    (True, False)
    """
    path = Path(given).expanduser()
    if (path / "config.yaml").is_file():
        return read_run_settings(path / "config.yaml").data.source in MIXTURES
    return given in MIXTURES and not path.exists()


def require_there(given: str) -> None:
    """Nothing where something of the name may be had: what is typed wrong is told before anything is loaded.

    Raises:
        UserError: there is nothing.
    """
    name, _ = _without_split(given, None)
    path = Path(name).expanduser()
    if not path.exists() and name not in EMBEDDED and not _HUB_NAME.fullmatch(name):
        raise _nothing_there(name, path)


def _without_split(given: str, split: str | None) -> tuple[str, str | None]:
    match = _WITH_SPLIT.fullmatch(given)
    if match is None or Path(given).expanduser().exists():
        return given, split
    if split is not None and split != match["split"]:
        raise UserError(f"{given!r} names the split {match['split']!r}, but {split!r} was given too; give one.")
    return match["name"], match["split"]


def _records(name: str, path: Path, reading: Reading, split: str | None) -> tuple[str, Records]:
    if is_archive(path):
        return "archive", open_archive(path)
    if holds_parquet(path) or (_HUB_NAME.fullmatch(name) and not path.exists()):
        column = {"image_column": reading.image_column} if reading.image_column else {}
        return "table", open_table(DataSettings(source="table", path=name, split=split or TRAIN, **column))
    if not path.is_dir():
        raise _nothing_there(name, path)
    return "folder", FolderRecords(name)


def _nothing_there(name: str, path: Path) -> UserError:
    what = "a folder of images, a .zip or .tar archive, a parquet folder, a run folder, a .npz file, or 'digits'"
    if path.exists():
        return UserError(f"{name!r} is a file of another kind; give {what}.")
    siblings = [str(path.parent / entry.name) for entry in path.parent.iterdir()] if path.parent.is_dir() else []
    guess = nearest(str(path), [*siblings, *EMBEDDED])
    hint = f" (did you mean {guess!r}?)" if guess else ""
    return UserError(f"There is nothing at {name!r}{hint}; give {what}.")


def _walk(records: Records, network: FeatureNetwork, reading: Reading) -> ImageWalk:
    """Images as they are, but for grey ones in features of colour, and for the size where that is asked for."""
    shape = reading.shape or network.example_shape
    if shape is not None and len(shape) != 3:
        raise UserError(f"Images were given, but the features {network.name!r} take shape {shape}.")
    if reading.fit != "none" and shape is None:
        raise UserError(f"The features {network.name!r} take images of any size; leave out fit {reading.fit!r}.")
    with quiet():
        takes_grey = (shape is None or shape[0] == 1) and all_grey(records)
    channels = reading.channels or (1 if takes_grey else 3)
    size = (shape[1], shape[2]) if shape and reading.fit != "none" else None
    resize: Literal["crop", "squash"] = "squash" if reading.fit == "squash" else "crop"
    return ImageWalk(records, channels, size, resize, reading.max_unreadable, reading.num_threads)
