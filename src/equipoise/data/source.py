"""What every source of real examples promises to training and to metrics.

A `Source` is a set of real examples, finite or endless; a `Loader` is one endless, seeded, resumable walk over it. The
classes that implement them are beside this module. Nothing here decodes, downloads or augments.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, Self

import torch
from torch import Tensor

from equipoise.core.batches import Batch
from equipoise.core.errors import UserError


class Loader(ABC):
    """An endless iterator of batches, each of exactly the batch size.

    The state is small (a generator's state and a position) and exact: a loader that takes it up continues with
    bit-identical batches, from any point of an epoch.
    """

    def __iter__(self) -> Self:
        return self

    @abstractmethod
    def __next__(self) -> Batch:
        """The next batch, on the loader's device."""

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """Where the walk stands: tensors and whole numbers."""

    @abstractmethod
    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue where a loader of the same source and batch size stood.

        Raises:
            UserError: the state belongs to another number of examples or another batch size.
        """

    def restart(self) -> None:  # noqa: B027 - a walk that draws each batch as it is asked for has nothing ahead
        """Forget what was drawn ahead: the next batch follows from what the generator is now."""


class Source(ABC):
    """A set of real examples.

    Attributes:
        name: what a person calls the set.
        example_shape: (C, H, W) of an image, (D,) of a point or (V, L) of a line of L out of V symbols.
        num_examples: how many there are; None where they are drawn afresh for every batch.
        labels: (N,) int64 classes in the order of `ordered`; None where there are none, or no end of them.
        classes: the names of classes 0, 1, ..., where there are labels and the names are known.
    """

    name: str
    example_shape: tuple[int, ...]
    num_examples: int | None
    labels: Tensor | None = None
    classes: tuple[str, ...] | None = None

    @abstractmethod
    def fingerprint(self) -> str:
        """A hexadecimal key of the content, under which results computed from it may be kept."""

    @abstractmethod
    def batches(
        self,
        batch_size: int,
        generator: torch.Generator,
        device: torch.device | None = None,
        memory_format: torch.memory_format = torch.contiguous_format,
    ) -> Loader:
        """An endless walk in seeded order, with the source's augmentation.

        Args:
            batch_size: examples a batch.
            generator: draws order, flips and points; it must serve this loader alone.
            device: where the batches are wanted; by default where the generator draws.
            memory_format: layout of image batches.

        Raises:
            UserError: the batch is larger than the set.
        """

    @abstractmethod
    def ordered(self, batch_size: int, device: torch.device) -> Iterator[Batch]:
        """Every example once, in order and without augmentation; the last batch may be short.

        An endless source gives a fixed number of points from a fixed seed, the same whatever the batch size.
        """

    def part(self, rows: Tensor | None, *, labelled: bool = True) -> "Source":
        """A source of some of the examples, with the same augmentation.

        Args:
            rows: (M,) int64 places in the order of `ordered`, each at most once; None for all of them.
            labelled: False for a source that has no labels, nor a way back to them.

        Raises:
            UserError: this source cannot be divided.
        """
        raise UserError(
            f"Data {self.name!r} cannot be divided into parts; choose one of digits, moons, a folder or a table."
        )
