"""The claims of three papers as studies: arms, each with the configurations it is tuned over, and what is claimed.

Every arm is tuned first, on seeds of its own, and its best configuration is played on fresh seeds: the value that won a
search is too good by having won. All arms get the same number of gradients of the loss. Each claim has two scales: one
for two cores, and the paper's (`NAME-paper`), which is a GPU's work.
"""

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from equipoise.config import (
    DataSettings,
    EvaluationSettings,
    GameSettings,
    NetworkSettings,
    PlayerSettings,
    RunSettings,
    ScheduleSettings,
    TrainingSettings,
)
from equipoise.recipes.gap_aware import gap_aware
from equipoise.recipes.images import cifar10, sngan_cifar10_cg

PAPER = "-paper"
"""Behind the name of a claim at the paper's size."""
Candidates = dict[str, RunSettings]
"""Configurations that one arm is tuned over, by what tells them apart."""


@dataclass(frozen=True)
class Contrast:
    """One thing that a claim says.

    Attributes:
        better: the arm that should have the lower distance.
        worse: the other.
        says: what would have been shown, in words.
    """

    better: str
    worse: str
    says: str


@dataclass(frozen=True)
class Claim:
    """A claim that can be tested.

    Attributes:
        name: behind ``claim:``.
        says: the claim, a sentence.
        source: whose it is.
        data: the data set's short name.
        arms: makes the candidates of every arm, for runs of so many gradients of the loss.
        contrasts: what must all hold.
        gradients: of a run, both players together.
        search_seeds: runs of each candidate.
        seeds: fresh runs of each arm's best candidate.
    """

    name: str
    says: str
    source: str
    data: str
    arms: Callable[[int], Mapping[str, Candidates]]
    contrasts: tuple[Contrast, ...]
    gradients: int
    search_seeds: int = 1
    seeds: int = 5


