"""The gap-aware schedule against none, at one rate and at decoupled rates, and against exponential decay.

Hazimeh & Ponomareva 2023, section 5: random configurations, the same draws for every arm.
"""

import math
import random
from functools import partial

from equipoise.config import (
    PlayerSettings,
    RunSettings,
    ScheduleSettings,
)
from equipoise.recipes.claims.claim import PAPER_EVALUATIONS, Candidates, Claim, Contrast, measured_often
from equipoise.recipes.gap_aware import gap_aware

SOURCE = "Hazimeh & Ponomareva 2023, section 5"

GAP_CONTRASTS = (
    Contrast("on", "off", "the scheduler helps at one rate"),
    Contrast("on-decoupled", "off-decoupled", "the scheduler helps at decoupled rates"),
    Contrast("on", "decay", "the scheduler beats exponential decay"),
)


def _gap_arms(base: RunSettings, num_draws: int, rates: tuple[float, float]) -> dict[str, Candidates]:
    """The paper's search space, the same draws for every arm: rates and clip log-uniform, beta1 uniform."""
    arms: dict[str, Candidates] = {name: {} for name in ("off", "on", "off-decoupled", "on-decoupled", "decay")}
    for number in range(num_draws):
        draws, label = random.Random(number), f"draw {number}"
        lr, beta1, clip = _log_uniform(draws, *rates), draws.uniform(0, 1), _log_uniform(draws, 1e-3, 1)
        gen_lr, final = _log_uniform(draws, *rates), _log_uniform(draws, 1e-4, 0.1)
        clipped = base.game.model_copy(update={"clip": clip if base.game.clip else None})
        drawn = base.model_copy(update={"game": clipped})
        player, off = PlayerSettings(lr=lr, betas=(beta1, 0.999)), ScheduleSettings()
        on, decay = ScheduleSettings(gap="exponential"), ScheduleSettings(decay="exponential", final=final)
        for name, rate, disc, gen in (
            ("off", lr, off, off),
            ("on", lr, on, off),
            ("off-decoupled", gen_lr, off, off),
            ("on-decoupled", gen_lr, on, off),
            ("decay", lr, decay, decay),
        ):
            players = {
                "disc": player.model_copy(update={"schedule": disc}),
                "gen": player.model_copy(update={"lr": rate, "schedule": gen}),
            }
            arms[name][label] = drawn.model_copy(update=players)
    return arms


def _log_uniform(draws: random.Random, low: float, high: float) -> float:
    return math.exp(draws.uniform(math.log(low), math.log(high)))


def gap_small(gan: str, gradients: int) -> dict[str, Candidates]:
    """The paper's nets on MNIST at width 4 of 64 and batch 32 of 256; 16 draws.

    Rates are ten times the paper's: it plays a hundred times as many rounds.
    """
    settings = gap_aware(gan, "mnist")
    changes = {
        "network": settings.network.model_copy(update={"width": 4}),
        "training": settings.training.model_copy(update={"batch_size": 32}),
        "evaluation": settings.evaluation.model_copy(update={"num_samples": 2500}),
    }
    return _gap_arms(measured_often(settings.model_copy(update=changes), gradients), 16, (1e-4, 1e-2))


def gap_paper(gan: str, gradients: int) -> dict[str, Candidates]:
    """The paper's nets, batch and 100 draws on MNIST."""
    return _gap_arms(measured_often(gap_aware(gan, "mnist"), gradients, PAPER_EVALUATIONS), 100, (1e-5, 1e-3))


def _claims(gan: str) -> tuple[Claim, Claim]:
    says = f"The gap-aware schedule lowers the distance that tuning a {gan.upper()} reaches."
    small, paper = partial(gap_small, gan), partial(gap_paper, gan)
    return (
        Claim(f"gap-{gan}", says, SOURCE, "mnist", small, GAP_CONTRASTS, 1000, search_seeds=3, drawn=True),
        Claim(f"gap-{gan}-paper", says, SOURCE, "mnist", paper, GAP_CONTRASTS, 195_000, 5, 100, drawn=True),
    )


GAP_AWARE_SCHEDULE = (*_claims("nsgan"), *_claims("wgan"))
