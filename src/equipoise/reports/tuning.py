"""The figures of `equipoise study tune`, drawn from its ``analysis.json`` alone."""

import json
from pathlib import Path

from equipoise.core.errors import UserError
from equipoise.core.judges import JUDGES
from equipoise.reports.searches import draw_search


def draw_tuning(study: Path) -> list[Path]:
    """Draw all figures into the study's folder; returns their paths.

    Raises:
        UserError: the folder holds no analysis yet.
    """
    try:
        analysis = json.loads((study / "analysis.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"'{study}' holds no analysis.json; run 'equipoise study tune' first.") from error
    return draw_search(study, analysis, JUDGES[analysis["judge"]])
