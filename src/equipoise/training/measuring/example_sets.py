"""Sets of examples that can be measured: stored images, embedded data, what a trained generator makes, tensors.

Each is walked over batch by batch, as often as asked for, in constant memory. Images come as a viewer of 8-bit pictures
sees them, in [-1, 1]. How a person names such a set stands in ``named_sets``.
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from equipoise.core.errors import UserError
from equipoise.core.seeding import derived_seed
from equipoise.core.tensors import sha256_of_tensor
from equipoise.data import Source
from equipoise.data.memory import normalise
from equipoise.data.walk import ImageWalk
from equipoise.training.checkpoint import find_checkpoint
from equipoise.training.measuring.observing import chosen_rows
from equipoise.training.pictures import to_pixels
from equipoise.training.trained import TrainedGenerator

OnProgress = Callable[[int, int], None]
"""Called with examples done and examples in all."""


class ExampleSet(ABC):
    """A set of examples.

    Attributes:
        name: as a person gave it.
        kind: what it is, in a word or two.
        num_examples: how many a walk gives (less the unreadable ones).
        most_unreadable: how many of them may be unreadable.
        seed: that the examples were drawn with, where they were drawn.
        split: of the data set, where there is one.
    """

    name: str
    kind: str
    num_examples: int
    most_unreadable: int = 0
    seed: int | None = None
    split: str | None = None

    @abstractmethod
    def batches(self, batch_size: int, on_progress: OnProgress | None = None) -> Iterator[Tensor]:
        """Every example once: (N, C, H, W) float32 in [-1, 1], or points (N, D); batches may be short."""

    @abstractmethod
    def fingerprint(self, on_progress: OnProgress | None = None) -> str:
        """A hexadecimal key of the examples themselves, whatever their files are called."""

    def describe(self) -> dict[str, Any]:
        """The set as a part of a protocol, as JSON."""
        return {"name": self.name, "kind": self.kind, "split": self.split, "seed": self.seed}


class StoredImages(ExampleSet):
    """Images in a folder, an archive or a table.

    Args:
        name: as a person gave it.
        kind: folder, archive or table.
        walk: reads them.
        max_samples: take so many of them, drawn at random, in their order.
        seed: of that draw.
        split: of the data set, where there is one.
    """

    def __init__(
        self, name: str, kind: str, walk: ImageWalk, max_samples: int | None, seed: int, split: str | None = None
    ) -> None:
        self.name, self.kind, self.split, self._walk = name, kind, split, walk
        self._rows = chosen_rows(len(walk.records), max_samples, seed)
        self.seed = None if self._rows is None else seed
        self.num_examples = len(walk.records) if self._rows is None else len(self._rows)
        self.most_unreadable = walk.most_unreadable(self.num_examples)

    def batches(self, batch_size: int, on_progress: OnProgress | None = None) -> Iterator[Tensor]:
        """See `ExampleSet.batches`."""
        return self._walk.batches(batch_size, self._rows, on_progress)

    def fingerprint(self, on_progress: OnProgress | None = None) -> str:
        """See `ExampleSet.fingerprint`; reads every file."""
        return self._walk.fingerprint(self._rows, on_progress)


class SourceExamples(ExampleSet):
    """An embedded set: digits, ring or grid; arguments as in `StoredImages`."""

    def __init__(self, name: str, source: Source, max_samples: int | None, seed: int) -> None:
        self.name, self.kind, self._source = name, "embedded", source
        total = source.num_examples or sum(len(batch.examples) for batch in source.ordered(10_000, _CPU))
        self._rows = chosen_rows(total, max_samples, seed)
        self.seed = None if self._rows is None else seed
        self.num_examples = total if self._rows is None else len(self._rows)

    def batches(self, batch_size: int, on_progress: OnProgress | None = None) -> Iterator[Tensor]:
        """See `ExampleSet.batches`."""
        wanted = None if self._rows is None else torch.tensor(self._rows)
        start = done = 0
        for batch in self._source.ordered(batch_size, _CPU):
            examples, end = batch.examples, start + len(batch.examples)
            if wanted is not None:
                examples = examples[wanted[(wanted >= start) & (wanted < end)] - start]
            start, done = end, done + len(examples)
            if len(examples):
                yield examples
            if on_progress:
                on_progress(done, self.num_examples)

    def fingerprint(self, on_progress: OnProgress | None = None) -> str:
        """See `ExampleSet.fingerprint`."""
        whole = self._source.fingerprint()
        return whole if self._rows is None else hashlib.sha256(f"{whole} {self._rows}".encode()).hexdigest()


class GeneratedExamples(ExampleSet):
    """What the generator of a run makes, from the latents that `equipoise.training.measuring.measure` would draw.

    Args:
        path: the run folder.
        num_samples: examples to make.
        seed: of the latents.
        step: checkpoint to take; by default the best of the run, or the newest where nothing was measured.

    Raises:
        UserError: there is no such run or checkpoint, or it makes text.
    """

    def __init__(self, path: Path, num_samples: int, seed: int, step: int | None = None) -> None:
        self.name, self.kind, self.num_examples, self.seed = str(path), "run", num_samples, seed
        self._trained = TrainedGenerator.load(path, best_step(path) if step is None else step)
        if self._trained.vocabulary:
            raise UserError(f"'{path}' makes text, which has no features; 'equipoise evaluate {path}' measures it.")
        self.step: int = self._trained.state["step"]
        self._path = path

    def batches(self, batch_size: int, on_progress: OnProgress | None = None) -> Iterator[Tensor]:
        """See `ExampleSet.batches`; always in batches of the run's own evaluation, so as to give its examples."""
        size = self._trained.settings.evaluation.batch_size
        for part, start in zip(self._generated(size), range(0, self.num_examples, size), strict=True):
            yield as_seen(part).cpu()
            if on_progress:
                on_progress(start + len(part), self.num_examples)

    def _generated(self, size: int) -> Iterator[Tensor]:
        generator = torch.Generator(self._trained.device).manual_seed(derived_seed(self.seed or 0, "evaluation"))
        for start in range(0, self.num_examples, size):
            yield self._trained.generate(min(size, self.num_examples - start), generator)

    def fingerprint(self, on_progress: OnProgress | None = None) -> str:
        """See `ExampleSet.fingerprint`: of the weights, and of how examples are drawn from them."""
        settings = self._trained.settings
        parts = [sha256_of_tensor(tensor) for tensor in self._trained.module.state_dict().values()]
        parts += [repr(settings.network), repr(settings.game), repr(settings.training), str(self._trained.device)]
        parts += [str(self.num_examples), str(self.seed), str(settings.evaluation.batch_size)]
        return hashlib.sha256(" ".join(parts).encode()).hexdigest()

    def describe(self) -> dict[str, Any]:
        """See `ExampleSet.describe`."""
        return {**super().describe(), "step": self.step}


