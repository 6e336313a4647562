"""Settings of the measurements taken while training."""

from typing import Annotated, Literal

from pydantic import Field

from equipoise.config.base import OnlyWith, Settings

FeaturesName = Literal["none", "points", "digits", "mnist", "cifar10", "ngrams"]
MeasureName = Literal["fd", "fd-infinity", "kid", "is", "prdc", "sliced-wasserstein"]
_FEATURES = ("points", "digits", "mnist", "cifar10")
_MEASURED = (*_FEATURES, "ngrams")


class EvaluationSettings(Settings):
    """The distance of generated to real examples: Frechet's in the features of a network, or that of text's n-grams."""

    features: FeaturesName = "none"
    """Feature network: points (the coordinates themselves), digits, mnist or cifar10 (small classifiers), ngrams (of
    text: the Jensen-Shannon divergence of orders 1 to 6), or no evaluation."""
    measures: Annotated[tuple[MeasureName, ...], OnlyWith("features", _FEATURES)] = ()
    """Further measures from the same pass; the Frechet distance (fd) is always taken. fd-infinity: extrapolated to
    endless samples. kid: kernel distance. is: Inception Score. prdc: precision, recall, density, coverage."""
    intervals: Annotated[bool, OnlyWith("features", _FEATURES)] = False
    """Record an interval, the standard error and the bias with every value that has them."""
    every: Annotated[int, Field(gt=0), OnlyWith("features", _MEASURED)] = 500
    """Rounds between two evaluations; there is one before the first round and one after the last."""
    num_samples: Annotated[int, Field(gt=1), OnlyWith("features", _MEASURED)] = 5000
    """Generated examples per evaluation. Distances at different numbers are not comparable."""
    reference_split: Annotated[str | None, OnlyWith("features", _MEASURED)] = None
    """Split of the data set to compare with (default: the split trained on)."""
    batch_size: Annotated[int, Field(gt=0), OnlyWith("features", _MEASURED)] = 500
    """Examples per forward pass of the generator and of the feature network, if any."""
