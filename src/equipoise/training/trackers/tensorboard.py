"""TensorBoard: event files in the run folder's ``tensorboard``, by torch's own writer.

Look at them with ``tensorboard --logdir runs``.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from equipoise.config import RunSettings
from equipoise.config.files import to_yaml
from equipoise.core.outcomes import Ending
from equipoise.training.observer import Distances, Record, Silence
from equipoise.training.trackers.numbers import measured, scalars


class TensorBoard(Silence):
    """Writes what it is told as scalars, pictures and texts.

    Args:
        path: of the run folder.
    """

    def __init__(self, path: Path) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._folder, self._open = path / "tensorboard", SummaryWriter

    def on_start(self, settings: RunSettings, step: int, description: dict[str, str], distances: Distances) -> None:
        """Open the event file; what an earlier one says past ``step`` is no longer shown."""
        self._writer = self._open(str(self._folder), purge_step=step + 1 if step else None)
        self._writer.add_text("settings", f"```\n{to_yaml(settings)}```", step)

    def on_metrics(self, record: Record) -> None:
        """The numbers of a logging interval."""
        for name, value in scalars(record, "training"):
            self._writer.add_scalar(name, value, record["step"])

    def on_evaluation(self, record: Record) -> None:
        """What was measured, and of text a few lines."""
        for name, value in measured(record).items():
            self._writer.add_scalar(name, value, record["step"])
        if lines := record.get("lines"):
            self._writer.add_text("lines", "\n".join(f"    {line}" for line in lines), record["step"])
        self._writer.flush()

    def on_sample(self, step: int, path: Path) -> None:
        """The sample picture."""
        if path.suffix == ".png":
            with Image.open(path) as image:
                self._writer.add_image("samples", np.asarray(image.convert("RGB")), step, dataformats="HWC")

    def on_end(self, ending: Ending) -> None:
        """How it ended."""
        self._writer.add_text("ending", ending.sentence, ending.step)
        self._writer.close()
