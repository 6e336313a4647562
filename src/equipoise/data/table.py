"""Images in a column of a table: parquet files in the layout of the Hugging Face hub, or a data set of the hub.

Local parquet is read without the Arrow copy that `datasets` makes, which would double what is on the user's disk. Only
a set whose encoded images exceed the memory limit is copied, into Equipoise's own cache folder: random access to
single rows, which a seeded order needs, is fast in a memory-mapped Arrow file and hopeless in parquet. Nested image
columns are not supported.
"""

import hashlib
import io
import re
import sys
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor

from equipoise.config.data import DataSettings
from equipoise.core.errors import UserError, unknown
from equipoise.core.files import cache_folder
from equipoise.data.decode import UnreadableImageError
from equipoise.data.paths import did_you_mean, existing_folder, given_path

_NEEDS = "parquet files named like train-00000-of-00001.parquet"
_HUB_NAME = re.compile(r"\w[\w.-]*/[\w.-]+")
_SHARD = re.compile(r"(?P<split>.+?)(-\d+-of-(?P<count>\d+))?")


class TableRecords:
    """Images in a column; an implementation of `equipoise.data.reading.Records`.

    Args:
        dataset: a `datasets.Dataset` with the columns below.
        image_column: holds structs of bytes and path, or bytes.
        label_column: holds classes, or None.
        fingerprint: identity of the data.
    """

    def __init__(self, dataset: Any, image_column: str, label_column: str | None, fingerprint: str) -> None:
        self._dataset, self._image_column, self._fingerprint = dataset, image_column, fingerprint
        labels, classes = (None, None) if label_column is None else _labels(dataset, label_column)
        self.labels, self.classes = labels, classes

    @cached_property
    def _images(self) -> Any:
        """The column as Arrow array; reading rows through `datasets` would cost as much as decoding them."""
        return self._dataset.data.column(self._image_column)

    def __getstate__(self) -> dict[str, Any]:
        # A `Dataset` on disk is pickled as the path of its file, a bare Arrow column with all its content.
        return {key: value for key, value in self.__dict__.items() if key != "_images"}

    def __len__(self) -> int:
        return len(self._dataset)

    def name(self, index: int) -> str:
        """Number of the row, from 0, and the file name that the row gives, if any."""
        row = self._images[index].as_py()
        path = row.get("path") if isinstance(row, dict) else None
        return f"row {index} ({path})" if path else f"row {index}"

    def open(self, index: int) -> BinaryIO:
        """The encoded image of a row."""
        row = self._images[index].as_py()
        if isinstance(row, dict):
            row = row["bytes"] or row.get("path")
        if not row:
            raise UnreadableImageError("is empty")
        return io.BytesIO(row) if isinstance(row, bytes) else Path(row).open("rb")

    def without_labels(self) -> "TableRecords":
        """The same images, in a table without the column of labels."""
        images = self._dataset.select_columns([self._image_column])
        return TableRecords(images, self._image_column, None, self._fingerprint)

    def fingerprint(self) -> str:
        """Identity of the files, or of the hub's version of the data set, and the column."""
        return hashlib.sha256(f"{self._fingerprint} {self._image_column}".encode()).hexdigest()


def open_table(settings: DataSettings) -> TableRecords:
    """The split and columns that the settings name.

    Raises:
        UserError: there is no such data set, split or column, or it has no rows.
    """
    path = given_path(settings.path, _NEEDS + ", or the name of a hub data set")
    from_hub = settings.path is not None and is_hub_name(settings.path) and not path.exists()
    records = _from_hub(settings) if from_hub else _from_folder(settings)
    if not len(records):
        raise UserError(f"Split {settings.split!r} of {settings.path!r} has no rows; choose another data.split.")
    return records


