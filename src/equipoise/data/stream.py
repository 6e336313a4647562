"""Images that do not fit in memory: decoded in worker processes a few batches ahead, in the same seeded order.

With the same generator a streamed set gives the same batches as the set in memory. An image that turns out damaged only
when it is decoded gives its place to the next readable one, always the same, so that a resumed run sees the same.
"""

import hashlib
import signal
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from equipoise.core.batches import Batch
from equipoise.data.decode import UnreadableImageError, quiet
from equipoise.data.memory import mirror, normalise
from equipoise.data.order import EpochOrder
from equipoise.data.reading import Reader
from equipoise.data.source import Loader, Source
from equipoise.data.unreadable import Unreadable


class _Decoded(NamedTuple):
    """One batch as it comes from a worker.

    Attributes:
        pixels: (N, C, H, W) uint8.
        used: (N,) int64 positions of the images that the pixels are of.
        failures: name and reason of images found unreadable on the way.
    """

    pixels: Tensor
    used: Tensor
    failures: dict[str, str]


class _Decoding(Dataset[_Decoded]):
    """What runs in the workers: positions among the kept images in, pixels out."""

    def __init__(self, reader: Reader, kept: list[int], patience: int) -> None:
        self._reader, self._kept, self._patience = reader, kept, patience

    def __getitems__(self, positions: list[int]) -> _Decoded:
        pixels = torch.zeros((len(positions), *self._reader.shape), dtype=torch.uint8)
        failures: dict[str, str] = {}
        with quiet():
            used = [self._fill(place, position, failures) for place, position in zip(pixels, positions, strict=True)]
        return _Decoded(pixels, torch.tensor(used), failures)

    def _fill(self, place: Tensor, position: int, failures: dict[str, str]) -> int:
        """Decode the image at ``position``, or the next readable one, into ``place``; says which it was."""
        for candidate in range(position, position + self._patience + 1):
            index = self._kept[candidate % len(self._kept)]
            try:
                place.copy_(torch.from_numpy(self._reader.read(index)))
            except UnreadableImageError as error:
                failures[self._reader.records.name(index)] = str(error)
            else:
                return candidate % len(self._kept)
        return position  # more failures than are allowed: whoever counts them raises


class _Plan:
    """Batches of positions that the workers are to decode next; changed between epochs."""

    def __init__(self, rows: list[list[int]]) -> None:
        self.rows = rows

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self.rows)


def _leave_signals_to_the_parent(_: int) -> None:
    """Ctrl-C must not kill the workers: the parent still needs them to finish its step."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _as_it_comes(decoded: Any) -> Any:
    return decoded


def started(decoder: DataLoader[_Decoded]) -> Iterator[_Decoded]:
    """What ``decoder`` gives, without torch's warning about more workers than cores: on a slow disk they pay."""
    with quiet():
        return iter(decoder)


