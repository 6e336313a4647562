"""The folder of a study, and how each of its runs stands; all of it is read from the disk, nothing is remembered.

STUDY/
  study.json      which study this is
  runs/KEY/       run folders, named by their content (see `plan`)
  locks/KEY.lock  held by whoever plays the run, and released by the system when that process dies
  failures/       why a run failed, where it did
  damaged/        run folders of which no checkpoint was intact
  stops/          asks the workers of one engine to finish their round
"""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from filelock import FileLock

from equipoise.config.files import read_run_settings
from equipoise.core.errors import UserError
from equipoise.core.files import read_json_lines, write_json
from equipoise.core.outcomes import Outcome
from equipoise.studies.identity import difference, first_difference
from equipoise.studies.plan import PlannedRun, content
from equipoise.training.run_folder import EVALUATIONS

Record = dict[str, Any]


class Status(StrEnum):
    """How a run of a study stands."""

    MISSING = "missing"
    INCOMPLETE = "incomplete"
    RUNNING = "running"
    COMPLETE = "complete"
    DIVERGED = "diverged"
    FAILED = "failed"
    PRUNED = "pruned"


FINISHED = frozenset({Status.COMPLETE, Status.DIVERGED, Status.PRUNED})
"""States in which there is nothing left to run. A failed run is tried again when its study is started again."""


@dataclass(frozen=True)
class Standing:
    """How a run stands, and the sentence that says why."""

    status: Status
    sentence: str = ""


class StopRule(Protocol):
    """When a run has shown what the study wants to know; a pure function of its records."""

    def verdict(self, evaluations: Sequence[Record]) -> Standing | None:
        """COMPLETE or PRUNED with the reason, or None where the run should go on.

        Args:
            evaluations: all of the run so far, as in ``evaluations.jsonl``.
        """
        ...


class ToTheEnd:
    """The rule of a study whose runs are played to their last step."""

    def verdict(self, evaluations: Sequence[Record]) -> Standing | None:
        """None."""
        return None


class StudyFolder:
    """A study on disk."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def open(cls, path: Path, identity: dict[str, Any]) -> "StudyFolder":
        """The study at ``path``, which is made where there is none.

        Args:
            path: of the folder.
            identity: what makes two studies the same one; ``kind`` names it. Settings that the folder lacks, because
                they are newer than it, count as their defaults.

        Raises:
            UserError: another study lies there, or something that is no study, or it cannot be written.
        """
        file = path / "study.json"
        try:
            if not file.exists():
                if path.exists() and any(path.iterdir()):
                    raise UserError(f"'{path}' holds something else than a study; choose another --out.")
                for part in ("runs", "locks", "failures", "stops"):
                    (path / part).mkdir(parents=True, exist_ok=True)
                write_json(file, identity)
            found = json.loads(file.read_text(encoding="utf-8"))
            if not isinstance(found, dict):
                raise ValueError("no mapping")
        except (OSError, ValueError) as error:
            if isinstance(error, UserError):
                raise
            reason = getattr(error, "strerror", None) or "damaged study.json"
            raise UserError(f"Study folder '{path}' cannot be used ({reason}); choose another --out.") from error
        differs = difference(found, identity)
        if differs:
            raise UserError(
                f"'{path}' holds another study ({differs}); choose another --out, or give the settings it was made "
                f"with."
            )
        return cls(path)

    def run_path(self, run: PlannedRun) -> Path:
        """Where the run's folder lies, or will."""
        return self.path / "runs" / run.key

    def lock(self, run: PlannedRun) -> FileLock:
        """The lock under which the run is played; the system releases it when its holder dies."""
        return FileLock(self.path / "locks" / f"{run.key}.lock", timeout=0)

    def standing(self, run: PlannedRun, rule: StopRule) -> Standing:
        """How ``run`` stands on disk; whether somebody plays it now is not looked at.

        Raises:
            UserError: the folder of the run holds other settings.
        """
        path = self.run_path(run)
        failure = _read_json(self.path / "failures" / f"{run.key}.json", ("sentence",))
        if failure:
            return Standing(Status.FAILED, failure["sentence"])
        if not (path / "config.yaml").exists():
            return Standing(Status.MISSING)
        self._refuse_other_settings(run)
        outcome = _read_json(path / "outcome.json", ("outcome", "sentence"))
        if outcome is None:
            return Standing(Status.INCOMPLETE)
        if outcome["outcome"] == Outcome.STOPPED:
            return rule.verdict(read_json_lines(path / EVALUATIONS)) or Standing(Status.INCOMPLETE, outcome["sentence"])
        if outcome["outcome"] not in set(Outcome):
            return Standing(Status.INCOMPLETE)
        return Standing(Status(outcome["outcome"]), outcome["sentence"])

    def note_failure(self, run: PlannedRun, sentence: str) -> None:
        """Keep why ``run`` failed, until it is tried again."""
        write_json(self.path / "failures" / f"{run.key}.json", {"sentence": sentence, "labels": dict(run.labels)})

    def forget_failure(self, run: PlannedRun) -> None:
        """The run is tried again."""
        (self.path / "failures" / f"{run.key}.json").unlink(missing_ok=True)

    def clear(self, run: PlannedRun) -> None:
        """Make way for a fresh start of a run none of whose checkpoints is intact; what it had saved is kept aside."""
        path = self.run_path(run)
        for leftover in path.parent.glob(f".{run.key}.*.tmp"):  # a kill while the folder was being made
            shutil.rmtree(leftover, ignore_errors=True)
        if any(path.glob("checkpoints/step-*")):
            aside = self.path / "damaged"
            aside.mkdir(exist_ok=True)
            path.rename(aside / f"{run.key}-{len(list(aside.iterdir())) + 1}")
        elif path.exists():
            shutil.rmtree(path)

    def _refuse_other_settings(self, run: PlannedRun) -> None:
        path = self.run_path(run)
        found, planned = content(read_run_settings(path / "config.yaml")), content(run.settings)
        if found != planned:
            raise UserError(
                f"Run folder '{path}' was made with other settings ({first_difference(found, planned)}), perhaps by "
                f"another version; choose another --out."
            )


def _read_json(path: Path, keys: Sequence[str]) -> dict[str, Any] | None:
    """The mapping in ``path``; None where it is missing, or damaged so far that it is none or lacks one of ``keys``."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):  # ValueError: no JSON, or no UTF-8
        return None
    return found if isinstance(found, dict) and all(isinstance(found.get(key), str) for key in keys) else None
