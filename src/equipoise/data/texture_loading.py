"""From settings to a texture: the smooth pattern, or photographs read from a folder, an archive or parquet files.

Photographs are held in memory at their own size, since patches are cut at it.
"""

from pathlib import Path

from equipoise.config.data import DataSettings
from equipoise.core.errors import UserError
from equipoise.core.seeding import derived_seed
from equipoise.data.archive import is_archive, open_archive
from equipoise.data.decode import UnreadableImageError, decode, quiet, to_array
from equipoise.data.folder import FolderRecords
from equipoise.data.paths import did_you_mean
from equipoise.data.reading import Records, opened
from equipoise.data.shards import holds_parquet
from equipoise.data.table import open_table
from equipoise.data.texture import Photographs, Pixels, SmoothTexture, Texture, Texturing
from equipoise.data.unreadable import Unreadable


def build_texturing(settings: DataSettings, shape: tuple[int, int, int]) -> Texturing | None:
    """What the settings ask to do to images (C, H, W), or None.

    Different splits of a data set get different patches.

    Raises:
        UserError: there are no photographs as described, or they are too small or too many.

    Warns:
        DataWarning: some photographs are unreadable and left out.
    """
    if settings.texture == "none":
        return None
    seed = derived_seed(settings.texture_seed, f"texture/{settings.split}")
    return Texturing(_texture(settings, shape), seed, settings.texture_strength)


def _texture(settings: DataSettings, shape: tuple[int, int, int]) -> Texture:
    if settings.texture == "smooth":
        return SmoothTexture()
    with quiet():
        images, unreadable = _photographs(_records(settings.texture), settings, shape)
    unreadable.warn()
    return Photographs(images)


def _records(given: str) -> Records:
    path = Path(given).expanduser()
    if is_archive(path):
        return open_archive(path)
    if not path.is_dir():
        raise UserError(
            f"There is no folder or archive {given!r}{did_you_mean(path)}; set data.texture to none, to smooth, or to "
            f"a folder or archive of photographs."
        )
    if holds_parquet(path):
        return open_table(DataSettings(source="table", path=given))
    return FolderRecords(given)


def _photographs(
    records: Records, settings: DataSettings, shape: tuple[int, int, int]
) -> tuple[list[Pixels], Unreadable]:
    """Every readable photograph, (C, H, W) in the channels of ``shape``, and the account of the others."""
    unreadable = Unreadable(len(records), settings.max_unreadable)
    images: list[Pixels] = []
    failures = {}
    remaining = settings.memory_limit << 20
    for index in range(len(records)):
        try:
            with opened(records, index) as file:
                image = to_array(decode(file, channels=shape[0]))
        except UnreadableImageError as error:
            failures[records.name(index)] = str(error)
            continue
        _require_larger(records.name(index), image.shape[1:], shape)
        remaining -= image.size
        _require_room(remaining, settings)
        images.append(image)
    unreadable.add(failures)
    return images, unreadable


def _require_larger(name: str, size: tuple[int, ...], shape: tuple[int, int, int]) -> None:
    (height, width), (_, wanted_height, wanted_width) = size, shape
    if height < wanted_height or width < wanted_width:
        raise UserError(
            f"Photograph {name!r} is {width} x {height} pixels, smaller than the images of {wanted_width} x "
            f"{wanted_height}; set data.resolution to a smaller size, or give larger photographs as data.texture."
        )


def _require_room(remaining: int, settings: DataSettings) -> None:
    if remaining < 0:
        raise UserError(
            f"The photographs of data.texture {settings.texture!r} are more than data.memory_limit, "
            f"{settings.memory_limit} MiB; give fewer, or a larger limit."
        )
