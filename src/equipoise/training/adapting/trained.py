"""An adapted classifier, loaded from a run folder and applied to images without labels."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import numpy as np
import torch
from torch import Tensor, nn

from equipoise.config import RunSettings
from equipoise.core.errors import UserError
from equipoise.core.files import replacing
from equipoise.data import ImageReader, build_domains_and_labels, open_records
from equipoise.data.decode import Resize, UnreadableImageError, WrongSizeError
from equipoise.data.memory import normalise
from equipoise.training.adapting.evaluator import AdaptationEvaluator
from equipoise.training.adapting.looking import AdaptedClassifier
from equipoise.training.board import make_adaptation_networks
from equipoise.training.checkpoint import load_network, load_state, read_checkpoint
from equipoise.training.machine import precision_context, prepare_machine
from equipoise.training.run_folder import RunFolder

COLUMNS = ("file", "class", "confidence")


class Prediction(NamedTuple):
    """What a classifier says of one image.

    Attributes:
        file: name of the image below its folder.
        label: name of the class; empty where the image cannot be read.
        confidence: the probability that the classifier gives the class, which after adaptation is not calibrated; None
            where there is none.
    """

    file: str
    label: str
    confidence: float | None


@dataclass(frozen=True)
class TrainedClassifier:
    """The averaged classifier of one checkpoint of a domain-adversarial run.

    Attributes:
        settings: of the run.
        module: the classifier, in evaluation mode.
        disc: the discriminator of domains.
        state: of the run at the checkpoint: step, classes, example_shape, distances, ...
        device: where it lies.
    """

    settings: RunSettings
    module: Any
    disc: nn.Module
    state: dict[str, Any]
    device: torch.device

    @classmethod
    def load(cls, path: Path, step: int | None = None) -> "TrainedClassifier":
        """The classifier of the run at ``path``: of the checkpoint of ``step``, or of the one that its rule chose.

        Raises:
            UserError: there is no such run or checkpoint, or the run trained no classifier.
        """
        folder = RunFolder.open(path)
        if not folder.settings.game.adapts:
            kind = folder.settings.game.kind
            raise UserError(f"The game {kind!r} of '{path}' trains no classifier; give a run of 'equipoise adapt'.")
        device = prepare_machine(folder.settings)
        if step is None:
            step = read_checkpoint(folder.checkpoints, load_state)["distances"].get("best_step")
        state, *weights = read_checkpoint(
            folder.checkpoints,
            lambda found: (load_state(found), load_network(found, "disc"), load_network(found, "gen_ema")),
            step,
        )
        shape = tuple(state["example_shape"])
        networks = make_adaptation_networks(folder.settings, shape, len(state["classes"]), device)
        for network, saved in zip(networks, weights, strict=True):
            network.load_state_dict(saved)
        return cls(folder.settings, networks.gen.eval(), networks.disc, state, device)

    def measure(self) -> dict[str, Any]:
        """Values, protocol and step of this checkpoint as in training, with a fresh discriminator trained to probe it.

        Raises:
            UserError: the data of the run cannot be had.
        """
        adaptation = self.settings.adaptation.model_copy(update={"probe": True})
        settings = self.settings.model_copy(update={"adaptation": adaptation})
        data = build_domains_and_labels(settings.data, settings.target, self.device, settings.division)
        subject = AdaptedClassifier(self.module, self.disc, settings.game)
        measured = AdaptationEvaluator(settings, *data, self.device).evaluate(subject)
        return {"step": self.state["step"], "images": self.state["images"], **measured}

    @torch.inference_mode()
    def probabilities(self, examples: Tensor) -> Tensor:
        """Class probabilities (N, K) float32 of examples (N, ...), images in [-1, 1], on the classifier's device."""
        with precision_context(self.settings, self.device)():
            logits: Tensor = self.module.head(self.module.features(examples))
        return logits.float().softmax(1)

    def predict(self, given: str, resize: Resize | None = None, batch_size: int = 256) -> Iterator[Prediction]:
        """Predictions for all images of a folder, an archive or parquet files, in their order.

        Args:
            given: where they are.
            resize: how images of another size than the classifier's are brought to it (default: as the run's target).
            batch_size: images in a pass.

        Raises:
            UserError: there are none, or one has another size and ``resize`` is "none".
        """
        shape = tuple(self.state["example_shape"])
        if len(shape) != 3:
            raise UserError("This run classifies points, not images; it cannot be applied to a folder.")
        records = open_records(given)
        reader = ImageReader(records, (shape[0], shape[1], shape[2]), resize or self.settings.target.resize, rule="")
        for start in range(0, len(records), batch_size):
            yield from self._predict_some(reader, range(start, min(start + batch_size, len(records))))

    def _predict_some(self, reader: ImageReader, indices: range) -> list[Prediction]:
        pixels, found = [], []
        for index in indices:
            try:
                pixels.append(reader.read(index))
                found.append(index)
            except WrongSizeError as error:
                raise UserError(
                    f"Image {reader.records.name(index)!r} {error}, but the classifier takes {reader.shape[2]} x "
                    f"{reader.shape[1]} pixels; give --resize crop or squash."
                ) from error
            except UnreadableImageError:
                continue
        told: dict[int, tuple[float, int]] = {}
        if found:
            examples = normalise(torch.from_numpy(np.stack(pixels)).to(self.device))
            best = self.probabilities(examples).max(1)
            told = dict(zip(found, zip(best.values.tolist(), best.indices.tolist(), strict=True), strict=True))
        classes = self.state["classes"]
        return [
            Prediction(reader.records.name(index), classes[told[index][1]], told[index][0])
            if index in told
            else Prediction(reader.records.name(index), "", None)
            for index in indices
        ]


def write_predictions(path: Path, predictions: Iterator[Prediction]) -> dict[str, int]:
    """Write a CSV file, one line an image; returns how many there are of each class, and of "" that cannot be read.

    Raises:
        UserError: there is such a file already, or it cannot be written; then no image has been read.
    """
    if path.exists():
        raise UserError(f"'{path}' exists already; choose another --out, or remove it.")
    counts: dict[str, int] = {}
    with replacing(path) as temporary, _opened(temporary, path) as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for name, label, confidence in predictions:
            writer.writerow([name, label, "" if confidence is None else f"{confidence:.4f}"])
            counts[label] = counts.get(label, 0) + 1
    return counts


def _opened(temporary: Path, path: Path) -> TextIO:
    """``temporary``, which is to become ``path``, open for writing."""
    try:
        return temporary.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise UserError(f"'{path}' cannot be written ({error.strerror or error}); give another --out.") from error
