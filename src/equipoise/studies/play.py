"""One run of a study played by one worker: started, resumed or found done, under its lock.

A worker keeps no state: everything it decides by is on disk, so that it does not matter which worker, backend or
machine plays a run, nor how often one died before. It finishes its round and saves when its engine asks for it through
a file, or is no more.
"""

import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import Timeout

from equipoise.config import RunSettings
from equipoise.core.errors import RunFailedError, UserError
from equipoise.core.files import read_json_lines
from equipoise.core.outcomes import Ending, Outcome
from equipoise.studies.folder import FINISHED, Record, Standing, Status, StopRule, StudyFolder
from equipoise.studies.plan import PlannedRun
from equipoise.training import RunFolder, resume, train
from equipoise.training.checkpoint import checkpoint_steps, fault, find_checkpoint, load_state
from equipoise.training.observer import Distances, Silence
from equipoise.training.run_folder import EVALUATIONS

_LOOK_EVERY = 0.25
"""Seconds between two looks whether the engine asks for a stop."""


@dataclass(frozen=True)
class Leash:
    """How an engine calls its workers back.

    Attributes:
        stop_file: when it exists, workers finish their round and save.
        parent: process whose end has the same effect for its child processes; None where workers are no children.
    """

    stop_file: str
    parent: int | None = None

    def is_pulled(self) -> bool:
        """Whether to stop."""
        orphaned = self.parent is not None and os.getppid() != self.parent
        return orphaned or os.path.exists(self.stop_file)


@dataclass(frozen=True)
class Task:
    """All that a worker needs to know.

    Attributes:
        study: the study's folder.
        run: what to play.
        rule: when the run has shown enough.
        leash: how the worker is called back.
        threads: CPU threads of the run.
        device: where to play it.
    """

    study: str
    run: PlannedRun
    rule: StopRule
    leash: Leash
    threads: int = 1
    device: str = "auto"

    @property
    def settings(self) -> RunSettings:
        """Of the run, at its place."""
        where = {"name": self.run.key, "root": str(Path(self.study) / "runs")}
        return self.run.settings.model_copy(update={**where, "threads": self.threads, "device": self.device})


@dataclass(frozen=True)
class Report:
    """What became of a task: how the run stands now, and whether rounds of it were played here."""

    key: str
    standing: Standing
    played: bool = False


def play(task: Task) -> Report:
    """Play a run to its end, unless it is done or somebody else plays it; never raises for what goes wrong in it."""
    folder, run = StudyFolder(Path(task.study)), task.run
    try:
        with folder.lock(run):
            standing = folder.standing(run, task.rule)
            if standing.status in FINISHED or task.leash.is_pulled():
                return Report(run.key, standing)
            return Report(run.key, _played(folder, task), played=True)
    except Timeout:
        return Report(run.key, Standing(Status.RUNNING, "Another process plays it."))


def _played(folder: StudyFolder, task: Task) -> Standing:
    folder.forget_failure(task.run)
    try:
        _start_or_resume(folder, task)
        return folder.standing(task.run, task.rule)
    except Exception as error:
        sentence = _sentence(error)
        folder.note_failure(task.run, sentence)
        return Standing(Status.FAILED, sentence)


def _sentence(error: Exception) -> str:
    if isinstance(error, UserError | RunFailedError):
        return str(error)
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"


def _start_or_resume(folder: StudyFolder, task: Task) -> None:
    path = folder.run_path(task.run)
    watcher = _Watcher(path, task.rule, task.leash)
    checkpoints = path / "checkpoints"
    if not any(fault(checkpoints / f"step-{step:06d}") is None for step in checkpoint_steps(checkpoints)):
        folder.clear(task.run)
        train(task.settings, watcher, watcher.stop)
    elif not _ended_if_done(path, task.rule):
        resume(path, watcher, watcher.stop)


def _ended_if_done(path: Path, rule: StopRule) -> bool:
    """Write the ending that a run was killed before writing, if its newest checkpoint is where it was to stop."""
    folder = RunFolder.open(path)
    checkpoint = find_checkpoint(folder.checkpoints)
    state = load_state(checkpoint)
    step = state["step"]
    evaluations = [record for record in read_json_lines(path / EVALUATIONS) if record["step"] <= step]
    if step == folder.settings.training.steps or not rule.verdict(evaluations):
        return False
    folder.forget_after(step)
    sentence = f"Stopped on request after step {step}."
    folder.write_ending(Ending(Outcome.STOPPED, sentence, step, state["distances"]))
    return True


class _Watcher(Silence):
    """Ends a run when the rule is satisfied or the leash is pulled."""

    def __init__(self, path: Path, rule: StopRule, leash: Leash) -> None:
        self.stop = threading.Event()
        self._path, self._rule, self._leash = path, rule, leash
        self._evaluations: list[Record] = []
        self._looked_at = time.monotonic()

    def on_start(self, settings: RunSettings, step: int, description: dict[str, str], distances: Distances) -> None:
        """Take up what a resumed run had measured before."""
        self._evaluations = read_json_lines(self._path / EVALUATIONS)

    def on_progress(self, step: int) -> None:
        """Look after the engine, now and then."""
        if time.monotonic() - self._looked_at > _LOOK_EVERY:
            self._looked_at = time.monotonic()
            if self._leash.is_pulled():
                self.stop.set()

    def on_evaluation(self, record: dict[str, Any]) -> None:
        """Stop once the run has shown enough."""
        self._evaluations.append(record)
        if self._rule.verdict(self._evaluations):
            self.stop.set()
