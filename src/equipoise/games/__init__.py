"""What the two players play: one file an objective, the slope penalties, and the game that joins them.

``OBJECTIVES`` and ``PENALTIES`` map the names of `equipoise.config.GameSettings` to the formulas. A new objective is a
file with its two losses, the derivation of its ideal values and one `Objective`; the conformance suite then tests it.

``ANALYTIC_GAMES`` maps names to games between two points, whose dynamics are known in closed form.
"""

from collections.abc import Callable

from equipoise.games.analytic import AnalyticGame
from equipoise.games.build import OBJECTIVES, build_adaptation_game, build_game, build_objective, sample_latents
from equipoise.games.dirac import DiracGan
from equipoise.games.domain_adversarial import DomainAdversarialGame, Features
from equipoise.games.game import Game, LossTerms
from equipoise.games.generative import GenerativeGame
from equipoise.games.ideal import ideal_value
from equipoise.games.objective import Objective
from equipoise.games.penalties import PENALTIES
from equipoise.games.quadratic import QuadraticGame, bilinear, quadratic
from equipoise.games.saddle import Saddle, cg_saddle, ttur_saddle
from equipoise.games.smoothing import smoothed

ANALYTIC_GAMES: dict[str, Callable[..., AnalyticGame]] = {
    "bilinear": bilinear,
    "quadratic": quadratic,
    "general-sum": QuadraticGame,
    "dirac": DiracGan,
    "saddle-ttur": ttur_saddle,
    "saddle-cg": cg_saddle,
}

__all__ = [
    "ANALYTIC_GAMES",
    "OBJECTIVES",
    "PENALTIES",
    "AnalyticGame",
    "DiracGan",
    "DomainAdversarialGame",
    "Features",
    "Game",
    "GenerativeGame",
    "LossTerms",
    "Objective",
    "QuadraticGame",
    "Saddle",
    "bilinear",
    "build_adaptation_game",
    "build_game",
    "build_objective",
    "cg_saddle",
    "ideal_value",
    "quadratic",
    "sample_latents",
    "smoothed",
    "ttur_saddle",
]
