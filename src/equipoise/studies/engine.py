"""The engine: brings every run of a plan to its end, whatever dies on the way.

What is left to do is read from the disk each time; runs that another engine plays are waited for. A run that fails is
reported with its sentence and not tried again before the study is started again; a worker that dies is replaced, unless
several die without any run having ended.
"""

import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import Timeout

from equipoise.studies.backends import Backend, WorkerDiedError
from equipoise.studies.folder import FINISHED, Standing, Status, StopRule, StudyFolder
from equipoise.studies.plan import PlannedRun
from equipoise.studies.play import Leash, Report, Task

MAX_DEATHS = 3
"""Workers that may die in a row without any run having ended."""

Standings = dict[str, Standing]
OnReport = Callable[[PlannedRun, Report], None]
Play = Callable[[StudyFolder, StopRule, Sequence[PlannedRun]], Standings]
"""Brings runs to their end, as an `Engine` does by its `run`; returns how they stand."""


class Engine:
    """Plays the runs of one study.

    Args:
        folder: of the study.
        runs: all of them.
        rule: when a run has shown enough.
        backend: where they are played.
        threads: CPU threads of a run.
        device: where a run is played.
    """

    def __init__(
        self,
        folder: StudyFolder,
        runs: Sequence[PlannedRun],
        rule: StopRule,
        backend: Backend,
        threads: int = 1,
        device: str = "auto",
    ) -> None:
        self.folder, self.runs, self.rule, self.backend = folder, list(runs), rule, backend
        self._threads, self._device = threads, device
        name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._stop_file = folder.path / "stops" / name

    def standings(self) -> Standings:
        """How every run stands, by key; those that are being played are RUNNING."""
        return {run.key: self._seen(run) for run in self.runs}

    def stop(self) -> None:
        """Ask all workers to finish their round and save; may be called from a signal handler."""
        self._stop_file.touch()

    @property
    def stopping(self) -> bool:
        """Whether a stop was asked for."""
        return self._stop_file.exists()

    def run(self, on_report: OnReport | None = None) -> Standings:
        """Play what is left to play; returns how every run stands in the end.

        Args:
            on_report: called whenever a run has ended.
        """
        with self._clean_stop_file():
            tried: set[str] = set()
            deaths = 0
            while not self.stopping and (left := self._left(tried)):
                num_tried = len(tried)
                try:
                    for report in self.backend.run([self._task(run) for run in left]):
                        self._note(report, tried, on_report)
                    deaths = 0
                except WorkerDiedError:
                    deaths = 1 if len(tried) > num_tried else deaths + 1
                    if deaths >= MAX_DEATHS:
                        self._give_up(self._left(tried))
                        break
                self._wait_for_others(tried)
            return self.standings()

    def _left(self, tried: set[str]) -> list[PlannedRun]:
        standings = {run.key: self.folder.standing(run, self.rule) for run in self.runs if run.key not in tried}
        return [run for run in self.runs if run.key in standings and standings[run.key].status not in FINISHED]

    def _task(self, run: PlannedRun) -> Task:
        leash = Leash(str(self._stop_file))
        return Task(str(self.folder.path), run, self.rule, leash, self._threads, self._device)

    def _note(self, report: Report, tried: set[str], on_report: OnReport | None) -> None:
        if report.standing.status in FINISHED or report.standing.status is Status.FAILED:
            tried.add(report.key)
        if on_report and report.standing.status is not Status.RUNNING:
            on_report(next(run for run in self.runs if run.key == report.key), report)

    def _wait_for_others(self, tried: set[str]) -> None:
        """While all that is left is being played elsewhere, wait: its player may end it, or die."""
        while not self.stopping and (left := self._left(tried)) and all(map(self._is_played, left)):
            time.sleep(0.5)

    def _is_played(self, run: PlannedRun) -> bool:
        try:
            with self.folder.lock(run):
                return False
        except Timeout:
            return True

    def _seen(self, run: PlannedRun) -> Standing:
        standing = self.folder.standing(run, self.rule)
        if standing.status in (Status.MISSING, Status.INCOMPLETE) and self._is_played(run):
            return Standing(Status.RUNNING)
        return standing

    def _give_up(self, left: Sequence[PlannedRun]) -> None:
        for run in left:
            if not self._is_played(run):
                self.folder.note_failure(
                    run, f"{MAX_DEATHS} workers died in a row (killed, or out of memory) before this run had ended."
                )

    @contextmanager
    def _clean_stop_file(self) -> Iterator[Path]:
        try:
            yield self._stop_file
        finally:
            self._stop_file.unlink(missing_ok=True)
