"""The folder of a flow, in the format of run folders: settings, records line by line, arrays, and how it ended.

config.yaml       everything needed to play it again
environment.json  versions and machine
metrics.jsonl     one line per recorded state
evaluations.jsonl one line per finding (an order of convergence, a treatment's end, a distance to the flow)
arrays.npz        vector fields and point clouds, for the figures
outcome.json      how it ended, with the sentence a person reads
"""

import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy
from numpy.typing import NDArray

from equipoise.config.files import to_yaml
from equipoise.config.flows import FlowSettings
from equipoise.core.errors import UserError
from equipoise.core.files import append_json_line, replacing, write_json, write_text
from equipoise.core.outcomes import Ending, Outcome


class FlowFolder:
    """A folder that is written while a flow is played. As a context it notes an ending that nobody else noted."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, settings: FlowSettings, environment: Mapping[str, Any]) -> "FlowFolder":
        """A new folder ``root/name``, whole or not at all.

        Raises:
            UserError: the folder exists already, or cannot be written.
        """
        path = Path(settings.root) / settings.name
        if path.exists():
            raise UserError(f"Folder '{path}' exists already; choose another --name, or remove it.")
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            temporary.mkdir(parents=True)
            write_text(temporary / "config.yaml", to_yaml(settings))
            write_json(temporary / "environment.json", environment)
            temporary.rename(path)
        except OSError as error:
            shutil.rmtree(temporary, ignore_errors=True)
            raise UserError(
                f"Folder {str(path)!r} cannot be made ({error.strerror}); choose another --root."
            ) from error
        return cls(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if kind is not None and not (self.path / "outcome.json").exists():
            outcome = Outcome.STOPPED if kind is KeyboardInterrupt else Outcome.FAILED
            self.end(outcome, f"{outcome.capitalize()}: {error or kind.__name__}.".replace("..", "."))

    def add_metrics(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Append lines to ``metrics.jsonl``."""
        for record in records:
            append_json_line(self.path / "metrics.jsonl", record)

    def add_evaluation(self, record: Mapping[str, Any]) -> None:
        """Append a line to ``evaluations.jsonl``."""
        append_json_line(self.path / "evaluations.jsonl", record)

    def write_arrays(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Write ``arrays.npz`` atomically."""
        with replacing(self.path / "arrays.npz") as temporary, temporary.open("wb") as file:
            numpy.savez_compressed(file, allow_pickle=False, **arrays)

    def end(self, outcome: Outcome, sentence: str, step: int = 0, values: Mapping[str, Any] | None = None) -> Ending:
        """Write ``outcome.json``."""
        ending = Ending(outcome, sentence, step, dict(values or {}))
        write_json(self.path / "outcome.json", asdict(ending))
        return ending
