"""Tables of a page: a title, names of columns, rows of texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from equipoise.reports.pages.words import number


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        title: of the table.
        columns: names.
        rows: a text for each column; the first one names the row.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    @property
    def is_number(self) -> list[bool]:
        """By column, whether its cells are numbers, and so set flush right."""
        return [
            bool(self.rows)
            and all(_is_number(row[place]) for row in self.rows if row[place])
            and any(row[place] for row in self.rows)
            for place in range(len(self.columns))
        ]


def cell(value: Any) -> str:
    """Anything from a record as the text of a cell.

    >>> cell(0.30000000000000004), cell(None), cell(True), cell([0.0, 0.9]), cell({"eps": 1e-6})
    ('0.3', '', 'yes', '0 0.9', 'eps 1e-6')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    if isinstance(value, float):
        return number(value)
    if isinstance(value, list | tuple):
        return " ".join(map(cell, value))
    if isinstance(value, dict):
        return ", ".join(f"{name} {cell(each)}" for name, each in value.items())
    return str(value)


def from_record(record: Any) -> Table | None:
    """A table as analyses write it: ``title``, ``columns``, ``rows``; None where it is none."""
    if not isinstance(record, dict) or not isinstance(record.get("columns"), list):
        return None
    columns = [str(name) for name in record["columns"]]
    rows = [[cell(value) for value in row] for row in record.get("rows", []) if isinstance(row, list)]
    filled = [(row + [""] * len(columns))[: len(columns)] for row in rows]
    return Table(str(record.get("title") or ""), columns, filled)


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", "").removesuffix("%").strip())
    except ValueError:
        return text in ("none", "never")
    return True
