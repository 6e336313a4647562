"""The run folder: the one contract between training, studies and reports (DESIGN: `docs/run-folder.md`).

config.yaml         everything needed to run it again
environment.json    versions and machine
metrics.jsonl       one line per logging interval
evaluations.jsonl   one line per evaluation, with its protocol
events.jsonl        what the guard found and did; absent while that is nothing
vocabulary.json     of text: the symbols, in the order of their codes from 2 on
samples/            step-000500.png, of text step-000500.txt
checkpoints/        step-000500/, see ``checkpoint``
outcome.json        how it ended, with the sentence a person reads
.lock               held by the process that trains; see `equipoise.core.locks`
"""

import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy
import torch

import equipoise
from equipoise.config import RunSettings
from equipoise.config.files import read_run_settings, to_yaml
from equipoise.core.errors import UserError, nearest
from equipoise.core.files import append_json_line, flush_to_disk, new_folder, read_json_lines, write_json, write_text
from equipoise.core.locks import locked
from equipoise.core.outcomes import Ending
from equipoise.core.temporaries import remove_orphans
from equipoise.data import Vocabulary
from equipoise.training.checkpoint import checkpoint_steps, remove_checkpoint
from equipoise.training.lines import VOCABULARY

METRICS, EVALUATIONS, EVENTS = "metrics.jsonl", "evaluations.jsonl", "events.jsonl"


