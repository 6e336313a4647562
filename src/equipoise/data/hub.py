"""Data sets of the Hugging Face hub, by name."""

import re
import sys
from pathlib import Path
from typing import Any

from equipoise.config.data import DataSettings
from equipoise.core.errors import UserError, unknown
from equipoise.data.paths import did_you_mean

_HUB_NAME = re.compile(r"\w[\w.-]*/[\w.-]+")


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
    hide_bars_off_terminal()
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
            f"no data set of this name ({first_line(error)}); check name and connection, or give a local folder of "
            f"parquet files by --data.path."
        ) from error


def hide_bars_off_terminal() -> None:
    """Progress bars of `datasets` go to the error stream; in a log file they would be thousands of lines."""
    import datasets

    if not sys.stderr.isatty():
        datasets.disable_progress_bars()


def first_line(error: Exception) -> str:
    """Class and first line of an error of a library, for a sentence."""
    return f"{type(error).__name__}: {error}".partition("\n")[0].rstrip(".")
