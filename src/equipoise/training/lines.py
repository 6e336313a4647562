"""Generated text as a person reads it: the likeliest symbol at every place, decoded, one line each."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from torch import Tensor

from equipoise.core.errors import UserError
from equipoise.core.files import write_text
from equipoise.data import Source, TextSource, Vocabulary

VOCABULARY = "vocabulary.json"
"""The file of a run folder in which the meaning of the codes stands."""


def codes_of(examples: Tensor) -> Tensor:
    """Codes (N, L) int64 of lines (N, V, L): the likeliest symbol at every place, the first of equals.

    >>> import torch
    >>> codes_of(torch.tensor([[[0.1, 0.8], [0.9, 0.2]]]))
    tensor([[1, 0]])
    """
    return examples.argmax(1)


def read_off(examples: Tensor, vocabulary: Vocabulary) -> list[str]:
    """Lines (N, V, L) as strings, without the padding at their ends.

    >>> import torch
    >>> read_off(torch.eye(4)[None, [0, 2, 1, 3]][..., [1, 3, 0, 0]], Vocabulary("ab"))
    ['ab']
    """
    return vocabulary.decode(codes_of(examples).cpu().numpy())


def save_lines(path: Path, batches: Iterable[Tensor], vocabulary: Vocabulary) -> None:
    """Write batches of lines (N, V, L) as one text file, whole or not at all."""
    write_text(path, "".join(line + "\n" for batch in batches for line in read_off(batch, vocabulary)))


def vocabulary_of(source: Source | None) -> Vocabulary | None:
    """What the codes of a source stand for; None where it holds no text."""
    return source.vocabulary if isinstance(source, TextSource) else None


def saved_vocabulary(state: dict[str, Any]) -> Vocabulary | None:
    """What the codes stand for in a checkpoint's state; None where it holds no text."""
    found = state.get("vocabulary")
    return Vocabulary.from_state(found) if found else None


def require_same_vocabulary(saved: Vocabulary | None, found: Vocabulary | None) -> None:
    """Refuse text whose symbols have other codes than those that the networks know.

    Raises:
        UserError: the vocabularies differ.
    """
    if saved != found:
        raise UserError(
            "The text is not the one that this run was trained on: its most common symbols are others; put the text "
            "back that data.path named then."
        )
