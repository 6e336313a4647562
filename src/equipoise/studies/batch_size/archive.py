"""The published archive of Shallue et al. 2019 ("Measuring the effects of data parallelism"), read into our curves.

    dataset/model/optimizer/BATCH_SIZE/study.json                 batch_size, train_steps, search space
    dataset/model/optimizer/BATCH_SIZE/TRIAL/metadata.json        trial_id, status, steps, parameters
    dataset/model/optimizer/BATCH_SIZE/TRIAL/measurements.csv     step, and a column for each metric

Trials of one batch size differ in their tuned metaparameters, not in their seed: the steps of a batch size are those of
its fastest trial, `reaches.fewest`. Their COMPLETE trials are read, and INFEASIBLE ones (diverged), which never meet a
target; INCOMPLETE ones tell nothing and are left out, as in the paper.
"""

import csv
import json
from pathlib import Path
from typing import Any

from equipoise.core.errors import UserError
from equipoise.studies.reaches import Curve

_READ = ("COMPLETE", "INFEASIBLE")


def read_archive(workload: Path, metric: str) -> list[Curve]:
    """Every trial of a workload, the folder of one data set, model and optimiser.

    Args:
        workload: holds one folder for each batch size.
        metric: column of ``measurements.csv`` that should become small, such as ``val/classification_error``.

    Raises:
        UserError: the folder is not of this layout, or its trials do not measure ``metric``.
    """
    studies = sorted(workload.glob("*/study.json"), key=lambda path: path.parent.name)
    if not studies:
        raise UserError(
            f"'{workload}' holds no */study.json; give the folder of one optimiser, which holds batch sizes."
        )
    try:
        return [curve for study in studies for curve in _trials(study, metric)]
    except (OSError, ValueError, KeyError) as error:
        if isinstance(error, UserError):
            raise
        reason = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
        raise UserError(f"'{workload}' is not an archive of batch-size studies as published ({reason}).") from error


def _trials(study: Path, metric: str) -> list[Curve]:
    about = json.loads(study.read_text(encoding="utf-8"))
    curves = []
    for folder in sorted(study.parent.iterdir(), key=lambda path: (len(path.name), path.name)):
        if (folder / "metadata.json").exists():
            trial = json.loads((folder / "metadata.json").read_text(encoding="utf-8"))
            if trial["status"] in _READ:
                curves.append(_curve(about, trial, folder / "measurements.csv", metric))
    return curves


def _curve(about: dict[str, Any], trial: dict[str, Any], measurements: Path, metric: str) -> Curve:
    with measurements.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if rows and metric not in rows[0]:
        names = ", ".join(name for name in rows[0] if name != "step")
        raise UserError(f"'{measurements}' has no column {metric!r}; it has {names}.")
    size, steps = int(about["batch_size"]), [float(row["step"]) for row in rows]
    # Trials with a time budget have train_steps 0, and some were trained for longer than was asked.
    budget = max(float(about["train_steps"]), float(trial["steps"]))
    values = [float(row[metric] or "nan") for row in rows]
    return Curve(size, int(trial["trial_id"]), steps, values, budget, [step * size for step in steps])