def measured_often(settings: RunSettings, gradients: int, num_evaluations: int = 2) -> RunSettings:
    """``settings`` for so many gradients in all, with ``num_evaluations`` after the first and few pictures."""
    steps = max(gradients // (1 + settings.training.disc_steps), 1)
    often = {"steps": steps, "log_every": max(steps // 100, 1), "sample_every": steps, "checkpoint_every": steps}
    evaluation = settings.evaluation.model_copy(update={"every": max(steps // num_evaluations, 1)})
    return settings.model_copy(
        update={"training": settings.training.model_copy(update=often), "evaluation": evaluation}
    )


def grid(
    settings: RunSettings, player: PlayerSettings, disc_rates: tuple[float, ...], gen_rates: tuple[float, ...]
) -> Candidates:
    """``settings`` with ``player`` for both at every pair of rates."""
    return {
        f"disc {disc:g}, gen {gen:g}": settings.model_copy(
            update={"disc": player.model_copy(update={"lr": disc}), "gen": player.model_copy(update={"lr": gen})}
        )
        for disc in disc_rates
        for gen in gen_rates
    }


def diagonal(settings: RunSettings, player: PlayerSettings, rates: tuple[float, ...]) -> Candidates:
    """The same at one rate for both."""
    return {label: made for rate in rates for label, made in grid(settings, player, (rate,), (rate,)).items()}


# Conjugate gradients.

# Effective steps are made equal: momentum mu takes 1 / (1 - mu) times the step, so its grid is (1 - mu) times SGD's.
# SGD at twice the rate is what Fletcher-Reeves comes to where its beta stands at the cap of 1/2.
CG_ARMS: dict[str, tuple[PlayerSettings, float]] = {
    "cg-fr": (PlayerSettings(optimizer="cg-fr"), 1.0),
    "cg-hs": (PlayerSettings(optimizer="cg-hs"), 1.0),
    "sgd": (PlayerSettings(optimizer="sgd"), 1.0),
    "sgd-2x": (PlayerSettings(optimizer="sgd"), 2.0),
    "momentum-0.5": (PlayerSettings(optimizer="momentum", momentum=0.5), 0.5),
    "momentum-0.9": (PlayerSettings(optimizer="momentum", momentum=0.9), 0.1),
    "adam": (PlayerSettings(optimizer="adam", betas=(0.5, 0.999)), 0.025),
}
_MORE = "so that more than a larger step is at work"
CG_CONTRASTS = (
    Contrast("cg-fr", "sgd", "Fletcher-Reeves beats SGD"),
    Contrast("cg-hs", "sgd", "Hestenes-Stiefel beats SGD"),
    Contrast("cg-fr", "sgd-2x", f"Fletcher-Reeves beats SGD at twice the rate, {_MORE}"),
    Contrast("cg-hs", "sgd-2x", f"Hestenes-Stiefel beats SGD at twice the rate, {_MORE}"),
)


def _cg_arms(settings: RunSettings, rates: tuple[float, ...], gradients: int) -> dict[str, Candidates]:
    base = measured_often(settings, gradients)
    scaled = {name: (player, tuple(rate * scale for rate in rates)) for name, (player, scale) in CG_ARMS.items()}
    return {name: grid(base, player, own, own) for name, (player, own) in scaled.items()}


def cg_small(gradients: int) -> dict[str, Candidates]:
    """A spectrally normalised DCGAN of width 8 on CIFAR-10, hinge loss, simultaneous updates as in Algorithm 1."""
    settings = RunSettings(
        name="claim-cg",
        data=DataSettings(source="table", path="uoft-cs/cifar10"),
        network=NetworkSettings(architecture="dcgan", width=8, disc_norm="spectral", gen_norm="batch"),
        game=GameSettings(objective="hinge", latent_dim=64),
        training=TrainingSettings(order="simultaneous", batch_size=32),
        evaluation=EvaluationSettings(features="cifar10", num_samples=2500, reference_split="test"),
    )
    return _cg_arms(settings, (1e-2, 4e-2, 1.6e-1), gradients)


def cg_paper(gradients: int) -> dict[str, Candidates]:
    """SNGAN of width 128, the paper's 5 x 5 grid, in the features of the package's CIFAR-10 classifier."""
    base = sngan_cifar10_cg()
    settings = base.model_copy(
        update={
            "training": base.training.model_copy(update={"order": "simultaneous"}),
            "evaluation": EvaluationSettings(features="cifar10", num_samples=10_000, reference_split="test"),
        }
    )
    return _cg_arms(settings, (5e-5, 1e-4, 5e-4, 1e-3, 5e-3), gradients)


# Two time scales.

TTUR_CONTRASTS = (Contrast("two-rates", "one-rate", "two rates beat one"),)
WGAN_GP_CONTRASTS = (
    Contrast("two-rates", "five-critic-steps", "one critic step at two rates beats five critic steps at one"),
    Contrast("two-rates", "one-rate", "one critic step at two rates beats one critic step at one"),
)
ADAM = PlayerSettings(betas=(0.5, 0.999))
ADAM_WGAN = PlayerSettings(betas=(0.0, 0.9))


def _ttur_arms(settings: RunSettings, rates: tuple[float, ...], gradients: int) -> dict[str, Candidates]:
    base = measured_often(settings, gradients)
    return {"two-rates": grid(base, ADAM, rates, rates), "one-rate": diagonal(base, ADAM, rates)}


def _wgan_gp_arms(settings: RunSettings, rates: tuple[float, ...], gradients: int) -> dict[str, Candidates]:
    one = measured_often(settings, gradients)
    five = settings.model_copy(update={"training": settings.training.model_copy(update={"disc_steps": 5})})
    return {
        "two-rates": grid(one, ADAM_WGAN, rates, rates),
        "one-rate": diagonal(one, ADAM_WGAN, rates),
        "five-critic-steps": diagonal(measured_often(five, gradients), ADAM_WGAN, rates),
    }


def _small_mnist(disc_norm: str, game: GameSettings) -> RunSettings:
    return RunSettings(
        name="claim-ttur",
        data=DataSettings(source="table", path="ylecun/mnist"),
        network=NetworkSettings(architecture="dcgan", width=8, disc_norm=disc_norm, gen_norm="batch"),
        game=game,
        training=TrainingSettings(batch_size=32, ema=0.0),
        evaluation=EvaluationSettings(features="mnist", num_samples=2500, reference_split="test"),
    )


def ttur_small(gradients: int) -> dict[str, Candidates]:
    """DCGAN of width 8 on MNIST, batch normalisation in both, as in the paper; a 5 x 5 grid."""
    settings = _small_mnist("batch", GameSettings(objective="nonsaturating", latent_dim=64))
    return _ttur_arms(settings, (3e-4, 1e-3, 3e-3, 1e-2, 3e-2), gradients)


def ttur_paper(gradients: int) -> dict[str, Candidates]:
    """The paper's DCGAN on CIFAR-10, a 5 x 5 grid around its rates."""
    settings = cifar10().model_copy(update={"training": TrainingSettings(batch_size=64, ema=0.0)})
    return _ttur_arms(settings, (1e-5, 5e-5, 1e-4, 5e-4, 1e-3), gradients)


_GRADIENT_PENALTY = GameSettings(objective="wasserstein", penalty="gradient", penalty_weight=10.0, latent_dim=64)


def wgan_gp_small(gradients: int) -> dict[str, Candidates]:
    """WGAN-GP with DCGAN's nets of width 8 on MNIST, layer normalisation in the critic; a 4 x 4 grid."""
    return _wgan_gp_arms(_small_mnist("layer", _GRADIENT_PENALTY), (1e-3, 3e-3, 1e-2, 3e-2), gradients)


def wgan_gp_paper(gradients: int) -> dict[str, Candidates]:
    """The paper's residual WGAN-GP on CIFAR-10, a 4 x 4 grid around its rates."""
    settings = RunSettings(
        name="claim-ttur",
        data=DataSettings(source="table", path="uoft-cs/cifar10"),
        network=NetworkSettings(architecture="wgan-gp", width=32, disc_norm="layer", gen_norm="batch"),
        game=_GRADIENT_PENALTY.model_copy(update={"latent_dim": 128}),
        training=TrainingSettings(batch_size=64, ema=0.0),
        evaluation=EvaluationSettings(features="cifar10", num_samples=10_000, reference_split="test"),
    )
    return _wgan_gp_arms(settings, (3e-5, 1e-4, 3e-4, 5e-4), gradients)


# The gap-aware scheduler.

GAP_CONTRASTS = (
    Contrast("on", "off", "the scheduler helps at one rate"),
    Contrast("on-decoupled", "off-decoupled", "the scheduler helps at decoupled rates"),
    Contrast("on", "decay", "the scheduler beats exponential decay"),
)


def _gap_arms(
    settings: RunSettings, num_draws: int, rates: tuple[float, float], gradients: int
) -> dict[str, Candidates]:
    """The paper's search space, the same draws for every arm: rates and clip log-uniform, beta1 uniform."""
    base = measured_often(settings, gradients)
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
    return _gap_arms(settings.model_copy(update=changes), 16, (1e-4, 1e-2), gradients)


def gap_paper(gan: str, gradients: int) -> dict[str, Candidates]:
    """The paper's nets, batch and 100 draws on MNIST."""
    return _gap_arms(gap_aware(gan, "mnist"), 100, (1e-5, 1e-3), gradients)


_NAGANUMA = "Naganuma & Iiduka 2023, table 3"
_HEUSEL = "Heusel et al. 2017, table 1"
_HAZIMEH = "Hazimeh & Ponomareva 2023, section 5"


def _gap_claims() -> tuple[Claim, ...]:
    made = []
    for gan in ("nsgan", "wgan"):
        says = f"The gap-aware schedule lowers the distance that tuning a {gan.upper()} reaches."
        small = Claim(
            f"gap-{gan}", says, _HAZIMEH, "mnist", partial(gap_small, gan), GAP_CONTRASTS, 1000, search_seeds=3
        )
        paper = Claim(
            f"gap-{gan}-paper", says, _HAZIMEH, "mnist", partial(gap_paper, gan), GAP_CONTRASTS, 195_000, 5, 100
        )
        made += [small, paper]
    return tuple(made)


CLAIMS: dict[str, Claim] = {
    claim.name: claim
    for claim in (
        Claim(
            "cg-cifar10",
            "Conjugate gradients reach a lower distance than SGD, by more than a larger step.",
            _NAGANUMA,
            "cifar10",
            cg_small,
            CG_CONTRASTS,
            800,
        ),
        Claim(
            "cg-cifar10-paper",
            "Conjugate gradients reach a lower distance than SGD, by more than a larger step.",
            _NAGANUMA,
            "cifar10",
            cg_paper,
            CG_CONTRASTS,
            200_000,
        ),
        Claim(
            "ttur-dcgan",
            "Two learning rates reach a lower distance than one.",
            _HEUSEL,
            "mnist",
            ttur_small,
            TTUR_CONTRASTS,
            1200,
        ),
        Claim(
            "ttur-dcgan-paper",
            "Two learning rates reach a lower distance than one.",
            _HEUSEL,
            "cifar10",
            ttur_paper,
            TTUR_CONTRASTS,
            150_000,
            seeds=8,
        ),
        Claim(
            "ttur-wgan-gp",
            "WGAN-GP with one critic step at two rates reaches a lower distance than with five at one rate.",
            _HEUSEL,
            "mnist",
            wgan_gp_small,
            WGAN_GP_CONTRASTS,
            1200,
        ),
        Claim(
            "ttur-wgan-gp-paper",
            "WGAN-GP with one critic step at two rates reaches a lower distance than with five at one rate.",
            _HEUSEL,
            "cifar10",
            wgan_gp_paper,
            WGAN_GP_CONTRASTS,
            336_000,
            seeds=8,
        ),
        *_gap_claims(),
    )
}
"""By name."""
