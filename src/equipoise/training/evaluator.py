"""Measurements: generated against real examples, in memory, with the protocol beside the values.

Nothing is written and read back. Images are rounded to 8 bits first, so that a value is that of the pictures a person
would look at. Latents are the same at every evaluation of a run.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from equipoise.config import RunSettings
from equipoise.config.evaluation import RESIZING_FEATURES, EvaluationSettings
from equipoise.core.seeding import derived_seed
from equipoise.data import Mixture, Source, build_source
from equipoise.data.memory import normalise
from equipoise.metrics import (
    ClassifierFeatures,
    Moments,
    MomentsAccumulator,
    Protocol,
    build_features,
    cached_moments,
    class_coverage,
    distance_protocol,
    frechet_distance,
    mode_coverage,
)
from equipoise.training.pictures import to_pixels

Generate = Callable[[int, torch.Generator], Tensor]


class Evaluator:
    """Measures generators against one reference set, whose moments are computed once and cached by content.

    Args:
        settings: of the run; its evaluation must name features.
        reference: real examples to compare with.
        device: where examples are generated and looked at.
    """

    def __init__(self, settings: RunSettings, reference: Source, device: torch.device) -> None:
        self.settings, self.reference, self.device = settings.evaluation, reference, device
        self.seed, self.every = settings.seed, settings.evaluation.every
        self.features = build_features(settings.evaluation.features, device, _resize_rule(settings.evaluation))
        split = settings.evaluation.reference_split or settings.data.split
        self._protocol = Protocol.of(self.features, data=reference.fingerprint(), split=split)
        self._real = cached_moments(repr(self._protocol), self._reference_moments)

    def evaluate(self, generate: Generate) -> dict[str, Any]:
        """Values by name, and the protocol they were measured under.

        Args:
            generate: (number, generator) -> that many examples, images in [-1, 1].

        Returns:
            ``values``: ``fd`` (NaN where the generator makes numbers that are not finite), and what the data allow:
            classes or modes found. ``protocol``: what must agree before two distances are compared.
        """
        examples = torch.cat(list(self._generated(generate)))
        protocol = Protocol.of(self.features, seed=self.seed)
        if not bool(examples.isfinite().all()):
            return {"values": {"fd": math.nan}, "protocol": {}}
        accumulator = MomentsAccumulator(protocol)
        for part in self._as_seen(examples):
            accumulator.update(self.features(part))
        fake = accumulator.finish()
        values = {"fd": frechet_distance(fake, self._real), **self._coverage(examples)}
        return {"values": values, "protocol": {**distance_protocol(fake, self._real), **self._conditions()}}

    def _conditions(self) -> dict[str, str]:
        """What else changes the distance, where the features have it."""
        conditions = {"resize": self._protocol.resize, "precision": self._protocol.precision}
        return {name: value for name, value in conditions.items() if value is not None}

    def _generated(self, generate: Generate) -> Iterator[Tensor]:
        generator = torch.Generator(self.device).manual_seed(derived_seed(self.seed, "evaluation"))
        number, size = self.settings.num_samples, self.settings.batch_size
        for start in range(0, number, size):
            yield generate(min(size, number - start), generator)

    def _as_seen(self, examples: Tensor) -> Iterator[Tensor]:
        """Parts of the examples as a viewer of 8-bit pictures sees them; points as they are."""
        for part in torch.split(examples, self.settings.batch_size):
            yield normalise(to_pixels(part)) if part.ndim == 4 else part

    def _coverage(self, examples: Tensor) -> dict[str, Any]:
        if isinstance(self.reference, Mixture):
            modes = mode_coverage(examples, self.reference.centres, self.reference.std)
            return {"modes": modes.num_found, "high_quality": modes.high_quality}
        if isinstance(self.features, ClassifierFeatures):
            logits = torch.cat([self.features.classify(part) for part in self._as_seen(examples)])
            return {"classes": class_coverage(logits).num_found}
        return {}

    def _reference_moments(self) -> Moments:
        accumulator = MomentsAccumulator(self._protocol)
        for batch in self.reference.ordered(self.settings.batch_size, self.device):
            accumulator.update(self.features(batch.examples))
        return accumulator.finish()


def _resize_rule(settings: EvaluationSettings) -> str | None:
    """The rule asked for, where the features resize; elsewhere the settings have warned that it is ignored."""
    return settings.resize if settings.features in RESIZING_FEATURES else None


def build_evaluator(settings: RunSettings, device: torch.device, source: Source | None = None) -> Evaluator | None:
    """The evaluator that the settings ask for, or None.

    Args:
        settings: of the run.
        device: where to measure.
        source: the training data, if they are at hand; they serve as the reference where no other split is asked for.
    """
    if settings.evaluation.features == "none":
        return None
    split = settings.evaluation.reference_split
    if source is None or split not in (None, settings.data.split):
        source = build_source(settings.data, device, split=split)
    return Evaluator(settings, source, device)
