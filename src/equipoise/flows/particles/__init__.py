"""Particle games: the generator's law as a weighted cloud, the critic a function of a Hilbert space."""

from equipoise.flows.particles.features import RandomFeatures
from equipoise.flows.particles.flow import ParticleFlow, Space
from equipoise.flows.particles.kernel import KernelFunction, KernelSpace
from equipoise.flows.particles.transport import TransportFlow, optimal_targets, squared_wasserstein

__all__ = [
    "KernelFunction",
    "KernelSpace",
    "ParticleFlow",
    "RandomFeatures",
    "Space",
    "TransportFlow",
    "optimal_targets",
    "squared_wasserstein",
]
