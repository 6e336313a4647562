"""Under which conditions features were taken: what must agree before two sets of them may be compared.

A Frechet distance depends on the feature network as a length depends on its unit. Features of another network, or of
the same network with other weights, are another unit: comparing them is an error, never a warning.
"""

from dataclasses import dataclass, replace

from equipoise.core.errors import UserError


@dataclass(frozen=True)
class Protocol:
    """How the features of one set of examples were made.

    Attributes:
        features: name of the feature network.
        weights_hash: SHA-256 of its weights file, or a word where it has no weights.
        data: fingerprint of the examples, or None for generated ones.
        split: split of the data set, where there is one.
        seed: seed that the examples were drawn with, where they were drawn.
    """

    features: str
    weights_hash: str
    data: str | None = None
    split: str | None = None
    seed: int | None = None

    def require_comparable(self, other: "Protocol") -> None:
        """Nothing where both were made by the same network with the same weights.

        Raises:
            UserError: the networks or their weights differ.

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

    def merged(self, other: "Protocol") -> "Protocol":
        """The protocol of two sets taken together: what they share; None where they differ.

        Raises:
            UserError: the networks or their weights differ.
        """
        self.require_comparable(other)
        return replace(
            self,
            data=self.data if self.data == other.data else None,
            split=self.split if self.split == other.split else None,
            seed=self.seed if self.seed == other.seed else None,
        )
