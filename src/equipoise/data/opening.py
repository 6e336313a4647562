"""From a path that a person gives to the encoded images that lie there, whatever they lie in."""

from pathlib import Path

from equipoise.config.data import DataSettings
from equipoise.core.errors import UserError
from equipoise.data.archive import is_archive, open_archive
from equipoise.data.folder import FolderRecords
from equipoise.data.paths import did_you_mean
from equipoise.data.reading import Records
from equipoise.data.shards import holds_parquet
from equipoise.data.table import open_table


def open_records(given: str) -> Records:
    """The images of a folder, of a zip or tar archive, or of parquet files in a folder.

    Raises:
        UserError: there are none.
    """
    path = Path(given).expanduser()
    if is_archive(path):
        return open_archive(path)
    if not path.is_dir():
        raise UserError(f"There is no folder or archive {given!r}{did_you_mean(path)}; give one that holds images.")
    return open_table(DataSettings(source="table", path=given)) if holds_parquet(path) else FolderRecords(given)
