"""One pass of a set of examples through a feature network: everything that any measure needs of it.

Moments and class counts are gathered as the examples go by. Features (N, d) and logits (N, classes) are kept only where
a measure asks for them, in float32 on the CPU: 400 MB for 50,000 examples in 2,048 features. An interval needs no more
than an even part of them. The examples themselves are never kept.
"""

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from typing import Any

import torch
from torch import Tensor

from equipoise.core.errors import UserError
from equipoise.core.seeding import derived_seed
from equipoise.metrics import (
    ClassifierNetwork,
    Coverage,
    FeatureNetwork,
    Moments,
    MomentsAccumulator,
    Protocol,
    class_coverage,
    distance_protocol,
)

MOST_ROWS = 4000
"""Examples whose features are kept for an interval: 32 MB in 2,048 features."""


@dataclass(frozen=True)
class Needs:
    """What is kept of a set beside its moments.

    Attributes:
        rows: the features of an even part, at most `MOST_ROWS` examples.
        features: the features of every example.
        logits: the logits of every example.
        classes: how many examples fall to each class.
    """

    rows: bool = False
    features: bool = False
    logits: bool = False
    classes: bool = False

    @property
    def whole_set(self) -> bool:
        """Whether something is kept of every example."""
        return self.features or self.logits or self.classes

    def __or__(self, other: "Needs") -> "Needs":
        return Needs(*(mine or its for mine, its in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True)
class Observed:
    """A set of examples as measures see it.

    Attributes:
        moments: of its features.
        rows: (n, d) float32 on the CPU, the features of an even part, where asked for.
        features: (N, d) float32 on the CPU, where asked for.
        logits: (N, classes) float32 on the CPU, where asked for.
        classes: examples of each class, where asked for.
    """

    moments: Moments
    rows: Tensor | None = None
    features: Tensor | None = None
    logits: Tensor | None = None
    classes: Coverage | None = None


class Observation:
    """A pass in progress.

    Args:
        network: takes the features.
        needs: what to keep beside the moments.
        protocol: of the moments.
        total: examples that will be given, so that the rows that are kept are spread over all of them.

    Raises:
        UserError: logits or classes are asked for of features that have none.

    >>> from equipoise.metrics import build_features
    >>> digits = build_features("digits")
    >>> observation = Observation(digits, Needs(logits=True), Protocol.of(digits), total=3)
    >>> observation.add(torch.zeros(3, 1, 8, 8))
    >>> observation.finish().logits.shape
    torch.Size([3, 10])
    """

    def __init__(self, network: FeatureNetwork, needs: Needs, protocol: Protocol, total: int) -> None:
        if (needs.logits or needs.classes) and not isinstance(network, ClassifierNetwork):
            raise UserError(f"The features {network.name!r} tell no classes; choose others, or leave out 'is'.")
        self._network, self._needs = network, needs
        self._moments = MomentsAccumulator(protocol)
        self._wanted = torch.tensor(chosen_rows(total, MOST_ROWS, seed=0) or range(total))
        self._rows: list[Tensor] = []
        self._features: list[Tensor] = []
        self._logits: list[Tensor] = []
        self._classes: Coverage | None = None

    def add(self, examples: Tensor) -> None:
        """Take in examples (N, ...), images in [-1, 1]."""
        features, start = self._network(examples), self._moments.count
        self._moments.update(features)
        if self._needs.rows:
            here = (self._wanted >= start) & (self._wanted < start + len(features))
            self._rows.append(features.cpu()[self._wanted[here] - start])
        if self._needs.features:
            self._features.append(features.cpu())
        if self._needs.logits or self._needs.classes:
            self._add_logits(_logits(self._network, features, examples))

    def _add_logits(self, logits: Tensor) -> None:
        if self._needs.logits:
            self._logits.append(logits.cpu())
        if self._needs.classes:
            classes = class_coverage(logits)
            self._classes = self._classes + classes if self._classes else classes

    def finish(self) -> Observed:
        """Everything seen.

        Raises:
            UserError: fewer than two examples were seen.
        """
        moments = self._moments.finish()
        rows, features, logits = (
            torch.cat(kept) if kept else None for kept in (self._rows, self._features, self._logits)
        )
        return Observed(moments, rows, features, logits, self._classes)


def observe(
    examples: Iterable[Tensor], network: FeatureNetwork, needs: Needs, protocol: Protocol, total: int
) -> Observed:
    """A whole pass over batches of examples; see `Observation`."""
    observation = Observation(network, needs, protocol, total)
    for batch in examples:
        observation.add(batch)
    return observation.finish()


def comparison_protocol(samples: Moments, reference: Moments) -> dict[str, Any]:
    """What must be equal before two comparisons are compared, as JSON, with whatever else the features depend on."""
    known = reference.protocol or samples.protocol
    conditions = {"resize": known.resize, "precision": known.precision} if known else {}
    given = {name: value for name, value in conditions.items() if value is not None}
    return {**distance_protocol(samples, reference), **given}


def chosen_rows(total: int, most: int | None, seed: int) -> list[int] | None:
    """Which of ``total`` examples are taken, at most ``most``, ascending; None where all are.

    >>> chosen_rows(4, 4, seed=0) is None, len(chosen_rows(10, 4, seed=0))
    (True, 4)
    """
    if most is None or most >= total:
        return None
    generator = torch.Generator().manual_seed(derived_seed(seed, "subset"))
    rows: list[int] = torch.randperm(total, generator=generator)[:most].sort().values.tolist()
    return rows


def _logits(network: FeatureNetwork, features: Tensor, examples: Tensor) -> Tensor:
    """From the features where the network can go on from them, otherwise by a pass of its own."""
    assert isinstance(network, ClassifierNetwork)
    head = getattr(network, "logits", None)
    logits: Tensor = head(features) if head else network.classify(examples)
    return logits
