"""Dual flows: the limit of adversarial training as the learning rate vanishes, integrated, checked and drawn.

A `Flow` gives the velocities of both players; ``SCHEMES`` step it; `integrate` makes a trajectory with a named result;
`equipoise.flows.checks` measures orders, inequalities, invariants and stability; `equipoise.flows.laboratory` plays
mode collapse and its cures with particles. The losses are those of `equipoise.games`, which training uses.
"""

from equipoise.flows.flow import Flow, State
from equipoise.flows.games import ClippedFlow, GameFlow
from equipoise.flows.integrate import Trajectory, integrate, num_steps_for
from equipoise.flows.networks import NetworkCriticFlow, NetworkFlow, ParticleGenerator
from equipoise.flows.outcomes import Result
from equipoise.flows.response import BestResponse
from equipoise.flows.schemes import SCHEMES, Scheme, build_scheme

__all__ = [
    "SCHEMES",
    "BestResponse",
    "ClippedFlow",
    "Flow",
    "GameFlow",
    "NetworkCriticFlow",
    "NetworkFlow",
    "ParticleGenerator",
    "Result",
    "Scheme",
    "State",
    "Trajectory",
    "build_scheme",
    "integrate",
    "num_steps_for",
]
