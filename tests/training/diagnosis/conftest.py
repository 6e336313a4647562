"""Tiny runs of every kind of game, trained once, and positions at their newest checkpoints."""

import functools
import warnings

import pytest

from equipoise.config import RunSettings
from equipoise.config.diagnosis import DiagnosisSettings
from equipoise.training import RunFolder, train
from equipoise.training.diagnosis.opening import load_checkpoint, start_of_path
from equipoise.training.diagnosis.position import Position
from equipoise.training.runs import open_session

SMALL = DiagnosisSettings(
    num_batches=3,
    num_samples=40,
    num_eigenvalues=1,
    dense_up_to=60,
    max_products=50,
    accuracy=0.3,
    path_points=5,
    probe_rounds=5,
)
PLAYER = {"optimizer": "adam", "lr": 1e-3}
TRAINING = {"steps": 4, "batch_size": 16, "log_every": 2, "checkpoint_every": 2, "keep_checkpoints": 5}
POINTS = {"network": {"architecture": "mlp", "width": 8, "depth": 1, "disc_norm": "none", "gen_norm": "none"}}
RUNS = {
    "points": {**POINTS, "data": {"source": "ring"}, "game": {"latent_dim": 4, "penalty": "r1-r2"}},
    "images": {
        "network": {"width": 4, "disc_norm": "batch", "gen_norm": "batch"},
        "game": {"latent_dim": 4},
        "evaluation": {"features": "digits", "num_samples": 40, "every": 4},
    },
    "spectral": {
        "network": {"width": 4, "disc_norm": "spectral", "gen_norm": "none"},
        "game": {"latent_dim": 4, "objective": "hinge"},
        "disc": {**PLAYER, "schedule": {"gap": "exponential"}},
    },
    "text": {
        "data": {"source": "text", "length": 8},
        "network": {"architecture": "text", "width": 8, "depth": 1, "disc_norm": "none", "gen_norm": "none"},
        "game": {"latent_dim": 4, "objective": "wasserstein", "penalty": "gradient"},
    },
    "domains": {
        **POINTS,
        "data": {"source": "moons", "num_points": 200},
        "target": {"source": "moons", "num_points": 200, "rotation": 35.0},
        "game": {"kind": "domain-adversarial", "conditioned": True, "information_weight": 0.3, "penalty": "r1-r2"},
        "evaluation": {"features": "classifier", "every": 4},
    },
    "dirac": {"game": {"kind": "dirac", "penalty": "r1", "penalty_weight": 1.0}},
    "bilinear": {"game": {"kind": "bilinear"}},
}


@pytest.fixture(scope="session")
def run_of(tmp_path_factory):
    """Path of the run called ``name``, trained on first use."""
    root = tmp_path_factory.mktemp("runs")

    @functools.cache
    def find(name):
        values = {"disc": PLAYER, "gen": PLAYER, "training": TRAINING, **RUNS[name], "root": str(root), "name": name}
        train(RunSettings.model_validate(values))
        return root / name

    return find


@pytest.fixture(scope="session")
def position_of(run_of):
    """A position at the newest checkpoint of the run called ``name``."""

    @functools.cache
    def find(name, seed=0):
        folder = RunFolder.open(run_of(name))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            session = open_session(folder.settings, None)
        settings = SMALL.model_copy(update={"seed": seed})
        start, start_step = start_of_path(folder, session, settings)
        load_checkpoint(folder, session, None)
        return Position(session, settings, start, start_step)

    return find
