"""DCGAN on the two small image sets that everybody knows: MNIST and CIFAR-10."""

from equipoise.config import (
    DataSettings,
    EvaluationSettings,
    GameSettings,
    NetworkSettings,
    PlayerSettings,
    RunSettings,
    TrainingSettings,
)
from equipoise.recipes.recipe import Recipe


def mnist() -> RunSettings:
    """DCGAN on MNIST at 28 pixels, measured against the test split in the features of a small MNIST classifier."""
    return RunSettings(
        name="mnist",
        data=DataSettings(source="table", path="ylecun/mnist"),
        network=NetworkSettings(architecture="dcgan", width=32, disc_norm="none", gen_norm="batch"),
        game=GameSettings(objective="nonsaturating", latent_dim=64),
        disc=PlayerSettings(lr=4e-4, betas=(0.5, 0.999)),
        gen=PlayerSettings(lr=2e-4, betas=(0.5, 0.999)),
        training=TrainingSettings(steps=12_000, batch_size=64, ema=0.999),
        evaluation=EvaluationSettings(features="mnist", every=2000, num_samples=10_000, reference_split="test"),
    )


def cifar10() -> RunSettings:
    """The DCGAN of the TTUR paper's CIFAR-10 row: Adam, disc 1e-4, gen 5e-4, batch 64, uniform latents."""
    return RunSettings(
        name="cifar10",
        data=DataSettings(source="table", path="uoft-cs/cifar10"),
        network=NetworkSettings(architecture="dcgan", width=64),
        game=GameSettings(objective="nonsaturating", latent_dim=100, latents="uniform"),
        disc=PlayerSettings(lr=1e-4, betas=(0.5, 0.999)),
        gen=PlayerSettings(lr=5e-4, betas=(0.5, 0.999)),
        training=TrainingSettings(steps=75_000, batch_size=64, sample_every=1000, checkpoint_every=1000),
        evaluation=EvaluationSettings(features="none"),
    )


MNIST = Recipe(
    name="mnist",
    summary="DCGAN under two time scales on MNIST, 28 x 28 (local folder: --data.path)",
    source="the two time-scale update rule of Heusel et al. 2017 on a small DCGAN",
    expected="to be measured",
    settings=mnist,
)
CIFAR10 = Recipe(
    name="cifar10",
    summary="DCGAN under two time scales on CIFAR-10, 32 x 32 (local folder: --data.path)",
    source="Heusel et al. 2017, table A2: disc 1e-4, gen 5e-4, FID 36.9 after 75,000 updates with their network",
    expected="to be measured",
    settings=cifar10,
)
