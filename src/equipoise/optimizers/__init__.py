"""Optimisers for players: torch's own, and any other by import path.

An optimiser sees parameters and their gradients, and nothing of the game.
"""

from equipoise.optimizers.build import OPTIMIZERS, build_optimizer

__all__ = ["OPTIMIZERS", "build_optimizer"]
