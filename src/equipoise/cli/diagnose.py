"""``equipoise diagnose RUN [--step N ...] [--measure NAME ...]``: what the game is like, and what to do."""

import json
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from equipoise.cli.output import number
from equipoise.cli.parsing import parse
from equipoise.cli.passes import PassView
from equipoise.config.diagnosis import DiagnosisSettings
from equipoise.core.errors import UserError

PROG = "equipoise diagnose RUN"
_DESCRIPTION = """Measure the game of a run at a checkpoint, and say what to do. Nothing of the run is changed; what is
found is written into its folder diagnosis/. --json prints it as one JSON list instead of words."""


def main(arguments: list[str]) -> int:
    """Diagnose a run; returns the exit code."""
    rest = list(arguments)
    run = rest.pop(0) if rest and not rest[0].startswith("-") else None
    as_json = "--json" in rest
    rest = [argument for argument in rest if argument != "--json"]
    settings = parse(DiagnosisSettings, rest, prog=PROG, description=_DESCRIPTION, default=DiagnosisSettings())
    if run is None:
        raise UserError("No run was given; give its folder first: 'equipoise diagnose RUN'.")
    from equipoise.reports.diagnosis import draw_diagnosis
    from equipoise.training.diagnosis import diagnose, diagnosis_path

    try:
        with PassView() as view:
            found = diagnose(Path(run), settings, view)
    except KeyboardInterrupt:
        print(
            "equipoise: interrupted; the run is as it was, and checkpoints measured before are kept.", file=sys.stderr
        )
        return 1
    paths = [diagnosis_path(Path(run), diagnosis["step"]) for diagnosis in found]
    found = [draw_diagnosis(path) for path in paths]
    if as_json:
        print(json.dumps(found))
        return 0
    console = Console()
    for path, diagnosis in zip(paths, found, strict=True):
        _print(console, diagnosis, path)
    return 0


def _print(console: Console, diagnosis: dict[str, Any], path: Path) -> None:
    def say(text: str) -> None:
        console.print(text, highlight=False, markup=False)

    say(diagnosis["title"])
    say(diagnosis["verdict"])
    for table in diagnosis["tables"]:
        say(f"\n{table['title']}")
        console.print(_table(table))
    say("")
    for sentence in diagnosis["sentences"]:
        say(f"* {sentence}")
    files = [path, *(path.parent / figure["file"] for figure in diagnosis["figures"])]
    console.print(f"Written: {', '.join(map(str, files))}", highlight=False, markup=False, soft_wrap=True)


def _table(given: dict[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False)
    for column, name in enumerate(given["columns"]):
        is_text = all(isinstance(row[column], str) for row in given["rows"])
        table.add_column(name, justify="left" if is_text else "right")
    for row in given["rows"]:
        table.add_row(*(_cell(cell) for cell in row))
    return table


def _cell(value: str | float | None) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else number(value)
