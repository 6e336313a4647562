"""What the two players play: one file an objective, the slope penalties, and the game that joins them.

``OBJECTIVES`` and ``PENALTIES`` map the names of `equipoise.config.GameSettings` to the formulas. A new objective is a
file with its two losses, the derivation of its ideal values and one `Objective`; the conformance suite then tests it.
"""

from equipoise.games.build import OBJECTIVES, build_game, sample_latents
from equipoise.games.game import Game, LossTerms
from equipoise.games.generative import GenerativeGame
from equipoise.games.objective import Objective
from equipoise.games.penalties import PENALTIES

__all__ = [
    "OBJECTIVES",
    "PENALTIES",
    "Game",
    "GenerativeGame",
    "LossTerms",
    "Objective",
    "build_game",
    "sample_latents",
]
