"""Measurements of generated text: how far its n-grams are from those of real text, beside what real text gets.

The lines of the reference are a fixed draw of at most `REFERENCE_LIMIT`, and the floor is the value of as many lines of
the training text as are generated. Where the reference is the training text itself, the lines of the floor are taken
out of it for the floor, at most half of them, or else they would be compared with themselves. All follows from the
run's seed, so that values of one run can be compared.
"""

import math
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from equipoise.config import RunSettings
from equipoise.core.errors import UserError
from equipoise.core.seeding import derived_seed
from equipoise.data import TextSource, load_text
from equipoise.metrics.ngrams import ngram_divergence, ngram_interval
from equipoise.training.lines import codes_of

Codes = NDArray[np.int64]

ORDERS = range(1, 7)
JUDGE = "jsd4"
REFERENCE_LIMIT = 30_000
"""Lines of the reference at most: its n-grams are sorted anew at every evaluation."""
_NUM_SHOWN = 8


class TextEvaluator:
    """Measures generators of text against one reference.

    Args:
        settings: of the run; its evaluation must name n-grams.
        source: the text trained on, which the floor is taken from.
        device: where lines are generated.

    Attributes:
        every: rounds between two evaluations.
        judge: name of the value by which checkpoints are told better from worse; less is better.

    Raises:
        UserError: there is no such split to compare with.
    """

    def __init__(self, settings: RunSettings, source: TextSource, device: torch.device) -> None:
        self.settings, self.device, self.vocabulary = settings.evaluation, device, source.vocabulary
        self.seed, self.every, self.judge = settings.seed, settings.evaluation.every, JUDGE
        split = settings.evaluation.reference_split or settings.data.split
        reference = source if split == settings.data.split else _other_split(settings, source, split)
        self._reference = drawn(reference.codes, REFERENCE_LIMIT, derived_seed(self.seed, "reference"))
        real, rest = self._floor_sides(None if reference is source else source)
        self._protocol = {
            "features": "ngrams",
            "length": source.codes.shape[1],
            "num_symbols": len(source.vocabulary),
            "num_samples": self.settings.num_samples,
            "num_reference": len(self._reference),
            "reference": reference.fingerprint(),
            "split": split,
            "seed": self.seed,
            "num_floor": len(real),
            "floor": divergences(real, rest),
        }

    def _floor_sides(self, source: TextSource | None) -> tuple[Codes, Codes]:
        """Real lines of ``source``, or of the reference where that is None, and lines to compare them with."""
        seed = derived_seed(self.seed, "floor")
        if source is not None:
            return drawn(source.codes, self.settings.num_samples, seed), self._reference
        mixed = np.random.default_rng(seed).permutation(self._reference)
        number = min(self.settings.num_samples, len(mixed) // 2)
        return mixed[:number], mixed[number:]

    def evaluate(self, generate: Callable[[int, torch.Generator], Tensor]) -> dict[str, Any]:
        """Values by name, a few of the lines they are of, and the protocol they were measured under.

        Args:
            generate: (number, generator) -> that many lines (N, V, L).

        Returns:
            ``values``: ``jsd1`` to ``jsd6`` in bits, and ``distinct``, the fraction of lines that are different; only
            the ``judge``, which is then NaN, where the generator makes numbers that are not finite. ``lines``: the
            first of those measured. ``intervals``: of the divergences, where the settings ask for them. ``protocol``:
            what must agree before two values are compared, with the floor.
        """
        codes = self._generated(generate)
        if codes is None:
            return {"values": {JUDGE: math.nan}, "judge": JUDGE, "protocol": {}}
        values = divergences(codes, self._reference)
        return {
            "values": {**values, "distinct": len(np.unique(codes, axis=0)) / len(codes)},
            "judge": JUDGE,
            "intervals": self._intervals(codes, len(values)) if self.settings.intervals else {},
            "lines": self.vocabulary.decode(codes[:_NUM_SHOWN]),
            "protocol": self._protocol,
        }

    def _intervals(self, codes: Codes, num_orders: int) -> dict[str, Any]:
        orders = range(1, num_orders + 1)
        return {
            f"jsd{n}": asdict(ngram_interval(codes, self._reference, n, seed=self.seed, with_floor=False))
            for n in orders
        }

    def _generated(self, generate: Callable[[int, torch.Generator], Tensor]) -> Codes | None:
        generator = torch.Generator(self.device).manual_seed(derived_seed(self.seed, "evaluation"))
        number, size = self.settings.num_samples, self.settings.batch_size
        parts = []
        for start in range(0, number, size):
            examples = generate(min(size, number - start), generator)
            if not bool(examples.isfinite().all()):
                return None
            parts.append(codes_of(examples).cpu().numpy())
        return np.concatenate(parts)


def divergences(codes: Codes, reference: Codes) -> dict[str, float]:
    """Jensen-Shannon divergences in bits of the n-grams of two sets of lines (N, L) and (M, L), by name."""
    orders = [order for order in ORDERS if order <= codes.shape[1]]
    return {f"jsd{order}": ngram_divergence(codes, reference, order, with_floor=False).value for order in orders}


def drawn(codes: Tensor, number: int, seed: int) -> Codes:
    """At most ``number`` lines (N, L) of ``codes``, drawn without replacement, in their order."""
    if len(codes) > number:
        rows = torch.randperm(len(codes), generator=torch.Generator().manual_seed(seed))[:number].sort().values
        codes = codes.index_select(0, rows.to(codes.device))
    found: Codes = codes.cpu().numpy().astype(np.int64)
    return found


def _other_split(settings: RunSettings, source: TextSource, split: str) -> TextSource:
    data = settings.data.model_copy(update={"split": split})
    try:
        return load_text(data, torch.device("cpu"), source.vocabulary)
    except UserError as error:
        raise UserError(
            f"There is no text to compare with, evaluation.reference_split being {split!r}: {error}"
        ) from error


def require_text(settings: RunSettings, source: object) -> TextSource:
    """The source, if it holds text.

    Raises:
        UserError: n-grams are asked for, but there is no text.
    """
    if isinstance(source, TextSource):
        return source
    raise UserError(
        f"evaluation.features is 'ngrams', but the data of source {settings.data.source!r} are no text; set "
        f"evaluation.features to none, or data.source to text."
    )
