"""The folder that a person names, or the sentence about why it is not one."""

import os
from pathlib import Path

from equipoise.core.errors import UserError, nearest


def existing_folder(given: str | None, needs: str) -> Path:
    """The folder at ``given``.

    Args:
        given: as the user wrote it; ~ is the home folder.
        needs: what it should hold, in words.

    Raises:
        UserError: nothing is given, nothing is there, or a file is.
    """
    path = given_path(given, needs)
    if path.is_dir():
        return path
    if path.exists():
        raise UserError(f"data.path is {given!r}, which is a file; give a folder with {needs}.")
    raise UserError(f"There is no folder {given!r}{did_you_mean(path)}; set data.path to a folder with {needs}.")


def given_path(given: str | None, needs: str) -> Path:
    """The path at ``given``, whether or not anything is there."""
    if not given:
        raise UserError(f"data.path is not given; set it to a folder with {needs}.")
    return Path(given).expanduser()


def did_you_mean(path: Path) -> str:
    """A hint at the entry beside ``path`` that is named most like it, or nothing."""
    try:
        guess = nearest(path.name, os.listdir(path.parent))
    except OSError:
        return ""
    return f" (did you mean {str(path.parent / guess)!r}?)" if guess else ""
