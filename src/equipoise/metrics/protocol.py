"""Under which conditions features were taken: what must agree before two sets of them may be compared.

A Frechet distance depends on the feature network as a length depends on its unit. Features of another network, or of
the same network with other weights, are another unit, and so are those of images that were resized by another rule or
computed in coarser arithmetic: comparing them is an error, never a warning.
"""

from dataclasses import dataclass, replace
from typing import Any, Self

from equipoise.core.errors import UserError
from equipoise.metrics.features.network import FeatureNetwork


@dataclass(frozen=True)
class Protocol:
    """How the features of one set of examples were made.

    Attributes:
        features: name of the feature network.
        weights_hash: SHA-256 of its weights file, or a word where it has no weights.
        data: fingerprint of the examples, or None for generated ones.
        split: split of the data set, where there is one.
        seed: seed that the examples were drawn with, where they were drawn.
        resize: rule by which images were brought to the network's size, where it has one (`RESIZE_RULES`).
        precision: arithmetic of the network, where it is not float32.
    """

    features: str
    weights_hash: str
    data: str | None = None
    split: str | None = None
    seed: int | None = None
    resize: str | None = None
    precision: str | None = None

    @classmethod
    def of(cls, network: FeatureNetwork, **circumstances: Any) -> Self:
        """The protocol of features that ``network`` makes.

        Args:
            network: whose name, weights, resize rule and precision are taken.
            **circumstances: ``data``, ``split``, ``seed``, where known.
        """
        precision = getattr(network, "precision", None)
        return cls(
            features=network.name,
            weights_hash=network.weights_hash,
            resize=getattr(network, "resize", None),
            precision=None if precision == "float32" else precision,
            **circumstances,
        )

    def require_comparable(self, other: "Protocol") -> None:
        """Nothing where both were made by the same network with the same weights, resize rule and precision.

        Raises:
            UserError: one of these differs.

        >>> Protocol("digits", "3f2a").require_comparable(Protocol("mnist", "77c0"))
        Traceback (most recent call last):
        equipoise.core.errors.UserError: Features 'digits' and 'mnist' cannot be compared; measure both sets in one.
        """
        if self.features != other.features:
            raise UserError(
                f"Features {self.features!r} and {other.features!r} cannot be compared; measure both sets in one."
            )
        if self.weights_hash != other.weights_hash:
            raise UserError(
                f"Features {self.features!r} were made with weights {self.weights_hash[:12]} on one side and "
                f"{other.weights_hash[:12]} on the other; measure both sets with one version."
            )
        for what, mine, its in (
            ("the resize rule", self.resize, other.resize),
            ("the precision", self.precision or "float32", other.precision or "float32"),
        ):
            if mine != its:
                raise UserError(
                    f"Features {self.features!r} were made with {what} {mine!r} on one side and {its!r} on the other; "
                    f"measure both sets with one."
                )

    def merged(self, other: "Protocol") -> "Protocol":
        """The protocol of two sets taken together: what they share; None where they differ.

        Raises:
            UserError: the two are not comparable.
        """
        self.require_comparable(other)
        return replace(
            self,
            data=self.data if self.data == other.data else None,
            split=self.split if self.split == other.split else None,
            seed=self.seed if self.seed == other.seed else None,
        )
