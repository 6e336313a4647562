"""Distances between sets of examples, apart from the features they are taken in.

``moments`` -> ``frechet`` are pure arithmetic; ``features`` holds the networks, ``resize`` the rules by which images
come to their size; ``protocol`` says under which conditions a number was measured; ``cache`` keeps the moments of
reference sets; ``modes`` counts what is covered.
"""

from equipoise.metrics.cache import cached_moments
from equipoise.metrics.features import (
    FEATURES,
    ClassifierFeatures,
    ClassifierNetwork,
    Dinov2Features,
    FeatureNetwork,
    InceptionFeatures,
    ModuleFeatures,
    build_features,
)
from equipoise.metrics.frechet import distance_protocol, frechet_distance
from equipoise.metrics.modes import Coverage, class_coverage, mode_coverage
from equipoise.metrics.moments import Moments, MomentsAccumulator
from equipoise.metrics.protocol import Protocol
from equipoise.metrics.resize import RESIZE_RULES

__all__ = [
    "FEATURES",
    "RESIZE_RULES",
    "ClassifierFeatures",
    "ClassifierNetwork",
    "Coverage",
    "Dinov2Features",
    "FeatureNetwork",
    "InceptionFeatures",
    "ModuleFeatures",
    "Moments",
    "MomentsAccumulator",
    "Protocol",
    "build_features",
    "cached_moments",
    "class_coverage",
    "distance_protocol",
    "frechet_distance",
    "mode_coverage",
]
