"""Settings of the measurements taken while training."""

from typing import Annotated, Literal

from pydantic import Field

from equipoise.config.base import OnlyWith, Settings

FeaturesName = Literal["none", "points", "digits", "mnist", "cifar10"]
MeasureName = Literal["fd"]
_MEASURED = ("points", "digits", "mnist", "cifar10")


class EvaluationSettings(Settings):
    """The Frechet distance of generated to real examples, in the features of a network."""

    features: FeaturesName = "none"
    """Feature network: points (the coordinates themselves), digits, mnist or cifar10 (small classifiers), or no
    evaluation."""
    measures: Annotated[tuple[MeasureName, ...], OnlyWith("features", _MEASURED)] = ()
    """Measured from the same pass beside the Frechet distance, which is always."""
    every: Annotated[int, Field(gt=0, le=10**12), OnlyWith("features", _MEASURED)] = 500
    """Rounds between two evaluations; there is one before the first round and one after the last."""
    num_samples: Annotated[int, Field(gt=1, le=10**8), OnlyWith("features", _MEASURED)] = 5000
    """Generated examples per evaluation. Distances at different numbers are not comparable."""
    reference_split: Annotated[str | None, OnlyWith("features", _MEASURED)] = None
    """Split of the data set to compare with (default: the split trained on)."""
    batch_size: Annotated[int, Field(gt=0, le=10**7), OnlyWith("features", _MEASURED)] = 500
    """Examples per forward pass of the generator and of the feature network."""
