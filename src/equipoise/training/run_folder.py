"""The run folder: the one contract between training, studies and reports (DESIGN: `docs/run-folder.md`).

config.yaml         everything needed to run it again
environment.json    versions and machine
metrics.jsonl       one line per logging interval
evaluations.jsonl   one line per evaluation, with its protocol
vocabulary.json     of text: the symbols, in the order of their codes from 2 on
samples/            step-000500.png, of text step-000500.txt
checkpoints/        step-000500/, see ``checkpoint``
outcome.json        how it ended, with the sentence a person reads
"""

import json
import os
import platform
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy
import torch

import equipoise
from equipoise.config import RunSettings
from equipoise.config.files import read_run_settings, to_yaml
from equipoise.core.errors import UserError, nearest
from equipoise.core.files import append_json_line, read_json_lines, write_json, write_text
from equipoise.core.outcomes import Ending
from equipoise.data import Vocabulary
from equipoise.training.checkpoint import checkpoint_steps
from equipoise.training.lines import VOCABULARY

METRICS, EVALUATIONS = "metrics.jsonl", "evaluations.jsonl"


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
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            for part in ("samples", "checkpoints"):
                (temporary / part).mkdir(parents=True)
            write_text(temporary / "config.yaml", to_yaml(settings))
            write_json(temporary / "environment.json", environment())
            if vocabulary:
                write_json(temporary / VOCABULARY, vocabulary.state_dict())
            temporary.rename(path)
        except OSError as error:
            shutil.rmtree(temporary, ignore_errors=True)
            raise UserError(
                f"Run folder {str(path)!r} cannot be made ({error.strerror}); choose another --root."
            ) from error
        return cls(path, settings)

    @staticmethod
    def refuse_existing(settings: RunSettings) -> None:
        """Raise a `UserError` if the folder of ``settings`` is there already."""
        path = Path(settings.root) / settings.name
        if path.exists():
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

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints."""
        return self.path / "checkpoints"

    def sample_path(self, step: int, suffix: str = ".png") -> Path:
        """Where the sample picture of ``step`` lies, or the sample text."""
        return self.path / "samples" / f"step-{step:06d}{suffix}"

    def add_metrics(self, record: dict[str, Any]) -> None:
        """Append a line to ``metrics.jsonl``."""
        append_json_line(self.path / METRICS, record)

    def add_evaluation(self, record: dict[str, Any]) -> None:
        """Append a line to ``evaluations.jsonl``."""
        append_json_line(self.path / EVALUATIONS, record)

    def forget_after(self, step: int) -> None:
        """Drop what lies past ``step`` and is about to be made again: records, checkpoints, pictures, a former ending.

        Checkpoints past it are damaged ones; left in place they would count among the newest that are kept.
        """
        for late in (late for late in checkpoint_steps(self.checkpoints) if late > step):
            shutil.rmtree(self.checkpoints / f"step-{late:06d}", ignore_errors=True)
        for picture in self.path.glob("samples/step-*.*"):
            if int(picture.stem.removeprefix("step-")) > step:
                picture.unlink()
        for name in (METRICS, EVALUATIONS):
            records = read_json_lines(self.path / name)
            kept = [json.dumps(record) + "\n" for record in records if record["step"] <= step]
            write_text(self.path / name, "".join(kept))
        (self.path / "outcome.json").unlink(missing_ok=True)

    def write_ending(self, ending: Ending) -> None:
        """Write ``outcome.json``."""
        write_json(self.path / "outcome.json", asdict(ending))


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
