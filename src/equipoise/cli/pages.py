"""Pages as commands make them: at the end of a run or study, or when asked for."""

import shlex
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

from equipoise.cli.settings import parse_settings
from equipoise.config.files import read_run_settings
from equipoise.core.errors import EquipoiseError, IgnoredSettingWarning, UserError
from equipoise.recipes import RECIPES


def make_page(paths: Sequence[Path], out: Path | None = None) -> Path:
    """Draw the page of a run or a study, or of several runs side by side.

    Args:
        paths: folders of runs, or the one of a study.
        out: the file to write; by default ``report.html`` in the folder drawn, or here where there are several.

    Returns:
        The file.

    Raises:
        UserError: a folder is none of these, or the file is somebody else's.
    """
    from equipoise.reports.pages.page import PAGE, refuse_foreign, write_page
    from equipoise.reports.pages.study_page import is_study, study_page

    target = out or (paths[0] / PAGE if len(paths) == 1 else Path(PAGE))
    target = target / PAGE if target.is_dir() else target
    studies = [path for path in paths if is_study(path)]
    if studies and len(paths) > 1:
        raise UserError(f"'{studies[0]}' is a study, which is drawn alone; give one study, or runs.")
    refuse_foreign(target)
    return write_page(target, study_page(paths[0]) if studies else _page_of_runs(paths))


def _page_of_runs(paths: Sequence[Path]) -> str:
    from equipoise.reports.pages.records import RunRecords
    from equipoise.reports.pages.run_page import run_page
    from equipoise.reports.pages.runs_page import MOST_RUNS, runs_page

    if len(paths) > MOST_RUNS:
        raise UserError(
            f"{len(paths)} runs were given, but at most {MOST_RUNS} can be told apart side by side; give fewer."
        )
    runs = [RunRecords.read(path) for path in paths]
    commands = [command_of(path) for path in paths]
    return run_page(runs[0], commands[0]) if len(runs) == 1 else runs_page(runs, commands)


def command_of(path: Path) -> str:
    """What to type to make the run at ``path`` again: a recipe with what differs from it, or its settings file.

    The command is read back before it is given; where it cannot say all settings, the file does.
    """
    from equipoise.reports.pages.differences import command

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IgnoredSettingWarning)
        try:
            settings = read_run_settings(path / "config.yaml")
            short = command(settings, {name: recipe.settings() for name, recipe in RECIPES.items()})
            if parse_settings(shlex.split(short)[2:]) == settings:
                return short
        except EquipoiseError:  # settings of another version
            pass
    return f"equipoise train --config {shlex.quote(str(path / 'config.yaml'))}"


def page_after(folder: Path) -> Path | None:
    """Draw the page of what has just ended; None, and a sentence, where that fails: it fails no run."""
    try:
        return make_page([folder])
    except Exception as error:  # whatever it is, the run or study is whole
        print(f"warning: the page was not drawn: {error or type(error).__name__}", file=sys.stderr)
        return None


def say_page(folder: Path) -> None:
    """Draw the page of a study that has just ended, and say where it lies."""
    if page := page_after(folder):
        print(f"What was found, in words and pictures: {page}")
