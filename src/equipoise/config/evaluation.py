"""Settings of the measurements taken while training."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from equipoise.config.base import AllBut, OnlyWith, Settings
from equipoise.core.errors import unknown

FEATURE_NAMES = ("none", "points", "digits", "mnist", "cifar10", "inception", "dinov2", "ngrams", "classifier")
RESIZING_FEATURES = ("inception", "dinov2")
MeasureName = Literal["fd", "fd-infinity", "kid", "is", "prdc", "sliced-wasserstein"]
ResizeName = Literal["tf1", "clean", "pytorch-fid"]
_MEASURED = AllBut("none")
_BY_FEATURES = AllBut("none", "ngrams", "classifier")
_GENERATED = AllBut("none", "classifier")


def _known(name: str) -> str:
    if name not in FEATURE_NAMES and not {".", ":"} & set(name):
        sentence = str(unknown("features", name, FEATURE_NAMES)).removesuffix(".")
        raise ValueError(f"{sentence}, or an import path such as package.module:net.")
    return name


class EvaluationSettings(Settings):
    """The distance of generated to real examples: Frechet's in the features of a network, or that of text's n-grams."""

    features: Annotated[str, AfterValidator(_known)] = "none"
    """Feature network: points (the coordinates themselves), digits, mnist or cifar10 (small classifiers), inception
    (the network of FID), dinov2, an import path of your own such as package.module:net, ngrams (of text: the
    Jensen-Shannon divergence of orders 1 to 6), classifier (of a domain-adversarial game: accuracies, and the rules
    that need no labels of the target), or none for no evaluation."""
    resize: Annotated[ResizeName | None, OnlyWith("features", RESIZING_FEATURES)] = None
    """How images come to the size of inception and dinov2: tf1 (as TTUR; the default of inception), clean (antialiased
    bicubic; the default of dinov2) or pytorch-fid. Distances under different rules are not comparable."""
    measures: Annotated[tuple[MeasureName, ...], OnlyWith("features", _BY_FEATURES)] = ()
    """Further measures from the same pass; the Frechet distance (fd) is always taken. fd-infinity: extrapolated to
    endless samples. kid: kernel distance. is: Inception Score. prdc: precision, recall, density, coverage."""
    intervals: Annotated[bool, OnlyWith("features", _GENERATED)] = False
    """Record an interval, the standard error and the bias with every value that has them."""
    every: Annotated[int, Field(gt=0, le=10**12), OnlyWith("features", _MEASURED)] = 500
    """Rounds between two evaluations; there is one before the first round and one after the last."""
    num_samples: Annotated[int, Field(gt=1, le=10**8), OnlyWith("features", _MEASURED)] = 5000
    """Generated examples per evaluation; of a classifier, examples of each part at most. Distances at different numbers
    are not comparable."""
    reference_split: Annotated[str | None, OnlyWith("features", _GENERATED)] = None
    """Split of the data set to compare with (default: the split trained on)."""
    batch_size: Annotated[int, Field(gt=0, le=10**7), OnlyWith("features", _MEASURED)] = 500
    """Examples per forward pass of the generator and of the feature network, if any."""
