"""Weights & Biases: one of its runs for each of ours, in the project ``equipoise`` or ``$WANDB_PROJECT``.

Where it sends them, and whether, is its own business: ``wandb login``, ``WANDB_MODE=offline``. Our step is a number
among the others and not wandb's own counter, which cannot go back where the guard does.
"""

import os
import secrets
from pathlib import Path
from typing import Any

from equipoise.config import RunSettings
from equipoise.core.files import write_text
from equipoise.core.outcomes import Ending, Outcome
from equipoise.training.observer import Distances, Record, Silence
from equipoise.training.trackers.numbers import measured, scalars


class WeightsAndBiases(Silence):
    """Logs what it is told.

    Args:
        path: of the run folder, which keeps wandb's files and the identity under which a resumed run goes on.
    """

    def __init__(self, path: Path) -> None:
        import wandb

        self._path, self._wandb = path, wandb

    def on_start(self, settings: RunSettings, step: int, description: dict[str, str], distances: Distances) -> None:
        """Begin a run there, or go on with the one begun before."""
        self._run = self._wandb.init(
            project=os.environ.get("WANDB_PROJECT", "equipoise"),
            name=settings.name,
            id=self._identity(),
            resume="allow",
            dir=str(self._path),
            config={**settings.model_dump(mode="json"), "description": description},
        )
        self._run.define_metric("step")
        self._run.define_metric("*", step_metric="step")

    def on_metrics(self, record: Record) -> None:
        """The numbers of a logging interval."""
        self._log(record["step"], dict(scalars(record, "training")))

    def on_evaluation(self, record: Record) -> None:
        """What was measured, and of text a few lines."""
        lines = record.get("lines")
        table = {"lines": self._wandb.Table(columns=["line"], data=[[line] for line in lines])} if lines else {}
        self._log(record["step"], {**measured(record), **table})

    def on_sample(self, step: int, path: Path) -> None:
        """The sample picture."""
        if path.suffix == ".png":
            self._log(step, {"samples": self._wandb.Image(str(path))})

    def on_end(self, ending: Ending) -> None:
        """How it ended, and whether that was well."""
        self._run.summary.update({"outcome": ending.outcome.value, "sentence": ending.sentence, **ending.values})
        self._run.finish(exit_code=int(ending.outcome in (Outcome.DIVERGED, Outcome.FAILED)))

    def _log(self, step: int, values: dict[str, Any]) -> None:
        self._run.log({**values, "step": step})

    def _identity(self) -> str:
        file = self._path / "wandb-id.txt"
        if not file.exists():
            write_text(file, secrets.token_hex(8))
        return file.read_text(encoding="utf-8").strip()