class RunFolder:
    """A run on disk. Make one with `create` or find one with `open`."""

    def __init__(self, path: Path, settings: RunSettings) -> None:
        self.path, self.settings = path, settings

    @classmethod
    def create(cls, settings: RunSettings, vocabulary: Vocabulary | None = None) -> "RunFolder":
        """A new folder ``root/name`` with settings, environment and any vocabulary in it, whole or not at all.

        Raises:
            UserError: the folder exists already, or cannot be written.
        """
        path = Path(settings.root) / settings.name
        cls.refuse_existing(settings)
        try:
            remove_orphans(path.parent)
            with new_folder(path) as temporary:
                for part in ("samples", "checkpoints"):
                    (temporary / part).mkdir()
                write_text(temporary / "config.yaml", to_yaml(settings))
                write_json(temporary / "environment.json", environment())
                if vocabulary:
                    write_json(temporary / VOCABULARY, vocabulary.state_dict())
        except OSError as error:
            cls.refuse_existing(settings)  # another process was faster
            raise UserError(
                f"Run folder {str(path)!r} cannot be made ({error.strerror}); choose another --root."
            ) from error
        return cls(path, settings)

    @staticmethod
    def refuse_existing(settings: RunSettings) -> None:
        """Raise a `UserError` if something lies already where the folder of ``settings`` would."""
        path = Path(settings.root) / settings.name
        if os.path.lexists(path):
            raise UserError(
                f"Run folder '{path}' exists already; choose another --name, continue it with "
                f"'equipoise resume {path}', or remove it."
            )

    @classmethod
    def open(cls, path: Path) -> "RunFolder":
        """The run that lies at ``path``.

        Raises:
            UserError: there is no run at ``path``.
        """
        if not (path / "config.yaml").is_file():
            runs = sorted(str(config.parent) for config in path.parent.glob("*/config.yaml"))
            guess = nearest(str(path), runs) or (runs[0] if len(runs) == 1 else None)
            hint = f"did you mean {guess!r}?" if guess else "give the folder that 'equipoise train' made."
            raise UserError(f"'{path}' is not a run folder (it has no config.yaml); {hint}")
        return cls(path, read_run_settings(path / "config.yaml"))

    @contextmanager
    def being_written(self) -> Iterator[None]:
        """Inside, this process alone writes to the run; what a dead one left half-written is cleared away first.

        Raises:
            UserError: another process trains this run, or the folder cannot be written.
        """
        with locked(self.path):
            for part in (self.checkpoints, self.samples):
                remove_orphans(part, exclusive=True)
            remove_orphans(self.path)
            yield

    def complete_parts(self) -> None:
        """Make the folders that are missing.

        Raises:
            UserError: the folder cannot be written.
        """
        try:
            for part in (self.checkpoints, self.samples):
                part.mkdir(exist_ok=True)
        except OSError as error:
            raise UserError(f"'{self.path}' cannot be written ({error.strerror}); make it writable.") from error

    @property
    def samples(self) -> Path:
        """Folder of the sample pictures."""
        return self.path / "samples"

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints."""
        return self.path / "checkpoints"

    def sample_path(self, step: int, suffix: str = ".png") -> Path:
        """Where the sample picture of ``step`` lies, or the sample text."""
        return self.samples / f"step-{step:06d}{suffix}"

    def add_metrics(self, record: dict[str, Any]) -> None:
        """Append a line to ``metrics.jsonl``."""
        append_json_line(self.path / METRICS, record)

    def add_evaluation(self, record: dict[str, Any]) -> None:
        """Append a line to ``evaluations.jsonl``."""
        append_json_line(self.path / EVALUATIONS, record)

    def add_event(self, record: dict[str, Any]) -> None:
        """Append a line to ``events.jsonl``."""
        append_json_line(self.path / EVENTS, record)

    def flush_records(self) -> None:
        """Put the records on the disk, which a checkpoint that comes after them relies on."""
        for path in (self.path / name for name in (METRICS, EVALUATIONS, EVENTS)):
            if path.exists():
                flush_to_disk(path)

    def forget_after(self, step: int, *, num_events: int = 0) -> None:
        """Drop what lies past ``step`` and is about to be made again: records, checkpoints, pictures, a former ending.

        Checkpoints past it are damaged ones, or those that the guard goes back behind; left in place they would count
        among the newest that are kept. Of the events, which tell of going back themselves, the first ``num_events``
        are kept.
        """
        for late in (late for late in checkpoint_steps(self.checkpoints) if late > step):
            remove_checkpoint(self.checkpoints, late)
        for picture in self.samples.glob("step-*.*"):
            number = picture.stem.removeprefix("step-")
            if number.isdecimal() and int(number) > step:
                picture.unlink()
        for name in (METRICS, EVALUATIONS):
            records = read_json_lines(self.path / name)
            self._rewrite(name, [record for record in records if _is_up_to(step, record)])
        self._rewrite(EVENTS, read_json_lines(self.path / EVENTS)[:num_events])
        (self.path / "outcome.json").unlink(missing_ok=True)

    def _rewrite(self, name: str, records: list[dict[str, Any]]) -> None:
        if records:
            write_text(self.path / name, "".join(json.dumps(record) + "\n" for record in records))
        else:
            (self.path / name).unlink(missing_ok=True)

    def has_played(self) -> bool:
        """Whether the records tell of any round."""
        names = (METRICS, EVALUATIONS)
        return any(not _is_up_to(0, record) for name in names for record in read_json_lines(self.path / name))

    def environment(self) -> dict[str, Any]:
        """What ``environment.json`` says of where the run was begun; nothing where it is missing or damaged."""
        try:
            found = json.loads((self.path / "environment.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def keep_settings(self, settings: RunSettings) -> None:
        """Make ``settings`` those of the run."""
        self.settings = settings
        write_text(self.path / "config.yaml", to_yaml(settings))

    def write_ending(self, ending: Ending) -> None:
        """Write ``outcome.json``."""
        write_json(self.path / "outcome.json", asdict(ending))


def _is_up_to(step: int, record: dict[str, Any]) -> bool:
    return isinstance(record.get("step"), int) and record["step"] <= step


def environment() -> dict[str, Any]:
    """Versions and machine, as far as they can change a result."""
    return {
        "equipoise": equipoise.__version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": numpy.__version__,
        "platform": platform.platform(),
        "processor": torch.backends.cpu.get_cpu_capability(),
        "cuda_device": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "threads": torch.get_num_threads(),
    }
