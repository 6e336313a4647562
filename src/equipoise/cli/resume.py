"""``equipoise resume RUN``."""

from dataclasses import dataclass
from pathlib import Path

import tyro

from equipoise.cli.parsing import parse


@dataclass(frozen=True)
class Arguments:
    """What to resume."""

    run: tyro.conf.Positional[Path]
    """The run's folder, such as runs/digits."""


def main(arguments: list[str]) -> int:
    """Go on with a run; returns the exit code."""
    given = parse(Arguments, arguments, prog="equipoise resume", description="Go on from the newest intact checkpoint.")
    from equipoise.cli.watching import watched
    from equipoise.training import resume

    return watched(lambda observer, stop, on_load: resume(given.run, observer, stop, on_load), given.run)
