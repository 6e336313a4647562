"""The saddle f(x, y) = (1 + x^2)(100 - y^2) of two papers, at rates with a known end.

x is the generator's, y the discriminator's. Stable rates are below 2/200 of x and 2/2 of y at the saddle point.
"""

from equipoise.config import GameSettings, PlayerSettings, RunSettings, TrainingSettings
from equipoise.recipes.recipe import Recipe


def saddle_ttur() -> RunSettings:
    """The TTUR paper's toy at its rates (x 1e-4, y 1e-2): noise N(0, 1) on both gradients, 5,000 steps."""
    return RunSettings(
        name="saddle-ttur",
        game=GameSettings(kind="saddle-ttur", noise=1.0),
        disc=PlayerSettings(optimizer="sgd", lr=1e-2),
        gen=PlayerSettings(optimizer="sgd", lr=1e-4),
        training=TrainingSettings(steps=5000, order="alternating-gen-first", ema=0.0, log_every=10),
    )


def saddle_cg() -> RunSettings:
    """The conjugate gradient paper's toy from (2, -4), with gradients zeroed and rates chosen by curvature."""
    return RunSettings(
        name="saddle-cg",
        game=GameSettings(kind="saddle-cg"),
        disc=PlayerSettings(optimizer="cg-fr", lr=1e-2),
        gen=PlayerSettings(optimizer="cg-fr", lr=1e-3),
        training=TrainingSettings(steps=400, order="alternating-gen-first", ema=0.0, log_every=1),
    )


SADDLE_TTUR = Recipe(
    name="saddle-ttur",
    summary="the TTUR paper's saddle: two points under noise, x a hundred times slower than y",
    source="Heusel et al. 2017, the toy example of their code, row (1e-4, 1e-2)",
    expected="distance to the saddle 0.047 at step 500, 0.042 over the last 500, means over noise; 4 seconds",
    settings=saddle_ttur,
)
SADDLE_CG = Recipe(
    name="saddle-cg",
    summary="the conjugate gradient paper's saddle: two points, Fletcher-Reeves for both",
    source="Naganuma & Iiduka 2023, figure 1, whose code never zeroes its gradients; rates by curvature instead",
    expected="distance to the saddle 1.3e-7 after 400 steps (sgd: 1.0e-3, momentum: 3.7e-10); a second",
    settings=saddle_cg,
)
