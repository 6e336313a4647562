"""What a classifier is chosen by: its features and logits on parts of both domains, and labels of the source alone."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.core.errors import UserError
from equipoise.metrics.selection.arrays import as_features, as_labels, as_logits
from equipoise.metrics.selection.density_ratio import density_ratio
from equipoise.metrics.selection.weighted_risks import errors

Rows = NDArray[np.float64]


@dataclass(frozen=True)
class Evidence:
    """Arrays or tensors that a classifier made, and the source's labels; there is no place for the target's.

    Attributes:
        source_features: (N, F) of the source's validation part.
        source_logits: (N, K) of the same examples.
        source_labels: (N,) of the same examples.
        train_features: (L, F) of the source's training part, by which densities are told.
        target_features: (M, F) of examples of the target.
        target_logits: (M, K) of the same examples.
        seed: of what is drawn to tell densities.

    Raises:
        UserError: shapes do not agree, or numbers are not finite.
    """

    source_features: Any
    source_logits: Any
    source_labels: Any
    train_features: Any
    target_features: Any
    target_logits: Any
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("source_features", "train_features", "target_features"):
            object.__setattr__(self, name, as_features(getattr(self, name)))
        for name in ("source_logits", "target_logits"):
            object.__setattr__(self, name, as_logits(getattr(self, name)))
        self._require_agreement()
        object.__setattr__(self, "source_labels", as_labels(self.source_labels, *self.source_logits.shape))

    def _require_agreement(self) -> None:
        for features, logits, side in (
            (self.source_features, self.source_logits, "source"),
            (self.target_features, self.target_logits, "target"),
        ):
            if len(features) != len(logits):
                raise UserError(
                    f"{len(features)} features and {len(logits)} logits of the {side} were given; give both of the "
                    f"same examples."
                )
        if self.source_logits.shape[1] != self.target_logits.shape[1]:
            raise UserError(
                f"The logits are of {self.source_logits.shape[1]} classes for the source and "
                f"{self.target_logits.shape[1]} for the target; give those of one classifier."
            )

    @cached_property
    def errors(self) -> Rows:
        """1 for each example of the source's validation part that is classified wrongly, else 0; (N,)."""
        return errors(self.source_logits, self.source_labels)

    @cached_property
    def weights(self) -> Rows:
        """The target's density over the source's at each example of the source's validation part, (N,)."""
        return density_ratio(self.train_features, self.target_features, self.source_features, self.seed)
