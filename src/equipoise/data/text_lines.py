"""Lines of text as bytes, one after the other, from wherever they are kept.

Whatever gives them can be walked any number of times and holds none of the text, so that a set may be larger than
memory. A single file has two splits: which of them a line belongs to follows from the line itself.
"""

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from equipoise.config.data import DataSettings
from equipoise.core.errors import UserError, unknown
from equipoise.data.hub import hub_dataset, is_hub_name
from equipoise.data.paths import did_you_mean
from equipoise.data.shards import shards
from equipoise.data.text_grammar import GrammarLines

_NEEDS = "a text file with one sentence per line, a folder with train.txt and test.txt, or a data set of the hub"
_HEAD = 1 << 16
_ROWS = 1000


class RawLines(Protocol):
    """Lines in a fixed order.

    Attributes:
        name: what a person calls them.
    """

    name: str

    def __iter__(self) -> Iterator[bytes]:
        """Every line, with or without its end."""


class FileLines:
    """The lines of one file.

    Args:
        path: the file.
        split: train or test, or None for the whole file.
        held_out: part of the lines that is the split test.

    Raises:
        UserError: the file cannot be read or is not text, or there is no such split.
    """

    def __init__(self, path: Path, split: str | None = None, held_out: float = 0.1) -> None:
        if split not in (None, "train", "test"):
            raise unknown("split", split, ("train", "test"))
        self.name, self._path, self._split = f"{path}, split {split}" if split else str(path), path, split
        self._bound = round(held_out * 2**32)
        _require_text(path)

    def __iter__(self) -> Iterator[bytes]:
        with self._path.open("rb") as file:
            for line in file:
                # The checksum of a line without its end: the same line is on one side whatever system wrote it.
                content = line.strip()
                if self._split is None or not content or (zlib.crc32(content) < self._bound) == (self._split == "test"):
                    yield line


def _require_text(path: Path) -> None:
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise UserError(f"Text file '{path}' cannot be read ({error.strerror}); make it readable.") from error
    if not head:
        raise UserError(f"Text file '{path}' is empty; give {_NEEDS}.")
    if b"\0" in head:
        raise UserError(
            f"'{path}' is not a text file (it has zero bytes); give {_NEEDS}, and convert UTF-16 to UTF-8 first."
        )


class TableLines:
    """The lines of a column of strings; an entry of several lines counts as several.

    Args:
        name: what a person calls the table.
        chunks: makes an iterator over lists of entries; called once a walk.
    """

    def __init__(self, name: str, chunks: Any) -> None:
        self.name, self._chunks = name, chunks

    def __iter__(self) -> Iterator[bytes]:
        for entries in self._chunks():
            for entry in entries:
                if entry is not None:
                    yield from entry.encode("utf-8", errors="surrogatepass").split(b"\n")


def open_lines(settings: DataSettings) -> RawLines:
    """The lines of the split that the settings name.

    Raises:
        UserError: there is no such file, data set, split or column, or it is not text.
    """
    if not settings.path:
        return GrammarLines(settings.split)
    path = Path(settings.path).expanduser()
    if path.is_file():
        return FileLines(path, settings.split, settings.held_out)
    if path.is_dir():
        return _from_folder(path, settings)
    if is_hub_name(settings.path) and not path.parent.is_dir() and path.suffix != ".txt":
        return _from_hub(settings)
    raise UserError(f"There is no file {settings.path!r}{did_you_mean(path)}; set data.path to {_NEEDS}.")


def _from_folder(folder: Path, settings: DataSettings) -> RawLines:
    texts = {file.stem: file for file in sorted(folder.glob("*.txt"))}
    if settings.split in texts:
        return FileLines(texts[settings.split])
    if texts:
        raise unknown("split", settings.split, texts)
    if any(folder.glob("*.parquet")) or any(folder.glob("data/*.parquet")):
        return _from_parquet(settings)
    raise UserError(f"There are no text files in {settings.path!r}; set data.path to {_NEEDS}.")


def _from_parquet(settings: DataSettings) -> TableLines:
    import datasets
    import pyarrow.parquet as parquet  # type: ignore[import-untyped]

    files = shards(settings)
    features = datasets.Features.from_arrow_schema(parquet.read_schema(files[0]))
    column = text_column(features, settings.text_column)

    def chunks() -> Iterator[list[str | None]]:
        for file in files:
            for batch in parquet.ParquetFile(file).iter_batches(columns=[column]):
                yield batch.column(0).to_pylist()

    return TableLines(f"{settings.path}, split {settings.split}", chunks)


def _from_hub(settings: DataSettings) -> TableLines:
    dataset = hub_dataset(settings)
    column = text_column(dataset.features, settings.text_column)
    texts = dataset.select_columns([column])

    def chunks() -> Iterator[list[str | None]]:
        for rows in texts.iter(batch_size=_ROWS):
            yield rows[column]

    return TableLines(f"{settings.path}, split {settings.split}", chunks)


def text_column(features: Any, given: str | None) -> str:
    """The column of text: the one that a person named, the only one of strings, or the one called text.

    Args:
        features: a `datasets.Features`: column names to types.
        given: the column that a person named, if any.

    Raises:
        UserError: there is no such column, it holds no strings, or the choice is not clear.
    """
    strings = [
        name for name, feature in features.items() if getattr(feature, "dtype", "") in ("string", "large_string")
    ]
    if given is None:
        if len(strings) == 1 or "text" in strings:
            return strings[0] if len(strings) == 1 else "text"
        found = f"{len(strings)} columns of strings" if strings else "no column of strings"
        raise UserError(f"The table has {found} among {', '.join(features)}; set data.text_column.")
    if given not in features:
        raise unknown("text column", given, features)
    if given not in strings:
        raise UserError(f"Column {given!r} holds no strings; set data.text_column to one that does.")
    return given
