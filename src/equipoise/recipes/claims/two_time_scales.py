"""Two learning rates against one, for DCGAN and for WGAN-GP with one critic step against five (Heusel et al. 2017)."""

from equipoise.config import (
    DataSettings,
    EvaluationSettings,
    GameSettings,
    NetworkSettings,
    PlayerSettings,
    RunSettings,
    TrainingSettings,
)
from equipoise.recipes.claims.claim import (
    PAPER_EVALUATIONS,
    Candidates,
    Claim,
    Contrast,
    diagonal,
    grid,
    measured_often,
)
from equipoise.recipes.images import cifar10

SOURCE = "Heusel et al. 2017, table 1"
SAYS = "Two learning rates reach a lower distance than one."
SAYS_WGAN_GP = "WGAN-GP with one critic step at two rates reaches a lower distance than with five at one rate."

TTUR_CONTRASTS = (Contrast("two-rates", "one-rate", "two rates beat one"),)
WGAN_GP_CONTRASTS = (
    Contrast("two-rates", "five-critic-steps", "one critic step at two rates beats five critic steps at one"),
    Contrast("two-rates", "one-rate", "one critic step at two rates beats one critic step at one"),
)
ADAM = PlayerSettings(betas=(0.5, 0.999))
ADAM_WGAN = PlayerSettings(betas=(0.0, 0.9))


def _ttur_arms(settings: RunSettings, rates: tuple[float, ...]) -> dict[str, Candidates]:
    return {"two-rates": grid(settings, ADAM, rates, rates), "one-rate": diagonal(settings, ADAM, rates)}


def _wgan_gp_arms(
    settings: RunSettings, rates: tuple[float, ...], gradients: int, num_evaluations: int = 2
) -> dict[str, Candidates]:
    one = measured_often(settings, gradients, num_evaluations)
    five = settings.model_copy(update={"training": settings.training.model_copy(update={"disc_steps": 5})})
    return {
        "two-rates": grid(one, ADAM_WGAN, rates, rates),
        "one-rate": diagonal(one, ADAM_WGAN, rates),
        "five-critic-steps": diagonal(measured_often(five, gradients, num_evaluations), ADAM_WGAN, rates),
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
    return _ttur_arms(measured_often(settings, gradients), (3e-4, 1e-3, 3e-3, 1e-2, 3e-2))


def ttur_paper(gradients: int) -> dict[str, Candidates]:
    """The paper's DCGAN on CIFAR-10, a 5 x 5 grid around its rates."""
    settings = cifar10().model_copy(update={"training": TrainingSettings(batch_size=64, ema=0.0)})
    settings = measured_often(settings, gradients, PAPER_EVALUATIONS)
    return _ttur_arms(settings, (1e-5, 5e-5, 1e-4, 5e-4, 1e-3))


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
    return _wgan_gp_arms(settings, (3e-5, 1e-4, 3e-4, 5e-4), gradients, PAPER_EVALUATIONS)


TWO_TIME_SCALES = (
    Claim("ttur-dcgan", SAYS, SOURCE, "mnist", ttur_small, TTUR_CONTRASTS, 1200),
    Claim("ttur-dcgan-paper", SAYS, SOURCE, "cifar10", ttur_paper, TTUR_CONTRASTS, 150_000, seeds=8),
    Claim("ttur-wgan-gp", SAYS_WGAN_GP, SOURCE, "mnist", wgan_gp_small, WGAN_GP_CONTRASTS, 1200),
    Claim("ttur-wgan-gp-paper", SAYS_WGAN_GP, SOURCE, "cifar10", wgan_gp_paper, WGAN_GP_CONTRASTS, 336_000, seeds=8),
)
