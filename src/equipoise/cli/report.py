"""``equipoise report RUN|STUDY ... [--out FILE]``."""

from dataclasses import dataclass
from pathlib import Path

from tyro.conf import Positional

from equipoise.cli.parsing import parse
from equipoise.core.errors import UserError

DESCRIPTION = """Draw one HTML file that says what happened: of a run, of a study, or of several runs side by side.

It opens from disk, fetches nothing, and is drawn from the records alone. 'train', 'resume' and 'study' draw it when
they end."""


@dataclass(frozen=True)
class Arguments:
    """What to draw, and where to put it."""

    paths: Positional[tuple[Path, ...]] = ()
    """Folders of runs, such as runs/digits, or the one of a study."""
    out: Path | None = None
    """The file to write (default: report.html in the folder, or here where several are given)."""


def main(arguments: list[str]) -> int:
    """Draw the page; returns the exit code."""
    given = parse(Arguments, arguments, prog="equipoise report RUN|STUDY ...", description=DESCRIPTION)
    if not given.paths:
        raise UserError("Missing: RUN or STUDY, the folder to draw the page of, such as runs/digits.")
    from equipoise.cli.pages import make_page

    print(f"Page in {make_page(given.paths, given.out)}")
    return 0
