"""A feature network from its name."""

import functools
from collections.abc import Callable

import torch

from equipoise.core.errors import unknown
from equipoise.metrics.features.classifier import ARCHITECTURES, ClassifierFeatures
from equipoise.metrics.features.network import FeatureNetwork
from equipoise.metrics.features.points import Points

FEATURES: dict[str, Callable[[torch.device], FeatureNetwork]] = {
    "points": Points,
    **{name: functools.partial(ClassifierFeatures, name) for name in ARCHITECTURES},
}


def build_features(name: str, device: torch.device | str = "cpu") -> FeatureNetwork:
    """The feature network called ``name``, on ``device``.

    Raises:
        UserError: there is none of that name.

    >>> build_features("digits").dimension
    64
    """
    if name not in FEATURES:
        raise unknown("feature network", name, FEATURES)
    return FEATURES[name](torch.device(device))
