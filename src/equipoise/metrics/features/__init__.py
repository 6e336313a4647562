"""What examples are measured in: networks, each with a name and a hash of its weights.

A new network is a class with the attributes of `FeatureNetwork` and a line in ``FEATURES``; the conformance suite then
tests it. Nothing here computes a distance.
"""

from equipoise.metrics.features.build import FEATURES, build_features
from equipoise.metrics.features.network import ClassifierNetwork, FeatureNetwork

__all__ = ["FEATURES", "ClassifierNetwork", "FeatureNetwork", "build_features"]
