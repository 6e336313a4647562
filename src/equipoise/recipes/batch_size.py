"""Set-ups for the critical batch size: the three of Sato & Iiduka 2023, and two that two cores can sweep.

Each takes an optimiser: `batch-size-dcgan:adabelief` on the command line. Rates (disc, gen) are the paper's for its
set-ups, at every batch size. Where its public code slips, the recipes do what was meant:

- its WGAN-GP multiplies the penalty by 10 twice; here the weight is 10;
- its WGAN-GP has batch normalisation in the critic, which ties together the slopes that the penalty takes one by one;
  here it is layer normalisation;
- its WGAN-GP crashes with Adam and AdaBelief (it reads settings that do not exist), and its BigGAN with RMSProp (it
  passes betas); here all nine combinations run;
- it takes the learning rates from the command line and ignores them, and stretches the contrast of every picture before
  measuring FID; neither is repeated.

The third set-up is BigGAN at 128 pixels. That network is not here: `batch-size-hinge` has its loss, rates and averaging
on SNGAN's residual pair at 32 pixels, and is a neighbour of the paper's set-up, not a copy.
"""

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

OPTIMIZERS = ("adam", "adabelief", "rmsprop")
Rates = dict[str, tuple[float, float]]

DCGAN_RATES: Rates = {"adam": (3e-4, 1e-4), "adabelief": (3e-5, 3e-4), "rmsprop": (3e-5, 1e-4)}
WGAN_GP_RATES: Rates = {"adam": (3e-4, 1e-4), "adabelief": (3e-5, 5e-4), "rmsprop": (1e-4, 3e-4)}
DIGITS_RATES: Rates = {"adam": (2e-3, 2e-3), "adabelief": (2e-3, 2e-3), "rmsprop": (1e-3, 1e-3)}
BIGGAN_RATES: Rates = {"adam": (4e-4, 1e-4), "adabelief": (4e-4, 1e-4), "rmsprop": (4e-4, 1e-4)}


def _players(
    rates: Rates,
    optimizer: str,
    beta1: float = 0.5,
    beta2: float = 0.999,
    options: dict[str, float] | None = None,
) -> dict[str, PlayerSettings]:
    # AdaBelief divides by the spread of the gradient around its average, which is nothing where beta1 is 0.
    betas = {"adam": (beta1, beta2), "adabelief": (0.5, 0.999), "rmsprop": None}[optimizer]
    return {
        name: PlayerSettings(optimizer=optimizer, lr=lr, betas=betas, options=options or {})
        for name, lr in zip(("disc", "gen"), rates[optimizer], strict=True)
    }


def dcgan(optimizer: str = "adam") -> RunSettings:
    """DCGAN on 64-pixel photographs (the paper: LSUN bedrooms, until FID 70), no averaging, constant rates."""
    return RunSettings(
        name="batch-size-dcgan",
        data=DataSettings(source="folder", resolution=64, resize="crop"),
        network=NetworkSettings(architecture="dcgan", width=64),
        game=GameSettings(objective="nonsaturating", latent_dim=100),
        training=TrainingSettings(
            steps=2_000_000, batch_size=64, ema=0.0, sample_every=10_000, checkpoint_every=10_000
        ),
        **_players(DCGAN_RATES, optimizer),
    )


def wgan_gp(optimizer: str = "adam") -> RunSettings:
    """WGAN-GP with one critic step (the paper: CelebA squashed to 64 pixels, until FID 50)."""
    return RunSettings(
        name="batch-size-wgan-gp",
        data=DataSettings(source="folder", resolution=64, resize="squash"),
        network=NetworkSettings(architecture="dcgan", width=64, disc_norm="layer"),
        game=GameSettings(objective="wasserstein", penalty="gradient", penalty_weight=10.0, latent_dim=100),
        training=TrainingSettings(
            steps=1_000_000, batch_size=64, ema=0.0, sample_every=10_000, checkpoint_every=10_000
        ),
        **_players(WGAN_GP_RATES, optimizer),
    )


def hinge(optimizer: str = "adam") -> RunSettings:
    """The loss, rates and averaging of the paper's BigGAN, on SNGAN's residual pair at 32 pixels."""
    return RunSettings(
        name="batch-size-hinge",
        data=DataSettings(source="folder", resolution=32, resize="crop"),
        network=NetworkSettings(architecture="sngan", width=128, disc_norm="spectral", gen_norm="batch"),
        game=GameSettings(objective="hinge", latent_dim=128),
        training=TrainingSettings(steps=150_000, batch_size=64, ema=0.9999, sample_every=2000, checkpoint_every=2000),
        **_players(BIGGAN_RATES, optimizer, beta1=0.0, options={"eps": 1e-6}),
    )


