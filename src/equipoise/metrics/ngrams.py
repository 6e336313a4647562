"""How far the n-grams of generated strings are from those of real ones (Gulrajani et al. 2017; Heusel et al. 2017).

    JSD(p, q) = 1/2 KL(p || m) + 1/2 KL(q || m)      m = (p + q) / 2

in bits, so in [0, 1], between the frequencies of character n-grams pooled over all strings. As published, lines are cut
or padded to 32 characters, the padding counts as a character, and n goes from 1 to 6.

A sample of real strings is not at zero: most 6-grams are rare, and 640 strings hold few of them. That floor grows
with n and shrinks with the number of strings; it is measured on real strings, as many as were generated, and given
beside the value.

n-grams become integers, and integers are counted by sorting. No loop runs over characters or strings.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from equipoise.core.errors import UserError
from equipoise.metrics.uncertainty import Interval, from_contributions

Text = Tensor | NDArray[Any] | Sequence[str]
Codes = NDArray[np.int64]

LENGTH = 32
"""Characters of a line, in the paper's protocol."""
PADDING = "`"
_LARGEST = 2**61
"""Integers up to here leave a bit to say which side they come from."""
_TABLE = 2**23
"""Integers below are counted in a table, others by sorting."""
_CROWDED = 2**19
"""Tables up to here stay in the processor's cache."""


@dataclass(frozen=True)
class NgramDivergence:
    """Jensen-Shannon divergence between the n-grams of two sets of strings.

    Attributes:
        value: in bits, in [0, 1].
        floor: what real strings, as many as the samples, get against the rest of the reference; None if not asked for.
        order: n.
        num_samples: strings on the one side.
        num_reference: strings on the other.
        num_floor: strings that the floor was measured with: at most half of the reference.
        seed: they were drawn with it.
    """

    value: float
    floor: float | None
    order: int
    num_samples: int
    num_reference: int
    num_floor: int
    seed: int


