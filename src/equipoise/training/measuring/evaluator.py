"""Measurements: generated against real examples, in one pass, with the protocol beside the values.

Nothing is written and read back, and no more than one batch of examples is held. Images are rounded to 8 bits first, so
that a value is that of the pictures a person would look at. Latents are the same at every evaluation of a run.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor

from equipoise.config import RunSettings
from equipoise.config.evaluation import RESIZING_FEATURES, EvaluationSettings
from equipoise.core.errors import NotMeasurableError, UserError
from equipoise.core.seeding import derived_seed
from equipoise.data import Domains, Mixture, Parts, Source, build_domains_and_labels, build_source
from equipoise.data.mixtures import REFERENCE_SIZE
from equipoise.metrics import ClassifierFeatures, Coverage, Protocol, build_features, mode_coverage
from equipoise.training.adapting.evaluator import AdaptationEvaluator
from equipoise.training.measuring.example_sets import as_seen
from equipoise.training.measuring.judging import MODE_ERROR, mode_error
from equipoise.training.measuring.measures import Side, estimated, find_measures, intervals_of, needs_of, values_of
from equipoise.training.measuring.observation_cache import cached_observation
from equipoise.training.measuring.observing import Needs, Observation, Observed, comparison_protocol, observe
from equipoise.training.measuring.text_evaluator import TextEvaluator, require_text

Generate = Callable[[int, torch.Generator], Tensor]


class Evaluator:
    """Measures generators against one reference set, which is looked at once; its moments are cached by content.

    Args:
        settings: of the run; its evaluation must name features.
        reference: real examples to compare with.
        device: where examples are generated and looked at.

    Attributes:
        every: rounds between two evaluations.
        judge: name of the value by which a run's checkpoints are told better from worse; less is better.
    """

    def __init__(self, settings: RunSettings, reference: Source, device: torch.device) -> None:
        self.settings, self.reference, self.device = settings.evaluation, reference, device
        self.seed, self.every = settings.seed, settings.evaluation.every
        self.judge = MODE_ERROR if isinstance(reference, Mixture) else "fd"
        self.features = build_features(settings.evaluation.features, device, _resize_rule(settings.evaluation))
        self.measures = find_measures(["fd", *settings.evaluation.measures])
        self._needs = self._needs_of("samples") | Needs(classes=isinstance(self.features, ClassifierFeatures))
        split = settings.evaluation.reference_split or settings.data.split
        self._protocol = Protocol.of(self.features, data=reference.fingerprint(), split=split)
        self._real = self._look_at_reference()

    def evaluate(self, generate: Generate) -> dict[str, Any]:
        """Values by name, and the protocol they were measured under.

        Args:
            generate: (number, generator) -> that many examples, images in [-1, 1].

        Returns:
            ``values``: ``fd``, what further measures give, and what the data allow: classes or modes found; all but
            ``fd`` and ``judge`` are missing, and these NaN, where the generator makes numbers that are not finite, or
            so large that nothing can be measured of them.
            ``judge``: name of the value that tells checkpoints apart. ``intervals``: of the values, where the settings
            ask for them. ``protocol``: what must agree before two distances are compared.
        """
        try:
            return self._measured(generate)
        except NotMeasurableError:
            _ = self._real.moments.factor  # raises where the fault is the reference's
            return {
                "values": {"fd": math.nan, self.judge: math.nan},
                "judge": self.judge,
                "intervals": {},
                "protocol": {},
            }

    def _measured(self, generate: Generate) -> dict[str, Any]:
        observation = Observation(
            self.features, self._needs, Protocol.of(self.features, seed=self.seed), self.settings.num_samples
        )
        modes: Coverage | None = None
        for examples in self._generated(generate):
            if not bool(examples.isfinite().all()):
                raise NotMeasurableError("The generator makes numbers that are not finite.")
            observation.add(as_seen(examples))
            modes = _joined(modes, self._modes(examples))
        fake = observation.finish()
        found = estimated(self.measures, fake, self._real, self.seed, intervals=self.settings.intervals)
        return {
            "values": {**values_of(found), **_coverage(fake, modes)},
            "judge": self.judge,
            "intervals": {name: asdict(each) for name, each in intervals_of(found).items()},
            "protocol": comparison_protocol(fake.moments, self._real.moments),
        }

    def _needs_of(self, side: Side) -> Needs:
        return needs_of(self.measures, side, intervals=self.settings.intervals)

    def _generated(self, generate: Generate) -> Iterator[Tensor]:
        generator = torch.Generator(self.device).manual_seed(derived_seed(self.seed, "evaluation"))
        number, size = self.settings.num_samples, self.settings.batch_size
        for start in range(0, number, size):
            yield generate(min(size, number - start), generator)

    def _modes(self, examples: Tensor) -> Coverage | None:
        if not isinstance(self.reference, Mixture):
            return None
        return mode_coverage(examples, self.reference.centres, self.reference.std)

    def _look_at_reference(self) -> Observed:
        needs = self._needs_of("reference")
        total = self.reference.num_examples or REFERENCE_SIZE

        def look() -> Observed:
            batches = self.reference.ordered(self.settings.batch_size, self.device)
            return observe((batch.examples for batch in batches), self.features, needs, self._protocol, total)

        return look() if needs.whole_set else cached_observation(repr(self._protocol), needs, look)


def _joined(a: Coverage | None, b: Coverage | None) -> Coverage | None:
    return a + b if a and b else b


def _coverage(fake: Observed, modes: Coverage | None) -> dict[str, Any]:
    if modes:
        return {"modes": modes.num_found, "high_quality": modes.high_quality, MODE_ERROR: mode_error(modes)}
    return {"classes": fake.classes.num_found} if fake.classes else {}


def _resize_rule(settings: EvaluationSettings) -> str | None:
    """The rule asked for, where the features resize; elsewhere the settings have warned that it is ignored."""
    return settings.resize if settings.features in RESIZING_FEATURES else None


AnyEvaluator = Evaluator | TextEvaluator | AdaptationEvaluator


def build_evaluator(
    settings: RunSettings,
    device: torch.device,
    source: Source | None = None,
    domains: tuple[Domains, Parts] | None = None,
) -> AnyEvaluator | None:
    """The evaluator that the settings ask for, or None.

    Args:
        settings: of the run.
        device: where to measure.
        source: the training data, if they are at hand; they serve as the reference where no other split is asked for.
        domains: of a domain-adversarial game, and the target's labelled parts, if they are at hand.

    Raises:
        UserError: the data cannot be had, or cannot be measured so.
    """
    if settings.evaluation.features == "none":
        return None
    if settings.evaluation.features == "classifier":
        domains = domains or build_domains_and_labels(settings.data, settings.target, device, settings.division)
        return AdaptationEvaluator(settings, *domains, device)
    if settings.evaluation.features == "ngrams":
        source = source or build_source(settings.data, device)
        return TextEvaluator(settings, require_text(settings, source), device)
    if settings.data.source == "text":
        raise UserError("Text is measured by its n-grams; set evaluation.features to ngrams or none.")
    split = settings.evaluation.reference_split
    if source is None or split not in (None, settings.data.split):
        source = build_source(settings.data, device, split=split)
    return Evaluator(settings, source, device)
