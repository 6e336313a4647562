"""What a classifier says of a set of examples: features, logits, and the labels where the set has them."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from equipoise.config import GameSettings
from equipoise.data import Domains, Source

Precision = Callable[[], AbstractContextManager[Any]]


class AdaptedClassifier(NamedTuple):
    """What is evaluated of a domain-adversarial game.

    Attributes:
        classifier: the averaged feature extractor with its label head, in evaluation mode.
        disc: the discriminator of domains as it stands.
        game: what ``disc`` was trained by.
    """

    classifier: nn.Module
    disc: nn.Module
    game: GameSettings


class Seen(NamedTuple):
    """What a classifier says of N examples, on its device.

    Attributes:
        features: (N, F) float32.
        logits: (N, K) float32.
        labels: (N,) int64, or None where the set has none.
    """

    features: Tensor
    logits: Tensor
    labels: Tensor | None

    @property
    def accuracy(self) -> float:
        """Fraction of the labels that are predicted."""
        assert self.labels is not None, "a set without labels has no accuracy"
        return (self.logits.argmax(1) == self.labels).double().mean().item()


@torch.inference_mode()
def look(classifier: Any, source: Source, batch_size: int, device: torch.device, precision: Precision) -> Seen:
    """Let ``classifier`` look at every example of ``source`` once.

    Args:
        classifier: has ``features`` and ``head``; in evaluation mode.
        source: the set.
        batch_size: examples in a pass.
        device: where the classifier lies.
        precision: makes the context of a pass.
    """
    features, logits, labels = [], [], []
    for batch in source.ordered(batch_size, device):
        with precision():
            features.append(classifier.features(batch.examples))
            logits.append(classifier.head(features[-1]).float())
        if batch.labels is not None:
            labels.append(batch.labels)
    return Seen(torch.cat(features).float(), torch.cat(logits), torch.cat(labels) if labels else None)


def some_of(source: Source, number: int, seed: int) -> Source:
    """At most ``number`` examples of a set, drawn without replacement, in their order."""
    total = source.num_examples
    assert total is not None, "the parts of a domain are finite"
    if total <= number:
        return source
    rows = torch.randperm(total, generator=torch.Generator().manual_seed(seed))[:number]
    return source.part(rows.sort().values)


def class_names(domains: Domains) -> list[str]:
    """The names of the classes, or their numbers where they have none."""
    return list(domains.classes or map(str, range(domains.num_classes)))
