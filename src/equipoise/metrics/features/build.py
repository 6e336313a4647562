"""A feature network from its name."""

import functools
from collections.abc import Callable

import torch

from equipoise.core.errors import UserError, unknown
from equipoise.metrics.features.classifier import ARCHITECTURES, ClassifierFeatures
from equipoise.metrics.features.dinov2 import Dinov2Features
from equipoise.metrics.features.imported import imported_features
from equipoise.metrics.features.inception import InceptionFeatures
from equipoise.metrics.features.network import FeatureNetwork
from equipoise.metrics.features.points import Points

FEATURES: dict[str, Callable[..., FeatureNetwork]] = {
    "points": Points,
    **{name: functools.partial(ClassifierFeatures, name) for name in ARCHITECTURES},
    "inception": InceptionFeatures,
    "dinov2": Dinov2Features,
}
RESIZING = frozenset({"inception", "dinov2"})
"""Names of the networks that bring images to their own size, by a rule of `RESIZE_RULES`."""


def build_features(name: str, device: torch.device | str = "cpu", resize: str | None = None) -> FeatureNetwork:
    """The feature network called ``name``, on ``device``.

    Args:
        name: one of `FEATURES`, or the import path of one's own, see `imported_features`.
        device: where it computes.
        resize: rule for those in `RESIZING` (default: the network's own).

    Raises:
        UserError: there is none of that name, its weights cannot be had, or it does not resize.

    >>> build_features("digits").dimension
    64
    """
    if name not in FEATURES and not {".", ":"} & set(name):
        raise unknown("feature network", name, FEATURES)
    if resize is not None and name not in RESIZING:
        raise UserError(f"The features {name!r} resize no images; leave out the resize rule {resize!r}.")
    if name not in FEATURES:
        return imported_features(name, device)
    chosen = {} if resize is None else {"resize": resize}
    return FEATURES[name](device=torch.device(device), **chosen)
