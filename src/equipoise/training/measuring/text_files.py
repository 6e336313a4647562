"""Two text files compared by their n-grams, whatever made them: no run and no vocabulary is needed."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.config import DataSettings
from equipoise.data.text_lines import FileLines
from equipoise.data.text_reading import Account, cleaned
from equipoise.data.text_vocabulary import points_of
from equipoise.metrics.ngrams import ngram_divergence
from equipoise.training.measuring.text_evaluator import ORDERS


def compare_text(samples: Path, reference: Path, length: int = 32, seed: int = 0) -> dict[str, Any]:
    r"""Jensen-Shannon divergences, in bits, of the n-grams of two files with one line of text each.

    Lines are read as those of the source text are: space at their ends dropped, blank ones left out, cut or padded to
    ``length`` characters, the padding counting as a character.

    Args:
        samples: the one file, such as generated lines.
        reference: the other, such as real ones; it needs two lines.
        length: characters of a line.
        seed: of the real lines that the floor is measured with.

    Returns:
        ``values``: ``jsd1`` to ``jsd6``. ``floor``: what lines of the reference, as many as the samples but at most
        half of them, get against the rest of it. ``num_samples`` and ``num_reference``: lines of each.

    Raises:
        UserError: a file cannot be read, is not UTF-8 text, or has too few lines.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "a.txt").write_text("one\ntwo\n"), (folder / "b.txt").write_text("two\n\none\n")
    >>> compare_text(folder / "a.txt", folder / "b.txt")["values"]["jsd4"]
    0.0
    """
    ours, theirs = _points(samples, length), _points(reference, length)
    found = {order: ngram_divergence(ours, theirs, order, seed) for order in ORDERS if order <= length}
    return {
        "values": {f"jsd{order}": each.value for order, each in found.items()},
        "floor": {f"jsd{order}": each.floor for order, each in found.items()},
        "num_samples": len(ours),
        "num_reference": len(theirs),
    }


def _points(path: Path, length: int) -> NDArray[np.int64]:
    settings, account = DataSettings(source="text", length=length), Account()
    raw = FileLines(path)
    parts = [points_of(lines, length) for lines in cleaned(raw, settings, account)]
    account.require_readable(raw.name, settings.max_unreadable)
    return np.concatenate(parts).astype(np.int64)