def ngram_divergence(
    samples: Text, reference: Text, order: int = 4, seed: int = 0, with_floor: bool = True
) -> NgramDivergence:
    """Divergence of the n-grams of generated strings from those of real ones, with the floor beside it.

    Args:
        samples: (N, L) integers, one for each character, or N strings.
        reference: (M, L) integers in the same code, or M strings; M at least 2 for the floor.
        order: n, from 1 to 6 in the paper; at most L.
        seed: of the real strings that the floor is measured with.
        with_floor: whether to measure the floor, which takes as long as the value.

    Raises:
        UserError: a side is empty, lines differ in length, n is too large, or codes are not integers from 0 on.

    >>> ngram_divergence(["abab"] * 3, ["abab", "cdcd"], order=1).value < 1
    True
    """
    ours, theirs = paired_codes(samples, reference, order, fewest_reference=2 if with_floor else 1)
    value = _divergence(*_grams(ours, theirs, order))
    num_floor = min(len(ours), len(theirs) // 2)
    floor = None
    if with_floor:
        mixed = theirs[np.random.default_rng(seed).permutation(len(theirs))]
        floor = _divergence(*_grams(mixed[:num_floor], mixed[num_floor:], order))
    return NgramDivergence(value, floor, order, len(ours), len(theirs), num_floor, seed)


def ngram_interval(
    samples: Text, reference: Text, order: int = 4, level: float = 0.95, seed: int = 0, with_floor: bool = True
) -> Interval:
    """The divergence with an interval for new strings on both sides; the floor, if asked for, stands in its notes.

    A string's influence is the mean of 1/2 log2(p / m) over its n-grams, less the divergence's own part: pooled counts
    are resampled with whole strings.

    Raises:
        UserError: as `ngram_divergence`.
    """
    found = ngram_divergence(samples, reference, order, seed, with_floor)
    ours, theirs = paired_codes(samples, reference, order)
    mine, others = _grams(ours, theirs, order)
    sides = [
        (_influences(one, other).reshape(len(lines), -1).mean(axis=1), len(lines))
        for one, other, lines in ((mine, others, ours), (others, mine, theirs))
    ]
    estimate = from_contributions(found.value, sides, level, seed, (0.0, 1.0))
    if found.floor is None:
        return estimate
    note = f"{found.num_floor:,} real strings get {found.floor:.4f} against the rest of the reference."
    return estimate.noted((note,))


def _influences(ours: Codes, theirs: Codes) -> NDArray[np.float64]:
    """1/2 log2(p / m) of each n-gram of the first list."""
    grams = np.unique(np.concatenate([ours, theirs]))
    p, q = _frequencies(ours, theirs)
    values: NDArray[np.float64] = np.log2(np.where(p > 0, p, 1) * 2 / (p + q)) / 2
    return values[np.searchsorted(grams, ours)]


def encode(strings: Sequence[str], length: int = LENGTH, padding: str = PADDING) -> Codes:
    """Unicode numbers of the characters, (N, length) int64; longer strings are cut, shorter ones are padded.

    >>> encode(["ab", "abcd"], length=3)
    array([[97, 98, 96],
           [97, 98, 99]])
    """
    # numpy cuts and fills with zeros by itself; no text holds the character number zero.
    characters = np.array(list(strings), dtype=f"<U{length}").reshape(-1, 1).view(np.uint32)
    return np.where(characters == 0, ord(padding), characters).astype(np.int64)


def paired_codes(samples: Text, reference: Text, order: int, fewest_reference: int = 1) -> tuple[Codes, Codes]:
    """Both sides as integers (N, L) and (M, L) from 0 to the number of different characters."""
    ours, theirs = _as_codes(samples), _as_codes(reference)
    if ours.shape[1] != theirs.shape[1]:
        raise UserError(
            f"Lines of {ours.shape[1]} and {theirs.shape[1]} characters cannot be compared; pad them alike."
        )
    if not 1 <= order <= ours.shape[1]:
        raise UserError(f"n-grams of {order} characters were asked for; lines of {ours.shape[1]} allow 1 to that many.")
    if not len(ours) or len(theirs) < fewest_reference:
        raise UserError(
            f"{len(ours)} strings and a reference of {len(theirs)} were given; at least 1 and {fewest_reference} are "
            f"needed."
        )
    dense, _ = _renumbered(np.concatenate([ours, theirs]))
    return dense[: len(ours)], dense[len(ours) :]


def _as_codes(text: Text) -> Codes:
    if not isinstance(text, Tensor | np.ndarray):
        if isinstance(text, str) or not all(isinstance(line, str) for line in text):
            raise UserError("A list of strings is needed, one for each line; for codes give an integer array (N, L).")
        return encode(text)
    codes = text.detach().cpu().numpy() if isinstance(text, Tensor) else text
    if codes.ndim != 2 or not np.issubdtype(codes.dtype, np.integer) or not codes.shape[1]:
        raise UserError(
            f"Text of shape {codes.shape} and type {codes.dtype} was given; integers (N, L), one for each character, "
            f"or a list of strings are needed."
        )
    return codes.astype(np.int64)


def _grams(ours: Codes, theirs: Codes, order: int) -> tuple[Codes, Codes]:
    """Every n-gram of both sides as one integer, equal integers for equal n-grams."""
    lines = np.concatenate([ours, theirs])
    base = int(lines.max()) + 1
    grams, largest = lines, base
    for first in range(1, order):
        # Numbers without gaps are worth having where they are cheap to make, and needed where integers end.
        if largest * base > _CROWDED and (largest <= _TABLE or largest * base > _LARGEST):
            grams, largest = _renumbered(grams)
        grams, largest = grams[:, :-1] * base + lines[:, first:], largest * base
    return grams[: len(ours)].ravel(), grams[len(ours) :].ravel()


def _renumbered(codes: Codes) -> tuple[Codes, int]:
    """The same integers numbered from 0 on, in their order, and how many different ones there are."""
    least, largest = int(codes.min()), int(codes.max())
    if largest - least >= _TABLE:
        different, numbers = np.unique(codes, return_inverse=True)
        return numbers.reshape(codes.shape).astype(np.int64), len(different)
    present = np.zeros(largest - least + 1, dtype=np.bool_)
    present[codes - least] = True
    numbers = present.cumsum(dtype=np.int64) - 1
    return numbers[codes - least], int(numbers[-1]) + 1


def _divergence(ours: Codes, theirs: Codes) -> float:
    """Jensen-Shannon divergence in bits of the frequencies of two lists of integers."""
    p, q = _frequencies(ours, theirs)
    middle = (p + q) / 2
    total = (_times_log(p, middle) + _times_log(q, middle)).sum() / 2
    # Rounding can leave a few units in the last place outside.
    return float(np.clip(total, 0, 1))


def _frequencies(ours: Codes, theirs: Codes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Frequencies on both sides of every integer that either holds, in the order of the integers."""
    largest = int(max(ours.max(), theirs.max()))
    if largest < _TABLE:
        counts = [np.bincount(each, minlength=largest + 1) for each in (ours, theirs)]
        present = (counts[0] + counts[1]) > 0
        return counts[0][present] / len(ours), counts[1][present] / len(theirs)
    # One sort for both: the last bit says which side an integer comes from. Half as many bits sort twice as fast.
    kind = np.int32 if largest < 2**30 else np.int64
    marked = np.concatenate([ours.astype(kind) * 2, theirs.astype(kind) * 2 + 1])
    marked.sort()
    from_theirs = marked & 1
    marked >>= 1
    starts = np.flatnonzero(np.concatenate([[True], marked[1:] != marked[:-1]]))
    right = np.add.reduceat(from_theirs, starts, dtype=np.int64)
    left = np.diff(starts, append=len(marked)) - right
    return left / len(ours), right / len(theirs)


def _times_log(p: NDArray[np.float64], middle: NDArray[np.float64]) -> NDArray[np.float64]:
    """P log2(p / middle), 0 where p is."""
    return p * np.log2(np.where(p > 0, p, middle) / middle)
