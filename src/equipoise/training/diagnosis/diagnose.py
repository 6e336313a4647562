"""A run diagnosed: opened at each checkpoint asked for, measured, advised, and written into its ``diagnosis/``."""

import contextlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from equipoise.config.diagnosis import DiagnosisSettings
from equipoise.core.devices import is_out_of_memory
from equipoise.core.errors import UserError
from equipoise.core.files import without_nan, write_json
from equipoise.training.checkpoint import find_checkpoint
from equipoise.training.diagnosis.advice import advise
from equipoise.training.diagnosis.findings import Findings
from equipoise.training.diagnosis.measurements import MEASUREMENTS
from equipoise.training.diagnosis.memorisation import closest_pairs
from equipoise.training.diagnosis.opening import load_checkpoint, start_of_path
from equipoise.training.diagnosis.position import NotMeasuredError, OnProgress, Position
from equipoise.training.diagnosis.tables import tables_of
from equipoise.training.pictures import save_rows
from equipoise.training.run_folder import RunFolder
from equipoise.training.runs import open_session

FORMAT = 1
FOLDER = "diagnosis"


def diagnose(
    path: Path | str, settings: DiagnosisSettings | None = None, on_progress: OnProgress | None = None
) -> list[dict[str, Any]]:
    """Measure the game of a run at one checkpoint or several, and say what to do.

    Nothing of the run is changed. What is found at each checkpoint is written to ``diagnosis/step-NNNNNN.json`` in the
    run folder before the next one is looked at, whole or not at all.

    Args:
        path: the run folder.
        settings: which checkpoints, what to measure, and how much it may cost; the newest and everything by default.
        on_progress: called with what is being done, how much is done, and how much there is.

    Returns:
        What was written, one for each checkpoint; ``docs/run-folder.md`` says which keys there are.

    Raises:
        UserError: there is no such run or checkpoint, its data cannot be read, or the folder cannot be written.
    """
    settings = settings or DiagnosisSettings()
    folder = RunFolder.open(Path(path))
    _require_possible(folder, settings)
    session = open_session(folder.settings, None)
    start, start_step = start_of_path(folder, session, settings)
    found = []
    for step in dict.fromkeys(settings.step) or [None]:
        load_checkpoint(folder, session, step)
        begins = start if session.step != start_step else None
        position = Position(session, settings, begins, start_step, on_progress or (lambda what, done, total: None))
        found.append(_write(folder, session.step, _diagnosis(folder, position)))
    return found


def _require_possible(folder: RunFolder, settings: DiagnosisSettings) -> None:
    """Raise a `UserError` for what cannot be read or written, before minutes are spent on it."""
    for step in settings.step or [None]:
        find_checkpoint(folder.checkpoints, step)
    if settings.path_from is not None:
        find_checkpoint(folder.checkpoints, settings.path_from)
    with _writing(diagnosis_path(folder.path, 0)):
        pass


def _diagnosis(folder: RunFolder, position: Position) -> dict[str, Any]:
    records, missing, seconds = _measure(position)
    session = position.session
    found = Findings(session.settings, session.step, position.broken, _ending(folder), **records, not_measured=missing)
    advice = advise(found)
    return {
        "format": FORMAT,
        "title": f"Diagnosis of {session.settings.name} at step {session.step:,}",
        "step": session.step,
        "verdict": found.verdict,
        "sentences": [sentence for _, sentence in advice],
        "tables": tables_of(found),
        "figures": _pictures(folder, position, found),
        "advice": [{"rule": rule, "sentence": sentence} for rule, sentence in advice],
        "measurements": {name: asdict(record) for name, record in records.items()},
        "not_measured": missing,
        "settings": position.settings.model_dump(mode="json"),
        "seconds": seconds,
    }


def _measure(position: Position) -> tuple[dict[str, Any], dict[str, str], dict[str, float]]:
    """Records by name, sentences for what could not be measured, and the time that each took."""
    records, missing, seconds = dict[str, Any](), dict[str, str](), dict[str, float]()
    for name in _in_order(position.settings.measure):
        started = time.perf_counter()
        try:
            records[name] = MEASUREMENTS[name](position)
        except (NotMeasuredError, UserError) as reason:  # features that cannot be had stop no other measurement
            missing[name] = str(reason)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            missing[name] = "It does not fit in memory; give fewer --jacobian-batches or --num-samples."
        seconds[name] = round(time.perf_counter() - started, 3)
    return records, missing, seconds


def _pictures(folder: RunFolder, position: Position, found: Findings) -> list[dict[str, str]]:
    """Write the pictures that no record holds: generated images over the training images nearest to them."""
    source = position.session.board.source
    path = diagnosis_path(folder.path, found.step)
    path = path.with_name(f"{path.stem}-neighbours.png")
    if found.memorisation is None or source is None or len(source.example_shape) != 3:
        with _writing(path):
            path.unlink(missing_ok=True)  # of an earlier diagnosis, which measured more
        return []
    ours, theirs = closest_pairs(position, found.memorisation)
    with _writing(path):
        save_rows(path, [ours, theirs])
    number = len(found.memorisation.closest)
    words = f"Above: the {number} generated images nearest to the training set; below each: its nearest training image."
    return [{"file": path.name, "alternative": words}]


def _in_order(names: Sequence[str]) -> list[str]:
    return [name for name in MEASUREMENTS if name in names]


def _ending(folder: RunFolder) -> tuple[str, str] | None:
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        ending = json.loads((folder.path / "outcome.json").read_text(encoding="utf-8"))
        return str(ending["outcome"]), str(ending["sentence"])
    return None


def _write(folder: RunFolder, step: int, diagnosis: dict[str, Any]) -> dict[str, Any]:
    path = diagnosis_path(folder.path, step)
    with _writing(path):
        write_json(path, diagnosis)
    written: dict[str, Any] = json.loads(json.dumps(without_nan(diagnosis)))
    return written


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Inside, ``path`` is written; its folder is there, or an error is a `UserError`."""
    try:
        path.parent.mkdir(exist_ok=True)
        yield
    except OSError as error:
        raise UserError(f"'{path}' cannot be written ({error.strerror}); make the run folder writable.") from error


def diagnosis_path(run: Path, step: int) -> Path:
    """Where the diagnosis of ``step`` lies below the run folder ``run``.

    >>> diagnosis_path(Path("runs/ring"), 500).as_posix()
    'runs/ring/diagnosis/step-000500.json'
    """
    return run / FOLDER / f"step-{step:06d}.json"
