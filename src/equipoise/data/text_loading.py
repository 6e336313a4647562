"""From settings to text that is ready to be played with: two walks over the lines, one to count and one to encode.

A set whose codes are too large for memory is encoded into a file of its own, which the system reads as it is needed:
the batches and their order are the same.
"""

import mmap
import tempfile
import warnings

import numpy as np
import torch
from torch import Tensor

from equipoise.config.data import DataSettings
from equipoise.core.errors import DataWarning, UserError
from equipoise.core.files import cache_folder
from equipoise.data.reading import Progress
from equipoise.data.text import TextSource
from equipoise.data.text_lines import RawLines, open_lines
from equipoise.data.text_reading import Account, Survey, cleaned, survey
from equipoise.data.text_vocabulary import Codes, Vocabulary

_MEBIBYTE = 1 << 20
_PART = 1 << 20


def load_text(
    settings: DataSettings,
    device: torch.device,
    vocabulary: Vocabulary | None = None,
    on_progress: Progress | None = None,
) -> TextSource:
    """The lines that the settings name, as a source.

    Args:
        settings: which text, its split, units and length, and the limits on lines, symbols and memory.
        device: holds the codes, if they fit in memory.
        vocabulary: to encode with; without one, the most common symbols of these lines.
        on_progress: called with the lines encoded so far and the lines in all.

    Raises:
        UserError: there is no such text, too much of it is unreadable, all lines are the same, or they change.

    Warns:
        DataWarning: lines were left out as unreadable, or hold symbols that are not in the vocabulary.

    >>> source = load_text(DataSettings(source="text"), torch.device("cpu"))
    >>> source.vocabulary.decode(source.codes[:2].numpy())
    ['he speaks to these rivers .', 'his kind book runs to the long s']
    """
    raw = open_lines(settings)
    found = survey(raw, settings)
    if vocabulary is None:
        vocabulary = Vocabulary.from_counts(found.counts, settings.max_symbols, settings.units)
    codes = _encoded(raw, settings, found.account.num_lines, vocabulary, on_progress)
    if not any(bool((part != codes[:1]).any()) for part in torch.split(codes, _PART)):
        raise UserError(
            f"All {len(codes):,} lines of '{raw.name}' are the same in their first {settings.length} symbols; "
            f"give text with at least two different lines."
        )
    _warn(raw.name, found, vocabulary)
    words = found.account.words(settings.length)
    in_memory = not _is_large(codes.shape, vocabulary, settings)
    return TextSource(raw.name + (f" ({words})" if words else ""), codes.to(device) if in_memory else codes, vocabulary)


def _is_large(shape: tuple[int, ...], vocabulary: Vocabulary, settings: DataSettings) -> bool:
    return shape[0] * shape[1] * np.dtype(vocabulary.dtype).itemsize > settings.memory_limit * _MEBIBYTE


def _encoded(
    raw: RawLines, settings: DataSettings, num_lines: int, vocabulary: Vocabulary, on_progress: Progress | None
) -> Tensor:
    """Codes (N, L) of all lines, in memory or mapped from a file."""
    shape = (num_lines, settings.length)
    large = _is_large(shape, vocabulary, settings)
    codes = _mapped(shape, vocabulary.dtype) if large else np.empty(shape, vocabulary.dtype)
    start = 0
    for lines in cleaned(raw, settings, Account()):
        if start + len(lines) > num_lines:
            break
        codes[start : start + len(lines)] = vocabulary.encode(lines, settings.length)
        start += len(lines)
        if on_progress:
            on_progress(start, num_lines)
    if start != num_lines:
        raise UserError(f"'{raw.name}' was changed while it was read; give text that stands still.")
    return torch.from_numpy(codes)


def _mapped(shape: tuple[int, int], dtype: type[np.generic]) -> Codes:
    """An array in a nameless file of the cache folder, which is gone when the process is."""
    folder = cache_folder() / "text"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as file:
        file.truncate(shape[0] * shape[1] * np.dtype(dtype).itemsize)
        return np.frombuffer(mmap.mmap(file.fileno(), 0), dtype).reshape(shape)


def _warn(name: str, found: Survey, vocabulary: Vocabulary) -> None:
    if number := found.account.num_unreadable:
        text = f"{number:,} lines of '{name}' are not UTF-8 text and are left out."
        warnings.warn(text, DataWarning, stacklevel=3)
    total = int(found.counts[1:].sum())
    unknown = total - int(found.counts[[ord(symbol) for symbol in vocabulary.symbols]].sum())
    if unknown:
        text = f"{unknown:,} of {total:,} symbols of '{name}' are not in the vocabulary"
        warnings.warn(f"{text}; data.max_symbols sets its size.", DataWarning, stacklevel=3)
