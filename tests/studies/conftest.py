"""Tiny real runs for the engine: an MLP pair on the ring, a second each."""

import pytest

from equipoise.config import RunSettings
from equipoise.config.files import merged
from equipoise.studies.plan import PlannedRun

TINY = {
    "data": {"source": "ring"},
    "network": {"architecture": "mlp", "width": 8, "depth": 1, "disc_norm": "none", "gen_norm": "none"},
    "game": {"latent_dim": 8},
    "training": {"steps": 60, "batch_size": 16, "log_every": 20, "sample_every": 60, "checkpoint_every": 10},
    "evaluation": {"features": "points", "every": 10, "num_samples": 64, "batch_size": 64},
    # A pair this small loses modes, and its guard's warnings would be errors here.
    "guard": {"disc_wins": "ignore", "blow_up": "ignore", "mode_loss": "ignore"},
}


@pytest.fixture
def tiny():
    """Settings of a tiny run, with changes."""

    def make(**changes) -> RunSettings:
        return RunSettings.model_validate(merged(merged(RunSettings().model_dump(), TINY), changes))

    return make


@pytest.fixture
def plan(tiny):
    """A plan of tiny runs: batch sizes x seeds."""

    def make(sizes=(8, 16), seeds=2, **changes) -> list[PlannedRun]:
        return [
            PlannedRun(
                tiny(**merged(changes, {"seed": seed, "training": {"batch_size": size}})),
                {"batch_size": size, "seed": seed},
            )
            for size in sizes
            for seed in range(seeds)
        ]

    return make