def digits(optimizer: str = "adam") -> RunSettings:
    """A small DCGAN without normalisation on handwritten digits, so that its gradients are those of single examples."""
    return RunSettings(
        name="batch-size-digits",
        data=DataSettings(source="digits"),
        network=NetworkSettings(architecture="dcgan", width=16, disc_norm="none", gen_norm="none"),
        # Without R1 the discriminator learns 1,797 pictures by heart before the distance has fallen far.
        game=GameSettings(objective="nonsaturating", penalty="r1", penalty_weight=0.6, latent_dim=16),
        training=TrainingSettings(
            steps=6000, batch_size=64, ema=0.99, log_every=50, sample_every=4000, checkpoint_every=1000
        ),
        evaluation=EvaluationSettings(features="digits", every=50, num_samples=2000),
        **_players(DIGITS_RATES, optimizer, beta1=0.0, beta2=0.9),
    )


def mnist(optimizer: str = "adam") -> RunSettings:
    """A small DCGAN without normalisation on MNIST."""
    return RunSettings(
        name="batch-size-mnist",
        data=DataSettings(source="table", path="ylecun/mnist"),
        network=NetworkSettings(architecture="dcgan", width=16, disc_norm="none", gen_norm="none"),
        game=GameSettings(objective="nonsaturating", penalty="r1", penalty_weight=0.6, latent_dim=64),
        training=TrainingSettings(
            steps=6000, batch_size=64, ema=0.99, log_every=50, sample_every=4000, checkpoint_every=1000
        ),
        evaluation=EvaluationSettings(features="mnist", every=100, num_samples=2000, reference_split="test"),
        **_players(DIGITS_RATES, optimizer, beta1=0.0, beta2=0.9),
    )


BATCH_SIZE_DCGAN = Recipe(
    name="batch-size-dcgan",
    summary="the critical-batch paper's DCGAN at 64 pixels: a GPU's work (folder of pictures: --data.path)",
    source="Sato & Iiduka 2023, set-up 1 (LSUN bedrooms), from their code; rates of Adam, AdaBelief, RMSProp",
    expected="FID 70 in the paper, evaluated every 10,000 steps; not run here",
    settings=dcgan,
    variants=OPTIMIZERS,
)
BATCH_SIZE_WGAN_GP = Recipe(
    name="batch-size-wgan-gp",
    summary="the critical-batch paper's WGAN-GP at 64 pixels: a GPU's work (folder of pictures: --data.path)",
    source="Sato & Iiduka 2023, set-up 2 (CelebA), from their code, with the penalty applied once instead of twice",
    expected="FID 50 in the paper, at an effective penalty weight of 100; not run here",
    settings=wgan_gp,
    variants=OPTIMIZERS,
)
BATCH_SIZE_HINGE = Recipe(
    name="batch-size-hinge",
    summary="the critical-batch paper's BigGAN loss and rates, on SNGAN at 32 pixels (folder: --data.path)",
    source="Sato & Iiduka 2023, set-up 3 (ImageNet), whose network is not here: SNGAN's residual pair instead",
    expected="no published number belongs to it; not run here",
    settings=hinge,
    variants=OPTIMIZERS,
)
BATCH_SIZE_DIGITS = Recipe(
    name="batch-size-digits",
    summary="a small DCGAN on handwritten digits for sweeps over the batch size on two cores",
    source="this package: constant rates as in Sato & Iiduka 2023, R1 of Mescheder et al. 2018 for so few pictures",
    expected="FD 102 -> 10 in about 500 steps of batch 64 with Adam; see docs/studies.md",
    settings=digits,
    variants=OPTIMIZERS,
)
BATCH_SIZE_MNIST = Recipe(
    name="batch-size-mnist",
    summary="a small DCGAN on MNIST for sweeps over the batch size (local folder: --data.path)",
    source="this package, as batch-size-digits",
    expected="FD 10 in about 1,100 steps of batch 64 with Adam; see docs/studies.md",
    settings=mnist,
    variants=OPTIMIZERS,
)
