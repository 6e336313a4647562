"""Images in a column of a table: parquet files in the layout of the Hugging Face hub, or a data set of the hub.

Local parquet is read without the Arrow copy that `datasets` makes, which would double what is on the user's disk. Only
a set whose encoded images exceed the memory limit is copied, into Equipoise's own cache folder: random access to
single rows, which a seeded order needs, is fast in a memory-mapped Arrow file and hopeless in parquet. Nested image
columns are not supported.
"""

import hashlib
import io
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

from equipoise.config.data import DataSettings
from equipoise.core.errors import UserError
from equipoise.core.files import cache_folder
from equipoise.data.decode import UnreadableImageError
from equipoise.data.hub import first_line, hide_bars_off_terminal, hub_dataset, is_hub_name
from equipoise.data.paths import given_path
from equipoise.data.shards import NEEDS, shards
from equipoise.data.table_columns import image_column, label_column, labels_of


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
        labels, classes = (None, None) if label_column is None else labels_of(dataset, label_column)
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
    path = given_path(settings.path, NEEDS + ", or the name of a hub data set")
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
            f"({first_line(error)}); download them again."
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
    hide_bars_off_terminal()
    cache = str(cache_folder() / "tables")
    names = [str(file) for file in files]
    return datasets.Dataset.from_parquet(names, columns=columns, cache_dir=cache), image, label


def _from_hub(settings: DataSettings) -> TableRecords:
    dataset = hub_dataset(settings)
    image = image_column(dataset.features, settings.image_column)
    label = label_column(dataset.features, settings.label_column)
    return TableRecords(dataset, image, label, dataset._fingerprint)
