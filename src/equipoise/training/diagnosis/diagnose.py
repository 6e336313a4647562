"""A run diagnosed: opened at each checkpoint asked for, measured, advised, and written into its ``diagnosis/``."""

import contextlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from torch import Tensor

from equipoise.config.diagnosis import DiagnosisSettings
from equipoise.core.errors import UserError
from equipoise.core.files import without_nan, write_json
from equipoise.training.checkpoint import find_checkpoint, load_state, read_checkpoint
from equipoise.training.diagnosis.advice import advise
from equipoise.training.diagnosis.findings import Findings
from equipoise.training.diagnosis.measurements import MEASUREMENTS
from equipoise.training.diagnosis.memorisation import closest_pairs
from equipoise.training.diagnosis.position import NotMeasuredError, OnProgress, Position
from equipoise.training.diagnosis.tables import tables_of
from equipoise.training.loop import new_guard, open_session
from equipoise.training.pictures import save_rows
from equipoise.training.resuming import bring_to, load_networks
from equipoise.training.run_folder import RunFolder
from equipoise.training.session import Session

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
    steps: list[int | None] = list(dict.fromkeys(settings.step)) or [None]
    for step in [*steps, settings.path_from]:
        if step is not None:
            find_checkpoint(folder.checkpoints, step)
    find_checkpoint(folder.checkpoints)
    session = open_session(folder.settings, None)
    start, start_step = _start_of_path(folder, session, settings)
    found = []
    for step in steps:
        _load(folder, session, step)
        begins = start if session.step != start_step else None
        position = Position(session, settings, begins, start_step, on_progress or (lambda what, done, total: None))
        found.append(_write(folder, session.step, _diagnosis(folder, position)))
    return found


def _start_of_path(folder: RunFolder, session: Session, settings: DiagnosisSettings) -> tuple[tuple[Tensor, ...], int]:
    """The weights that the path begins with: those of a checkpoint, or those that a new session has."""
    if settings.path_from is not None:
        _load(folder, session, settings.path_from)
    game = session.board.game
    weights = [*game.disc.parameters(), *game.gen.parameters()]
    return tuple(parameter.detach().clone() for parameter in weights), session.step


def _load(folder: RunFolder, session: Session, step: int | None) -> None:
    """Bring the session to a checkpoint, with the numbers in force that its next round would have."""
    state, networks = read_checkpoint(
        folder.checkpoints, lambda found: (load_state(found), load_networks(found, session)), step
    )
    guard = new_guard(session)
    guard.load_state_dict(state.get("guard", {}))
    bring_to(session, guard, networks, state)
    session.set_numbers()


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
        except NotMeasuredError as reason:
            missing[name] = str(reason)
        except MemoryError:
            missing[name] = "It does not fit in memory; give fewer --jacobian-batches or --num-samples."
        seconds[name] = round(time.perf_counter() - started, 3)
    return records, missing, seconds


def _pictures(folder: RunFolder, position: Position, found: Findings) -> list[dict[str, str]]:
    """Write the pictures that no record holds: generated images over the training images nearest to them."""
    source = position.session.board.source
    if found.memorisation is None or source is None or len(source.example_shape) != 3:
        return []
    path = diagnosis_path(folder.path, found.step).with_suffix("")
    path = path.with_name(f"{path.name}-neighbours.png")
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
