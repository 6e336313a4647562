"""What a disturbance study found, and its folder.

study.json      settings, protocol, and for each disturbance its levels, distances and verdict; the same in words
distances.csv   disturbance, level, distance
examples/       noise-0.png ...: the same images at every level
"""

import csv
import io
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from equipoise.config.disturb import DisturbSettings
from equipoise.core.errors import UserError
from equipoise.core.files import write_json, write_text
from equipoise.training.pictures import image_grid

FIGURE = "disturbances.png"
"""What the study is drawn into, which this module does not do."""


@dataclass(frozen=True)
class DisturbanceResult:
    """What one disturbance does to the distance.

    Attributes:
        name: of the disturbance.
        meaning: what its levels are.
        levels: ascending, the first 0.
        distances: at each level, in squared units of the features.
        verdict: whether the distance rises at every level, as found.
    """

    name: str
    meaning: str
    levels: tuple[float, ...]
    distances: tuple[float, ...]
    verdict: str


@dataclass(frozen=True)
class DisturbanceStudy:
    """A finished study.

    Attributes:
        folder: where its tables and examples lie.
        results: one for each disturbance.
        protocol: what must agree before two distances are compared.
        remarks: what a reader should bear in mind.
    """

    folder: Path
    results: tuple[DisturbanceResult, ...]
    protocol: dict[str, Any]
    remarks: tuple[str, ...]


def verdict(levels: tuple[float, ...], distances: tuple[float, ...]) -> str:
    """Whether the distance rises at every level, as found.

    >>> verdict((0.0, 0.1, 0.2), (0.0, 3.0, 2.0))
    'falls from level 0.1 to 0.2'
    """
    steps = list(zip(levels, levels[1:], distances, distances[1:], strict=False))
    falls = [f"{low:g} to {high:g}" for low, high, before, after in steps if not after > before]
    return f"falls from level {', '.join(falls)}" if falls else "rises at every level"


def write_study(study: DisturbanceStudy, settings: DisturbSettings, examples: dict[tuple[str, int], Tensor]) -> None:
    """Write the study's folder, whole or not at all.

    Args:
        study: what was found.
        settings: by which.
        examples: images (N, C, H, W) by disturbance and place of the level.

    Raises:
        UserError: the folder cannot be made.
    """
    temporary = study.folder.with_name(f".{study.folder.name}.{os.getpid()}.tmp")
    try:
        (temporary / "examples").mkdir(parents=True)
        write_json(temporary / "study.json", as_json(study, settings))
        write_text(temporary / "distances.csv", as_csv(study))
        for (name, place), images in examples.items():
            image_grid(images).save(temporary / "examples" / f"{name}-{place}.png")
        temporary.rename(study.folder)
    except OSError as error:
        raise UserError(f"'{study.folder}' cannot be made ({error.strerror}); choose another --out.") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def as_json(study: DisturbanceStudy, settings: DisturbSettings) -> dict[str, Any]:
    """The whole study but its pictures."""
    return {
        "study": "disturb",
        "title": "Does the distance rise when images get worse?",
        "sentences": [f"{each.name.capitalize()}: it {each.verdict}." for each in study.results] + list(study.remarks),
        "tables": [_table(each) for each in study.results],
        "figures": [{"file": FIGURE, "alternative": "The same images at every level, and the distance beside them."}],
        "settings": settings.model_dump(mode="json"),
        "protocol": study.protocol,
        "results": [asdict(result) for result in study.results],
        "remarks": list(study.remarks),
    }


def _table(result: DisturbanceResult) -> dict[str, Any]:
    """The distances of one disturbance as any page can show them."""
    rows = [[level, distance] for level, distance in zip(result.levels, result.distances, strict=True)]
    return {"title": f"{result.name}: {result.meaning}", "columns": ["level", "distance"], "rows": rows}


def as_csv(study: DisturbanceStudy) -> str:
    """One line for each disturbance and level."""
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    table.writerow(["disturbance", "level", "distance"])
    for result in study.results:
        table.writerows(
            [result.name, level, value] for level, value in zip(result.levels, result.distances, strict=True)
        )
    return file.getvalue()
