"""``equipoise resume RUN [--field value ...]``."""

import warnings
from pathlib import Path

from equipoise.cli.parsing import parse
from equipoise.config import RunSettings
from equipoise.core.errors import IgnoredSettingWarning, UserError

PROG = "equipoise resume RUN"
DESCRIPTION = """Go on from the newest intact checkpoint of RUN, a run's folder such as runs/digits.

The options below change the run's settings from here on, as far as that leaves it the same run: its length
(--training.steps), how often it logs, measures and saves, what the guard does, and the machine it runs on."""


def main(arguments: list[str]) -> int:
    """Go on with a run; returns the exit code."""
    if {"-h", "--help"} & set(arguments):
        parse(RunSettings, ["--help"], prog=PROG, description=DESCRIPTION)
    if not arguments or arguments[0].startswith("-"):
        raise UserError("Missing: RUN, the folder of the run to resume, such as runs/digits, before any option.")
    path, options = Path(arguments[0]), arguments[1:]
    from equipoise.cli.watching import watched
    from equipoise.training import RunFolder, resume

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IgnoredSettingWarning)  # they were said when the run was started
        settings = RunFolder.open(path).settings
        if options:
            settings = parse(RunSettings, options, prog=PROG, description=DESCRIPTION, default=settings)
    return watched(lambda observer, stop, on_load: resume(path, observer, stop, on_load, settings), path)