def _from_folder(settings: DataSettings) -> TableRecords:
    files = shards(settings)
    identity = repr([(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files])
    try:
        dataset, image, label = _read(files, settings)
    except UserError:
        raise
    except Exception as error:  # Arrow's errors derive from ValueError, OSError, KeyError ... by the kind of damage
        raise UserError(
            f"The parquet files of split {settings.split!r} in {settings.path!r} cannot be read "
            f"({_first_line(error)}); download them again."
        ) from error
    return TableRecords(dataset, image, label, identity)


def _read(files: list[Path], settings: DataSettings) -> tuple[Any, str, str | None]:
    """A `datasets.Dataset` of the columns of images and labels, and their names."""
    import datasets
    import pyarrow.parquet as parquet  # type: ignore[import-untyped]

    features = datasets.Features.from_arrow_schema(parquet.read_schema(files[0]))
    image = image_column(features, settings.image_column)
    label = label_column(features, settings.label_column)
    columns = [image] if label is None else [image, label]
    if sum(file.stat().st_size for file in files) <= settings.memory_limit << 20:
        table = datasets.table.InMemoryTable(parquet.read_table(files, columns=columns))
        return datasets.Dataset(table, fingerprint="unused"), image, label  # else the whole content would be hashed
    _hide_bars_off_terminal()
    cache = str(cache_folder() / "tables")
    names = [str(file) for file in files]
    return datasets.Dataset.from_parquet(names, columns=columns, cache_dir=cache), image, label


def shards(settings: DataSettings) -> list[Path]:
    """The parquet files of the split, in order; they lie in the folder itself or in its sub-folder ``data``.

    Raises:
        UserError: there is no such folder or split, or some of its files are missing.
    """
    folder = existing_folder(settings.path, _NEEDS)
    found = _parquet_files(folder)
    if settings.subset is not None:
        raise UserError(f"data.subset is {settings.subset!r}, but {settings.path!r} is a local folder; leave it out.")
    if not found:
        raise UserError(f"There are no parquet files in {settings.path!r}; set data.path to a folder with {_NEEDS}.")
    splits: dict[str, list[Path]] = {}
    for file in found:
        splits.setdefault(_shard(file)["split"], []).append(file)
    if settings.split not in splits:
        raise unknown("split", settings.split, sorted(splits))
    files = splits[settings.split]
    count = _shard(files[0])["count"]
    if count and len(files) != int(count):
        raise UserError(
            f"Split {settings.split!r} in {settings.path!r} has {len(files)} of its {int(count)} files; "
            "download the rest, or rename those you have."
        )
    return files


def holds_parquet(folder: Path) -> bool:
    """Whether there are parquet files in ``folder`` itself or in its sub-folder ``data``."""
    return bool(_parquet_files(folder))


def _parquet_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.parquet")) or sorted((folder / "data").glob("*.parquet"))


def _shard(file: Path) -> re.Match[str]:
    match = _SHARD.fullmatch(file.stem)
    assert match is not None, "every name matches, if only as a split"
    return match


def _from_hub(settings: DataSettings) -> TableRecords:
    dataset = hub_dataset(settings)
    image = image_column(dataset.features, settings.image_column)
    label = label_column(dataset.features, settings.label_column)
    return TableRecords(dataset, image, label, dataset._fingerprint)


def is_hub_name(given: str) -> bool:
    """Whether ``given`` can be the name of a data set of the hub."""
    return _HUB_NAME.fullmatch(given) is not None


def hub_dataset(settings: DataSettings) -> Any:
    """The split of a data set of the hub, as a `datasets.Dataset`.

    Raises:
        UserError: the hub gives no data set of this name, or it has no such split.
    """
    import datasets

    assert settings.path is not None
    _hide_bars_off_terminal()
    try:
        splits = datasets.get_dataset_split_names(settings.path, settings.subset)
        if settings.split not in splits:
            raise unknown("split", settings.split, splits)
        return datasets.load_dataset(settings.path, settings.subset, split=settings.split)
    except UserError:
        raise
    except Exception as error:  # the hub's errors are of many classes, which change from version to version
        raise UserError(
            f"There is no folder {settings.path!r}{did_you_mean(Path(settings.path))}, and the Hugging Face hub gave "
            f"no data set of this name ({_first_line(error)}); check name and connection, or give a local folder of "
            f"parquet files by --data.path."
        ) from error


def _hide_bars_off_terminal() -> None:
    """Progress bars of `datasets` go to the error stream; in a log file they would be thousands of lines."""
    import datasets

    if not sys.stderr.isatty():
        datasets.disable_progress_bars()


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".partition("\n")[0].rstrip(".")


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


def _labels(dataset: Any, column: str) -> tuple[Tensor | None, tuple[str, ...] | None]:
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
