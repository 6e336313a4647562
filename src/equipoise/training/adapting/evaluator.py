"""Measurements of an adapted classifier: what can be known without labels of the target, and what an oracle knows.

Each part of a domain serves one purpose. The rules compare the source's validation part with the target's, without its
labels; the oracle that a paper chooses its checkpoint by reads the labels of the target's validation part, and the
accuracy that everything is reported by those of its test part. These two stand in the records under names that begin
with ``oracle``, no rule reads them, and a target without labels has neither.
"""

import math
from typing import Any

import torch

from equipoise.config import RunSettings
from equipoise.core.errors import UserError
from equipoise.core.judges import RISKS
from equipoise.core.seeding import derived_seed
from equipoise.data import Domains, Parts
from equipoise.training.adapting.looking import AdaptedClassifier, Seen, look, some_of
from equipoise.training.adapting.rules import domain_accuracy_of, probe_accuracy_of, risks
from equipoise.training.machine import precision_context

FEWEST = 4
"""Examples of either validation part at least, which telling densities needs."""


class AdaptationEvaluator:
    """Measures classifiers that are adapted from one domain to another.

    Args:
        settings: of the run.
        domains: both domains, the target without labels.
        withheld: the target's parts with the labels that it has, for the oracle alone.
        device: where the classifier lies.

    Attributes:
        every: rounds between two evaluations.
        judge: name of the value by which checkpoints are told better from worse; less is better.

    Raises:
        UserError: the validation part of a domain is too small to be compared with the other's.
    """

    def __init__(self, settings: RunSettings, domains: Domains, withheld: Parts, device: torch.device) -> None:
        self.settings, self.device, self.seed = settings, device, derived_seed(settings.seed, "evaluation")
        self.every, self.judge = settings.evaluation.every, RISKS[settings.adaptation.judge]
        self._precision = precision_context(settings, device)
        number = settings.evaluation.num_samples
        self._source, self._target = (
            Parts(*(some_of(part, number, self.seed) for part in parts)) for parts in (domains.source, domains.target)
        )
        _require_enough(self._source, self._target)
        self._oracle = withheld if withheld.test.labels is not None else None
        self._protocol = {
            "features": "classifier",
            "division": settings.division.model_dump(mode="json"),
            "num_source": self._source.validation.num_examples,
            "num_target": self._target.validation.num_examples,
            "num_test": self._oracle.test.num_examples if self._oracle else None,
            "source": domains.source.validation.fingerprint(),
            "target": domains.target.validation.fingerprint(),
            "baseline": settings.adaptation.baseline,
            "seed": settings.seed,
        }

    def evaluate(self, subject: AdaptedClassifier) -> dict[str, Any]:
        """Values by name, and the protocol they were measured under.

        Args:
            subject: the classifier, and the discriminator of its features.

        Returns:
            ``values``: ``source_accuracy``; the risk by each rule; ``domain_accuracy`` of the discriminator on the
            validation parts; ``probe_accuracy`` where the settings ask for it; ``oracle_validation_accuracy`` and
            ``oracle_target_accuracy`` where the target has labels. Only the ``judge``, which is then NaN, where the
            classifier's numbers are not finite. ``protocol``: what must agree before two values are compared.
        """
        train, source, target = (
            self._look(subject, part) for part in (self._source.train, self._source.validation, self._target.validation)
        )
        if not all(bool(seen.logits.isfinite().all()) for seen in (train, source, target)):
            return {"values": {self.judge: math.nan}, "judge": self.judge, "protocol": {}}
        values = {
            "source_accuracy": source.accuracy,
            **risks(train, source, target, self.seed),
            "domain_accuracy": domain_accuracy_of(subject, source, target),
            **self._oracle_accuracies(subject),
        }
        if self.settings.adaptation.probe:
            values["probe_accuracy"] = probe_accuracy_of(source, target, self.seed)
        return {"values": values, "judge": self.judge, "protocol": self._protocol}

    def _look(self, subject: AdaptedClassifier, part: Any) -> Seen:
        return look(subject.classifier, part, self.settings.evaluation.batch_size, self.device, self._precision)

    def _oracle_accuracies(self, subject: AdaptedClassifier) -> dict[str, float]:
        if self._oracle is None:
            return {}
        return {
            "oracle_validation_accuracy": self._look(subject, self._oracle.validation).accuracy,
            "oracle_target_accuracy": self._look(subject, self._oracle.test).accuracy,
        }


def _require_enough(*domains: Parts) -> None:
    for parts in domains:
        if (number := parts.validation.num_examples or 0) < FEWEST:
            raise UserError(
                f"The validation part of {parts.validation.name!r} has {number} examples, but at least {FEWEST} are "
                f"needed to compare domains; give more data, or a larger division.held_out."
            )
