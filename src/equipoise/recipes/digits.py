"""DCGAN on scikit-learn's handwritten digits: the default run, made to end within two minutes on two cores."""

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


def digits() -> RunSettings:
    """Two time scales on 1,797 pictures of 8 x 8 pixels."""
    return RunSettings(
        name="digits",
        data=DataSettings(source="digits"),
        network=NetworkSettings(architecture="dcgan", width=64, disc_norm="none", gen_norm="batch"),
        game=GameSettings(objective="nonsaturating", latent_dim=32),
        disc=PlayerSettings(optimizer="adam", lr=4e-4, betas=(0.5, 0.999)),
        gen=PlayerSettings(optimizer="adam", lr=2e-4, betas=(0.5, 0.999)),
        training=TrainingSettings(steps=6000, batch_size=64, ema=0.999),
        evaluation=EvaluationSettings(features="digits", every=500, num_samples=5000),
    )


DIGITS = Recipe(
    name="digits",
    summary="DCGAN under two time scales on 1,797 handwritten digits of 8 x 8 pixels (the default)",
    source="the two time-scale update rule of Heusel et al. 2017 at the size of scikit-learn's digits",
    expected="to be measured",
    settings=digits,
)
