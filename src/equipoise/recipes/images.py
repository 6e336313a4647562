"""DCGAN on the two small image sets that everybody knows: MNIST and CIFAR-10."""

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
from equipoise.recipes.recipe import Recipe


def mnist() -> RunSettings:
    """DCGAN on MNIST at 28 pixels, measured against the test split in the features of a small MNIST classifier."""
    decay = ScheduleSettings(decay="linear", final=0.01)
    return RunSettings(
        name="mnist",
        data=DataSettings(source="table", path="ylecun/mnist"),
        network=NetworkSettings(architecture="dcgan", width=32, disc_norm="none", gen_norm="batch"),
        game=GameSettings(objective="nonsaturating", penalty="r1", penalty_weight=0.6, latent_dim=64),
        disc=PlayerSettings(lr=1.5e-3, betas=(0.0, 0.9), schedule=decay),
        gen=PlayerSettings(lr=2e-3, betas=(0.0, 0.9), schedule=decay),
        training=TrainingSettings(steps=15_000, batch_size=64, ema=0.999),
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
        evaluation=EvaluationSettings(features="cifar10", every=2500, num_samples=10_000, reference_split="test"),
    )


def sngan_cifar10_cg() -> RunSettings:
    """The conjugate gradient paper's image set-up: SNGAN on CIFAR-10, batch 64, 100,000 steps, Fletcher-Reeves.

    Its grids: disc.lr x gen.lr in {5e-5, 1e-4, 5e-4, 1e-3, 5e-3}^2 at constant rates; {1e-4, 5e-4, 1e-3, 5e-3}^2 with
    the step decay gamma 0.9 every 10,000 steps; options.scale in {0.5, 0.75, 1}. These rates are its best cell for FR.
    """
    player = PlayerSettings(optimizer="cg-fr", lr=1e-3)
    return RunSettings(
        name="sngan-cifar10-cg",
        data=DataSettings(source="table", path="uoft-cs/cifar10"),
        network=NetworkSettings(architecture="sngan", width=128, disc_norm="spectral", gen_norm="batch"),
        game=GameSettings(objective="hinge", latent_dim=128),
        disc=player,
        gen=player,
        training=TrainingSettings(steps=100_000, batch_size=64, ema=0.0),
    )


def images() -> RunSettings:
    """DCGAN on a folder of pictures, cropped to 64 pixels; no features are known for pictures of any kind."""
    player = PlayerSettings(lr=2e-4, betas=(0.5, 0.999))
    return RunSettings(
        name="images",
        data=DataSettings(source="folder", resolution=64, resize="crop"),
        network=NetworkSettings(architecture="dcgan", width=64),
        game=GameSettings(objective="nonsaturating", latent_dim=100),
        disc=player,
        gen=player,
        training=TrainingSettings(steps=50_000, batch_size=64),
    )


MNIST = Recipe(
    name="mnist",
    summary="DCGAN under two time scales on MNIST, 28 x 28 (local folder: --data.path)",
    source="the two time-scale update rule of Heusel et al. 2017 and R1 of Mescheder et al. 2018 on a small DCGAN",
    expected="FD 133 -> 2.03 against 10,000 test images (halves of which are 0.30 apart), in 6 minutes on two cores",
    settings=mnist,
)
CIFAR10 = Recipe(
    name="cifar10",
    summary="DCGAN under two time scales on CIFAR-10, 32 x 32 (local folder: --data.path)",
    source="Heusel et al. 2017, table A2: disc 1e-4, gen 5e-4, FID 36.9 after 75,000 updates with their network",
    expected="not run to its end here; width 64 plays 10 rounds a second on two cores",
    settings=cifar10,
)
SNGAN_CIFAR10_CG = Recipe(
    name="sngan-cifar10-cg",
    summary="SNGAN on CIFAR-10 by conjugate gradients, at the paper's size: a GPU's work (local folder: --data.path)",
    source="Naganuma & Iiduka 2023, section 4; batch normalisation in the generator, where theirs is not published",
    expected="FID 26.03 in the paper (one seed, best cell), by an optimiser that was not published; not run here",
    settings=sngan_cifar10_cg,
)
IMAGES = Recipe(
    name="images",
    summary="DCGAN on your own folder of pictures, cropped to 64 x 64 (the folder: --data.path)",
    source="Radford et al. 2016: 64 pixels, width 64, Adam 2e-4 with beta1 1/2",
    expected="depends on the pictures; nothing is measured, look at the samples",
    settings=images,
)
