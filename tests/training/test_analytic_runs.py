"""Games between points play through the same loop, folder, records and resume as everything else."""

import itertools
import typing

import pytest
import torch

from equipoise.config import RunSettings
from equipoise.config.games import KindName
from equipoise.core.errors import UserError
from equipoise.core.files import read_json_lines
from equipoise.core.outcomes import Outcome
from equipoise.games import ANALYTIC_GAMES
from equipoise.training import TrainedGenerator, train


def settings(root, kind, order="alternating", **game):
    player = {"optimizer": "sgd", "lr": 1e-3}
    training = {"steps": 20, "log_every": 1, "order": order}
    return RunSettings(root=str(root), game={"kind": kind, **game}, disc=player, gen=player, training=training)


def test_registry_and_settings_agree():
    assert {"generative", "domain-adversarial", *ANALYTIC_GAMES} == set(typing.get_args(KindName))


@pytest.mark.parametrize("kind", ANALYTIC_GAMES)
def test_every_game_plays_and_its_path_is_recorded(tmp_path, kind):
    assert train(settings(tmp_path, kind)).outcome is Outcome.COMPLETE
    records = read_json_lines(tmp_path / "run" / "metrics.jsonl")
    assert len(records) == 20
    assert all(len(record["disc_point"]) >= 1 and len(record["gen_point"]) >= 1 for record in records)
    assert records[0]["disc_point"] != records[-1]["disc_point"]


def test_the_recorded_path_is_that_of_the_recursion(tmp_path):
    """Bilinear game, simultaneous descent: (y, x) -> (y + h x, x - h y) with the package's signs."""
    train(settings(tmp_path, "bilinear", order="simultaneous"))
    path = [
        torch.tensor([*record["disc_point"], *record["gen_point"]], dtype=torch.float64)
        for record in read_json_lines(tmp_path / "run" / "metrics.jsonl")
    ]
    radii = [point.square().sum().item() for point in path]
    for before, after in itertools.pairwise(radii):
        assert after / before == pytest.approx(1 + 1e-6, rel=1e-12)


def test_the_dirac_gan_is_played_with_the_objective_and_penalty_asked_for(tmp_path):
    """Mescheder et al. 2018: without a penalty it circles; R1 lets it converge."""
    player = {"optimizer": "sgd", "lr": 0.1}
    distances = {}
    for penalty in ("none", "r1"):
        values = {"name": penalty, "root": str(tmp_path), "disc": player, "gen": player, "training": {"steps": 300}}
        game = {"kind": "dirac", "objective": "nonsaturating", "penalty": penalty}
        train(RunSettings(game=game | ({"penalty_weight": 1.0} if penalty == "r1" else {}), **values))
        last = read_json_lines(tmp_path / penalty / "metrics.jsonl")[-1]
        distances[penalty] = abs(last["gen_point"][0])
    assert distances["r1"] < 1e-3
    assert distances["none"] > 0.05


def test_there_is_nothing_to_sample_or_to_measure(tmp_path):
    train(settings(tmp_path, "saddle-cg"))
    with pytest.raises(UserError, match="no generator to sample"):
        TrainedGenerator.load(tmp_path / "run")
    with pytest.raises(ValueError, match="no examples to measure"):
        RunSettings(game={"kind": "dirac"}, evaluation={"features": "points"})
    with pytest.warns(UserWarning, match="settings of data are ignored"):
        RunSettings(game={"kind": "dirac"}, data={"source": "ring"})