class StreamedImages(Source):
    """Images decoded when they are needed.

    Args:
        name: what a person calls the set.
        reader: brings images to pixels.
        kept: indices of the images to use.
        unreadable: the account in which further unreadable images are entered.
        flip: mirror each image with probability 1/2.
        workers: processes that decode; 0 decodes in this one.
    """

    def __init__(
        self, name: str, reader: Reader, kept: list[int], unreadable: Unreadable, *, flip: bool, workers: int
    ) -> None:
        self.name, self.flip, self.classes = name, flip, reader.records.classes
        self.example_shape = reader.shape
        self.num_examples: int = len(kept)
        labels = reader.records.labels
        self.labels = None if labels is None else labels[kept]
        self._kept = kept
        self._reader, self._unreadable, self._workers = reader, unreadable, workers
        self._decoding = _Decoding(reader, kept, unreadable.allowed)

    def fingerprint(self) -> str:
        """SHA-256 over the identity of the files and the shape they are brought to, not over pixels."""
        return hashlib.sha256(self._reader.fingerprint().encode()).hexdigest()

    def batches(
        self,
        batch_size: int,
        generator: torch.Generator,
        device: torch.device | None = None,
        memory_format: torch.memory_format = torch.contiguous_format,
    ) -> "StreamedLoader":
        """See `Source.batches`."""
        order = EpochOrder(self.num_examples, batch_size, generator, device, flip=self.flip, name=self.name)
        return StreamedLoader(self, order, memory_format)

    def ordered(self, batch_size: int, device: torch.device) -> Iterator[Batch]:
        """See `Source.ordered`. Images found unreadable are left out, so any batch may be short."""
        starts = range(0, self.num_examples, batch_size)
        plan = _Plan([list(range(start, min(start + batch_size, self.num_examples))) for start in starts])
        for row, decoded in zip(plan, started(self.decoder(plan, device, persistent=False)), strict=True):
            self.account(decoded)
            readable = decoded.used == torch.tensor(row)
            yield self.finish(decoded.pixels[readable], decoded.used[readable], device)

    def part(self, rows: Tensor | None, *, labelled: bool = True) -> "StreamedImages":
        """See `Source.part`. Names of files stay, even where they name classes; nothing reads labels from them."""
        kept = self._kept if rows is None else [self._kept[row] for row in rows.tolist()]
        reader = self._reader if labelled else replace(self._reader, records=self._reader.records.without_labels())
        return StreamedImages(self.name, reader, kept, self._unreadable, flip=self.flip, workers=self._workers)

    def decoder(self, plan: _Plan, device: torch.device, *, persistent: bool) -> DataLoader[_Decoded]:
        """A loader of `_Decoded` batches that follows ``plan``."""
        with quiet():
            return DataLoader(
                self._decoding,
                batch_sampler=plan,
                num_workers=self._workers,
                collate_fn=_as_it_comes,
                pin_memory=device.type == "cuda",
                persistent_workers=persistent and self._workers > 0,
                worker_init_fn=_leave_signals_to_the_parent,
                generator=torch.Generator(),  # else each epoch would draw from the global stream
            )

    def account(self, decoded: _Decoded) -> None:
        """Enter what a batch found unreadable.

        Raises:
            UserError: too many images are unreadable.
        """
        if decoded.failures and self._unreadable.add(decoded.failures):
            self._unreadable.warn_on_doubling()

    def finish(self, pixels: Tensor, used: Tensor, device: torch.device) -> Batch:
        """The batch on the device, in [-1, 1]."""
        labels = None if self.labels is None else self.labels[used].to(device, non_blocking=True)
        return Batch(normalise(pixels.to(device, non_blocking=True)), labels)


class StreamedLoader(Loader):
    """A walk over streamed images; made by `StreamedImages.batches`."""

    def __init__(self, source: StreamedImages, order: EpochOrder, memory_format: torch.memory_format) -> None:
        self._source, self._order, self._memory_format = source, order, memory_format
        self._plan = _Plan([])
        self._decoder = source.decoder(self._plan, order.device, persistent=True)
        self._running: Iterator[_Decoded] | None = None

    def __next__(self) -> Batch:
        if self._running is None or self._order.finished:
            self._plan.rows = self._order.upcoming()
            self._running = started(self._decoder)
        decoded = next(self._running)
        self._source.account(decoded)
        _, coins = self._order.take()
        examples, labels = self._source.finish(decoded.pixels, decoded.used, self._order.device)
        if coins is not None:
            examples = mirror(examples, coins)
        return Batch(examples.contiguous(memory_format=self._memory_format), labels)

    def state_dict(self) -> dict[str, Any]:
        """See `Loader.state_dict`; what the workers have decoded ahead is not part of it."""
        return self._order.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See `Loader.load_state_dict`."""
        self._order.load_state_dict(state)
        self._running = None

    def restart(self) -> None:
        """See `Loader.restart`; batches that the workers hold already are dropped."""
        self._order.restart()
        self._running = None
