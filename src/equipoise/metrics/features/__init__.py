"""What examples are measured in: networks, each with a name and a hash of its weights.

A new network is a class with the attributes of `FeatureNetwork` and a line in ``FEATURES``; the conformance suite then
tests it. A network of one's own needs no line: its import path is its name. Nothing here computes a distance.
"""

from equipoise.metrics.features.build import FEATURES, RESIZING, build_features
from equipoise.metrics.features.classifier import ClassifierFeatures
from equipoise.metrics.features.dinov2 import Dinov2Features
from equipoise.metrics.features.imported import ModuleFeatures
from equipoise.metrics.features.inception import InceptionFeatures
from equipoise.metrics.features.network import ClassifierNetwork, FeatureNetwork

__all__ = [
    "FEATURES",
    "RESIZING",
    "ClassifierFeatures",
    "ClassifierNetwork",
    "Dinov2Features",
    "FeatureNetwork",
    "InceptionFeatures",
    "ModuleFeatures",
    "build_features",
]
