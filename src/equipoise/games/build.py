"""A game from its settings and two networks."""

import functools
import warnings

import torch
from torch import Tensor, nn

from equipoise.config import GameSettings
from equipoise.config.schedules import first_value
from equipoise.core.errors import IgnoredSettingWarning
from equipoise.games.domain_adversarial import DomainAdversarialGame
from equipoise.games.generative import GenerativeGame
from equipoise.games.hinge import HINGE
from equipoise.games.least_squares import LEAST_SQUARES
from equipoise.games.minimax import MINIMAX
from equipoise.games.nonsaturating import NONSATURATING
from equipoise.games.objective import Objective
from equipoise.games.penalties import PENALTIES
from equipoise.games.relativistic_paired import RELATIVISTIC_PAIRED
from equipoise.games.smoothing import smoothed
from equipoise.games.wasserstein import WASSERSTEIN

OBJECTIVES: dict[str, Objective] = {
    objective.name: objective
    for objective in (MINIMAX, NONSATURATING, LEAST_SQUARES, HINGE, WASSERSTEIN, RELATIVISTIC_PAIRED)
}


def normal_latents(num_latents: int, generator: torch.Generator, dim: int) -> Tensor:
    """Standard normal latents (num_latents, dim) on the generator's device."""
    return torch.randn(num_latents, dim, generator=generator, device=generator.device)


def uniform_latents(num_latents: int, generator: torch.Generator, dim: int) -> Tensor:
    """Latents (num_latents, dim), uniform on [-1, 1], on the generator's device."""
    return torch.rand(num_latents, dim, generator=generator, device=generator.device) * 2 - 1


LATENTS = {"normal": normal_latents, "uniform": uniform_latents}


def sample_latents(settings: GameSettings, num_latents: int, generator: torch.Generator) -> Tensor:
    """Latents (num_latents, latent_dim) of the game's distribution, on the generator's device."""
    return LATENTS[settings.latents](num_latents, generator, settings.latent_dim)


def build_objective(settings: GameSettings) -> Objective:
    """The objective that ``settings`` name, with its labels smoothed if they ask for it."""
    objective = OBJECTIVES[settings.objective]
    return smoothed(objective, settings.real_target) if settings.smooths_labels else objective


def build_game(settings: GameSettings, disc: nn.Module, gen: nn.Module) -> GenerativeGame:
    """The game that ``settings`` describe, played by ``disc`` and ``gen``.

    Warns where a slope penalty meets batch normalisation in the discriminator, and where a Wasserstein critic is
    left without any bound on its slope.
    """
    _warn_of_odd_combinations(settings, disc)
    return GenerativeGame(
        disc,
        gen,
        build_objective(settings),
        functools.partial(sample_latents, settings),
        penalty=PENALTIES.get(settings.penalty),
        penalty_weight=first_value(settings.penalty_weight),
        clip=settings.clip,
    )


def build_adaptation_game(settings: GameSettings, disc: nn.Module, gen: nn.Module) -> DomainAdversarialGame:
    """The domain-adversarial game that ``settings`` describe, played by ``disc`` and ``gen``.

    Warns as `build_game` does, and where labels are to be smoothed, of which this game has none.
    """
    _warn_of_odd_combinations(settings, disc)
    if settings.smooths_labels:
        warnings.warn(
            f"game.real_target={settings.real_target!r} is ignored because neither domain is the real one.",
            IgnoredSettingWarning,
            stacklevel=2,
        )
    return DomainAdversarialGame(
        disc,
        gen,
        OBJECTIVES[settings.objective],
        penalty=PENALTIES.get(settings.penalty),
        penalty_weight=first_value(settings.penalty_weight),
        clip=settings.clip,
        weighted_disc=settings.weighted_disc,
        conditioned=settings.conditioned,
        information_weight=settings.information_weight,
    )


def _warn_of_odd_combinations(settings: GameSettings, disc: nn.Module) -> None:
    batch_norm = any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in disc.modules())
    if settings.penalty != "none" and batch_norm:
        warnings.warn(
            "The slope penalty is taken per example, but batch normalisation ties the discriminator's scores of one "
            "batch together; set network.disc_norm to layer or none.",
            stacklevel=3,
        )
    bounded = (
        settings.penalty != "none"
        or settings.clip
        or any("parametrizations" in name for name, _ in disc.named_modules())
    )
    if settings.objective == "wasserstein" and not bounded:
        warnings.warn(
            "Nothing bounds the slope of the Wasserstein critic, so its loss has no minimum; set game.penalty, "
            "game.clip or network.disc_norm spectral.",
            stacklevel=3,
        )