class TensorExamples(ExampleSet):
    """Images (N, C, H, W) in [-1, 1] or points (N, D), floating point, as a tensor; arguments as in `StoredImages`."""

    def __init__(self, examples: Tensor, max_samples: int | None, seed: int) -> None:
        if examples.ndim not in (2, 4) or not examples.is_floating_point():
            raise UserError(
                f"A tensor of shape {tuple(examples.shape)} and type {examples.dtype} was given; give images "
                f"(N, C, H, W) in [-1, 1] or points (N, D), in floating point."
            )
        rows = chosen_rows(len(examples), max_samples, seed)
        self.name, self.kind, self.seed = "tensor", "tensor", None if rows is None else seed
        self._examples = examples if rows is None else examples[torch.tensor(rows)]
        self.num_examples = len(self._examples)

    def batches(self, batch_size: int, on_progress: OnProgress | None = None) -> Iterator[Tensor]:
        """See `ExampleSet.batches`."""
        done = 0
        for part in torch.split(self._examples, batch_size):
            yield as_seen(part)
            done += len(part)
            if on_progress:
                on_progress(done, self.num_examples)

    def fingerprint(self, on_progress: OnProgress | None = None) -> str:
        """See `ExampleSet.fingerprint`."""
        return sha256_of_tensor(self._examples)


_CPU = torch.device("cpu")


def as_seen(examples: Tensor) -> Tensor:
    """Images as a viewer of 8-bit pictures sees them; what is out of range is left to be refused, points as they are.

    >>> round(as_seen(torch.zeros(1, 1, 1, 1)).item() * 127.5, 3)
    0.5
    """
    if examples.ndim != 4 or bool((examples.abs() > 1.001).any()) or bool(examples.isnan().any()):
        return examples
    return normalise(to_pixels(examples))


def best_step(path: Path) -> int | None:
    """The step at which the run at ``path`` measured its best distance, if it measured any."""
    from equipoise.training.checkpoint import load_state
    from equipoise.training.run_folder import RunFolder

    state = load_state(find_checkpoint(RunFolder.open(path).checkpoints))
    step: int | None = state["distances"].get("best_step")
    return step
