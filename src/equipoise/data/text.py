"""Text as a source: lines of one length, kept as integer codes, and handed out one-hot.

An example is (V, L): at each of the L places a 1 for the symbol that stands there, out of the V of the vocabulary,
padding and the unknown included. The one-hot tensor is made on the training device from codes of one or two bytes.
"""

import hashlib
from collections.abc import Iterator
from functools import cached_property

import torch
from torch import Tensor

from equipoise.core.batches import Batch
from equipoise.data.order import EpochLoader, EpochOrder
from equipoise.data.source import Source
from equipoise.data.text_vocabulary import Vocabulary


def one_hot(codes: Tensor, num_symbols: int) -> Tensor:
    """Codes (N, L) as examples (N, V, L) float32, on their device.

    >>> one_hot(torch.tensor([[1, 0, 1]], dtype=torch.uint8), 2)
    tensor([[[0., 1., 0.],
             [1., 0., 1.]]])
    """
    examples = torch.zeros(len(codes), num_symbols, codes.shape[1], device=codes.device)
    return examples.scatter_(1, codes.long().unsqueeze(1), 1.0)


class TextSource(Source):
    """Lines of text.

    Args:
        name: what a person calls the set.
        codes: (N, L) uint8 or int16, on the training device or, mapped from a file, on the CPU.
        vocabulary: what the codes stand for.

    Attributes:
        codes: as given.
        vocabulary: as given.

    >>> vocabulary = Vocabulary("ab")
    >>> source = TextSource("mine", torch.from_numpy(vocabulary.encode(["ab", "b"], 3)), vocabulary)
    >>> source.example_shape, source.num_examples
    ((4, 3), 2)
    """

    def __init__(self, name: str, codes: Tensor, vocabulary: Vocabulary) -> None:
        self.name, self.codes, self.vocabulary = name, codes, vocabulary
        self.example_shape = (len(vocabulary), codes.shape[1])
        self.num_examples: int = len(codes)

    @cached_property
    def _fingerprint(self) -> str:
        digest = hashlib.sha256(f"{self.vocabulary} {tuple(self.codes.shape)}".encode())
        for part in torch.split(self.codes, 1 << 20):
            digest.update(part.cpu().numpy().data)
        return digest.hexdigest()

    def fingerprint(self) -> str:
        """SHA-256 over vocabulary and codes."""
        return self._fingerprint

    def batches(
        self,
        batch_size: int,
        generator: torch.Generator,
        device: torch.device | None = None,
        memory_format: torch.memory_format = torch.contiguous_format,
    ) -> "TextLoader":
        """See `Source.batches`; text has but one layout."""
        del memory_format
        order = EpochOrder(self.num_examples, batch_size, generator, self.codes.device, flip=False, name=self.name)
        return TextLoader(self, order, device or generator.device)

    def ordered(self, batch_size: int, device: torch.device) -> Iterator[Batch]:
        """See `Source.ordered`."""
        for codes in torch.split(self.codes, batch_size):
            yield Batch(one_hot(codes.to(device), len(self.vocabulary)))


class TextLoader(EpochLoader):
    """A walk over lines of text; made by `TextSource.batches`."""

    def __init__(self, source: TextSource, order: EpochOrder, device: torch.device) -> None:
        self._codes, self._num_symbols = source.codes, len(source.vocabulary)
        self._order, self._device = order, device

    def __next__(self) -> Batch:
        rows, _ = self._order.take()
        codes = self._codes.index_select(0, rows).to(self._device, non_blocking=True)
        return Batch(one_hot(codes, self._num_symbols))
