"""The parquet files of a split in a local folder, named as on the Hugging Face hub."""

import re
from pathlib import Path

from equipoise.config.data import DataSettings
from equipoise.core.errors import UserError, unknown
from equipoise.data.paths import existing_folder

NEEDS = "parquet files named like train-00000-of-00001.parquet"
_SHARD = re.compile(r"(?P<split>.+?)(-\d+-of-(?P<count>\d+))?")


def shards(settings: DataSettings) -> list[Path]:
    """The parquet files of the split, in order; they lie in the folder itself or in its sub-folder ``data``.

    Raises:
        UserError: there is no such folder or split, or some of its files are missing.
    """
    folder = existing_folder(settings.path, NEEDS)
    found = _parquet_files(folder)
    if settings.subset is not None:
        raise UserError(f"data.subset is {settings.subset!r}, but {settings.path!r} is a local folder; leave it out.")
    if not found:
        raise UserError(f"There are no parquet files in {settings.path!r}; set data.path to a folder with {NEEDS}.")
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
