"""The page of a study: what its analysis says, its tables and figures, and how each of its runs stands.

Any kind of study is shown, from four keys of its ``analysis.json``: ``title``, ``sentences``, ``tables`` and
``figures``. Without them, the tables (CSV) and figures (PNG) of its folder are shown as they are.
"""

import csv
from collections.abc import Iterable
from pathlib import Path

from equipoise.reports.pages.analyses import analysed
from equipoise.reports.pages.page import rendered
from equipoise.reports.pages.pictures import Picture, embedded
from equipoise.reports.pages.records import Record, read_json
from equipoise.reports.pages.tables import Table, cell

_TITLES = {
    "batch-size": "Batch-size study",
    "compare": "Comparison",
    "tune": "Tuning",
    "disturb": "Disturbances",
}
_RUNS = "runs.csv"
_MOST_ROWS = 500
_MOST_CELL = 160


def is_study(path: Path) -> bool:
    """Whether ``path`` is the folder of a study."""
    is_run = (path / "config.yaml").is_file()
    return not is_run and any((path / name).is_file() for name in ("analysis.json", "study.json"))


def study_page(path: Path) -> str:
    """The HTML of the study at ``path``."""
    identity = read_json(path / "study.json")
    analysis = read_json(path / "analysis.json") or identity  # a study without runs has one file for both
    kind = next(
        (str(each[name]) for each in (analysis, identity) for name in ("kind", "study") if name in each), "study"
    )
    sentences, tables, figures = analysed(analysis, path)
    runs = _runs(path)
    return rendered(
        "study.html",
        title=str(analysis.get("title") or _TITLES.get(kind, kind)),
        kind=_TITLES.get(kind, kind.capitalize()),
        name=path.resolve().name,
        sentences=sentences,
        tables=tables or _csv_tables(path),
        figures=figures or _loose_figures(path),
        counts=_counts(runs),
        runs=runs,
        identity=Table("Plan", ["what", "value"], list(_flat(identity))),
    )


def _runs(path: Path) -> Table | None:
    """The runs of a study as it lists them, or else as their folders say."""
    listed = _csv(path / _RUNS, "Runs")
    if listed:
        return listed
    rows = [_run_row(folder) for folder in sorted((path / "runs").glob("*")) if (folder / "config.yaml").is_file()]
    return Table("Runs", ["run", "status", "sentence"], rows) if rows else None


def _run_row(folder: Path) -> list[str]:
    outcome = read_json(folder / "outcome.json")
    return [folder.name, str(outcome.get("outcome") or "incomplete"), str(outcome.get("sentence") or "")]


def _counts(runs: Table | None) -> list[tuple[str, int]]:
    """How many runs are in which state."""
    if runs is None or "status" not in runs.columns:
        return []
    states = [row[list(runs.columns).index("status")] for row in runs.rows]
    return [("runs", len(states)), *((state, states.count(state)) for state in dict.fromkeys(sorted(states)))]


def _csv_tables(path: Path) -> list[Table]:
    files = [file for file in sorted(path.glob("*.csv")) if file.name != _RUNS]
    return [table for file in files if (table := _csv(file, file.stem))]


def _loose_figures(path: Path) -> list[tuple[Picture, str]]:
    pictures = ((embedded(file), file.stem) for file in sorted(path.glob("*.png")))
    return [(picture, name) for picture, name in pictures if picture]


def _csv(path: Path, title: str) -> Table | None:
    try:
        with path.open(encoding="utf-8", newline="", errors="replace") as file:
            rows = [[_shorter(text) for text in row] for row in csv.reader(file) if row]
    except (OSError, csv.Error):
        return None
    if len(rows) < 2:
        return None
    columns = [name.replace("_", " ") for name in rows[0]]
    filled = [(row + [""] * len(columns))[: len(columns)] for row in rows[1:][:_MOST_ROWS]]
    left_out = len(rows) - 1 - len(filled)
    return Table(f"{title} (the first {_MOST_ROWS}; {left_out:,} more)" if left_out else title, columns, filled)


def _shorter(text: str) -> str:
    """A cell of a CSV file: numbers with few digits, long texts cut."""
    try:
        return cell(int(text)) if text.lstrip("-").isdecimal() else cell(float(text))
    except ValueError:
        return text if len(text) <= _MOST_CELL else text[:_MOST_CELL] + "..."


def _flat(identity: Record) -> Iterable[list[str]]:
    """What defines the study, by dotted name, without what is left at nothing."""
    from equipoise.reports.pages.differences import flattened

    for name, value in flattened(identity).items():
        if value is not None:
            yield [str(name), cell(value)[:_MOST_CELL]]
