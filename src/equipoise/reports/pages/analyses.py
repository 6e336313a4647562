"""Analyses on disk as pages show them: a study's, and the diagnoses of a run."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from equipoise.reports.pages.pictures import Picture, embedded
from equipoise.reports.pages.records import Record, RunRecords
from equipoise.reports.pages.tables import Table, from_record


@dataclass(frozen=True)
class Diagnosis:
    """The game measured at a checkpoint."""

    step: int
    verdict: str
    sentences: list[str]
    tables: list[Table]
    figures: list[tuple[Picture, str]]


def diagnoses(run: RunRecords) -> list[Diagnosis]:
    """All that were made of a run, the newest checkpoint first."""
    return [_diagnosis(run, step, record) for step, record in reversed(run.diagnoses)]


def _diagnosis(run: RunRecords, step: int, record: Record) -> Diagnosis:
    return Diagnosis(step, str(record.get("verdict") or ""), *analysed(record, run.path / "diagnosis"))


def analysed(record: Record, folder: Path) -> tuple[list[str], list[Table], list[tuple[Picture, str]]]:
    """Sentences, tables and figures of an analysis, whose figures lie in ``folder``; what is missing is left out."""
    sentences = [str(each) for each in _listed(record, "sentences")]
    tables = [table for each in _listed(record, "tables") if (table := from_record(each))]
    figures = []
    for each in _listed(record, "figures"):
        name = str(each.get("file") or "") if isinstance(each, dict) else ""
        if name and Path(name).name == name and (picture := embedded(folder / name)):
            figures.append((picture, str(each.get("alternative") or name)))
    return sentences, tables, figures


def _listed(record: Record, name: str) -> list[Any]:
    found = record.get(name)
    return found if isinstance(found, list) else []
