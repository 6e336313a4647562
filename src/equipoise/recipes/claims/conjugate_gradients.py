"""Conjugate gradients against SGD, SGD at twice the rate, momentum and Adam (Naganuma & Iiduka 2023)."""

from equipoise.config import (
    DataSettings,
    EvaluationSettings,
    GameSettings,
    NetworkSettings,
    PlayerSettings,
    RunSettings,
    TrainingSettings,
)
from equipoise.recipes.claims.claim import PAPER_EVALUATIONS, Candidates, Claim, Contrast, grid, measured_often
from equipoise.recipes.images import sngan_cifar10_cg

SOURCE = "Naganuma & Iiduka 2023, table 3"
SAYS = "Conjugate gradients reach a lower distance than SGD, by more than a larger step."

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


def _cg_arms(settings: RunSettings, rates: tuple[float, ...]) -> dict[str, Candidates]:
    scaled = {name: (player, tuple(rate * scale for rate in rates)) for name, (player, scale) in CG_ARMS.items()}
    return {name: grid(settings, player, own, own) for name, (player, own) in scaled.items()}


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
    return _cg_arms(measured_often(settings, gradients), (1e-2, 4e-2, 1.6e-1))


def cg_paper(gradients: int) -> dict[str, Candidates]:
    """SNGAN of width 128, the paper's 5 x 5 grid, in the features of the package's CIFAR-10 classifier."""
    base = sngan_cifar10_cg()
    settings = base.model_copy(
        update={
            "training": base.training.model_copy(update={"order": "simultaneous"}),
            "evaluation": EvaluationSettings(features="cifar10", num_samples=10_000, reference_split="test"),
        }
    )
    settings = measured_often(settings, gradients, PAPER_EVALUATIONS)
    return _cg_arms(settings, (5e-5, 1e-4, 5e-4, 1e-3, 5e-3))


CONJUGATE_GRADIENTS = (
    Claim("cg-cifar10", SAYS, SOURCE, "cifar10", cg_small, CG_CONTRASTS, 800),
    Claim("cg-cifar10-paper", SAYS, SOURCE, "cifar10", cg_paper, CG_CONTRASTS, 200_000),
)
