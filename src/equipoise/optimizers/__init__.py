"""Optimisers for players: conjugate gradients, torch's own, and any other by import path.

An optimiser sees parameters and their gradients, and nothing of the game. `ConjugateGradient` is an ordinary
`torch.optim.Optimizer` and needs no other part of the package; `conformance` is the suite that any optimiser can be put
through (``from equipoise.optimizers import conformance``).
"""

from equipoise.optimizers.beta_rules import BETA_RULES
from equipoise.optimizers.build import OPTIMIZERS, build_optimizer
from equipoise.optimizers.conjugate_gradient import ConjugateGradient

__all__ = ["BETA_RULES", "OPTIMIZERS", "ConjugateGradient", "build_optimizer"]
