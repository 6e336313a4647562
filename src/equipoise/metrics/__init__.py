"""Distances between sets of examples, apart from the features they are taken in.

``moments`` -> ``frechet`` are pure arithmetic; ``features`` holds the networks, ``resize`` the rules by which images
come to their size; ``protocol`` says under which conditions a number was measured; ``cache`` keeps the moments of
reference sets; ``modes`` counts what is covered.
"""

from equipoise.metrics.cache import cached_moments
from equipoise.metrics.distances import DISTANCES, Distance, interval
from equipoise.metrics.extrapolated import ExtrapolatedDistance, extrapolated_distance
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
from equipoise.metrics.frechet import distance_protocol, frechet_distance, frechet_distance_from_features
from equipoise.metrics.frechet_interval import frechet_interval
from equipoise.metrics.inception_score import InceptionScore, inception_score
from equipoise.metrics.kernel import KernelDistance, SubsetKernelDistance, kernel_distance, subset_kernel_distance
from equipoise.metrics.modes import Coverage, class_coverage, mode_coverage
from equipoise.metrics.moments import Moments, MomentsAccumulator
from equipoise.metrics.neighbours import NeighbourScores, neighbour_intervals, neighbour_scores
from equipoise.metrics.ngrams import NgramDivergence, encode, ngram_divergence
from equipoise.metrics.protocol import Protocol
from equipoise.metrics.resize import RESIZE_RULES
from equipoise.metrics.transport import ExactWasserstein, SlicedWasserstein, exact_wasserstein, sliced_wasserstein
from equipoise.metrics.uncertainty import Interval

__all__ = [
    "DISTANCES",
    "FEATURES",
    "RESIZE_RULES",
    "ClassifierFeatures",
    "ClassifierNetwork",
    "Coverage",
    "Dinov2Features",
    "Distance",
    "ExactWasserstein",
    "ExtrapolatedDistance",
    "FeatureNetwork",
    "InceptionFeatures",
    "InceptionScore",
    "Interval",
    "KernelDistance",
    "ModuleFeatures",
    "Moments",
    "MomentsAccumulator",
    "NeighbourScores",
    "NgramDivergence",
    "Protocol",
    "SlicedWasserstein",
    "SubsetKernelDistance",
    "build_features",
    "cached_moments",
    "class_coverage",
    "distance_protocol",
    "encode",
    "exact_wasserstein",
    "extrapolated_distance",
    "frechet_distance",
    "frechet_distance_from_features",
    "frechet_interval",
    "inception_score",
    "interval",
    "kernel_distance",
    "mode_coverage",
    "neighbour_intervals",
    "neighbour_scores",
    "ngram_divergence",
    "sliced_wasserstein",
    "subset_kernel_distance",
]
