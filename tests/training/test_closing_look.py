"""What a complete run leaves for whoever looks at it: right, and without any trace in the run itself."""

import json

import pytest
import torch
from PIL import Image

from equipoise.config.files import merged, validated
from equipoise.core.outcomes import Outcome
from equipoise.recipes import RECIPES
from equipoise.training import RunFolder, loop, train
from equipoise.training import closing_look as module
from equipoise.training.closing_look import on_arcs, on_lines
from equipoise.training.measuring.evaluator import build_evaluator
from equipoise.training.neighbours import nearest
from equipoise.training.runs import open_session

pytestmark = pytest.mark.filterwarnings("ignore::equipoise.core.errors.IgnoredSettingWarning")
SMALL = {"threads": 1, "network": {"width": 8}, "evaluation": {"every": 4, "num_samples": 50}}


def settings_of(root, recipe="digits", **changes):
    base = merged(RECIPES[recipe].settings().model_dump(), SMALL if recipe == "digits" else {"threads": 1})
    training = {"steps": 4, "log_every": 2, "sample_every": 2, "checkpoint_every": 2}
    return validated(merged(base, {"root": str(root), "training": training} | changes), "in a test")


@pytest.mark.parametrize("number", [1, 4, 40])
def test_neighbours_are_those_of_all_distances(number):
    generator = torch.Generator().manual_seed(0)
    queries, examples = (torch.randn(count, 2, 3, generator=generator) for count in (5, 33))
    found = nearest(queries, examples.split(7), number)
    distances, places = torch.cdist(queries.flatten(1), examples.flatten(1)).sort(dim=1)
    kept = min(number, 33)
    torch.testing.assert_close(found.distances, distances[:, :kept])
    assert found.places.equal(places[:, :kept])
    assert found.examples.equal(examples[places[:, :kept]])
    assert found.num_looked_at == 33


def test_an_example_is_not_its_own_neighbour():
    examples = torch.tensor([[0.0], [1.0], [3.0]])
    found = nearest(examples, [examples], 1, own_places=torch.arange(3))
    assert found.places.flatten().tolist() == [1, 0, 1]
    assert found.distances.flatten().tolist() == [1.0, 1.0, 2.0]


def test_latents_on_arcs_keep_their_length_and_turn_evenly():
    first, last = torch.randn(2, 4, 16, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    walk = on_arcs(first, last, 9)
    torch.testing.assert_close(walk[:, 0], first)
    torch.testing.assert_close(walk[:, -1], last)
    lengths = walk.norm(dim=2)
    torch.testing.assert_close(lengths.diff(dim=1), lengths.diff(dim=1)[:, :1].expand(-1, 8))
    angles = torch.nn.functional.cosine_similarity(walk[:, 1:], walk[:, :-1], dim=2).acos()
    torch.testing.assert_close(angles, angles[:, :1].expand(-1, 8))


def test_equal_and_opposite_latents_give_numbers():
    one = torch.ones(1, 3, dtype=torch.float64)
    torch.testing.assert_close(on_arcs(one, one, 5), one[:, None].expand(1, 5, 3))
    assert on_arcs(one, -one, 5).isfinite().all()
    assert on_arcs(one, torch.zeros_like(one), 5).isfinite().all()


def test_uniform_latents_stay_in_their_cube():
    first, last = torch.ones(1, 3), -torch.ones(1, 3)
    assert on_lines(first, last, 3)[0].tolist() == [[1.0] * 3, [0.0] * 3, [-1.0] * 3]


def test_a_complete_run_leaves_pictures(tmp_path):
    assert train(settings_of(tmp_path)).outcome is Outcome.COMPLETE
    samples = tmp_path / "digits" / "samples"
    with Image.open(samples / "interpolation.png") as walk, Image.open(samples / "neighbours.png") as rows:
        assert walk.width / walk.height == module.NUM_STOPS / module.NUM_WALKS
        assert rows.width / rows.height == (1 + module.NUM_SHOWN_NEIGHBOURS) / module.NUM_SHOWN_SAMPLES
    found = json.loads((samples / "neighbours.json").read_text())
    assert (found["space"], found["num_training"], found["num_looked_at"]) == ("digits", 1797, 1797)
    assert len(found["distances"]) == module.NUM_SHOWN_SAMPLES
    assert found["typical"] > 0


def test_a_run_without_features_looks_at_pixels(tmp_path):
    train(settings_of(tmp_path, evaluation={"features": "none"}))
    assert json.loads((tmp_path / "digits" / "samples" / "neighbours.json").read_text())["space"] == "pixels"


def test_copies_are_at_distance_zero(tmp_path, monkeypatch):
    real = next(iter(open_session(settings_of(tmp_path), None).board.source.ordered(64, torch.device("cpu"))))
    monkeypatch.setattr("equipoise.training.session.Session.generate", lambda *_: real.examples)
    train(settings_of(tmp_path))
    found = json.loads((tmp_path / "digits" / "samples" / "neighbours.json").read_text())
    assert max(found["distances"]) < 1e-3 < found["typical"]


def test_text_walks_in_lines_and_points_leave_nothing(tmp_path):
    train(settings_of(tmp_path, "text-ttur-small", evaluation={"features": "none"}, network={"width": 8}))
    lines = (tmp_path / "text-ttur-small" / "samples" / "interpolation.txt").read_text().splitlines()
    assert len(lines) == module.NUM_WALKS * module.NUM_STOPS
    train(settings_of(tmp_path, "ring", evaluation={"features": "none"}))
    assert not list((tmp_path / "ring" / "samples").glob("[in]*"))


def test_the_run_is_the_same_without_it(tmp_path, monkeypatch):
    train(settings_of(tmp_path / "with"))
    monkeypatch.setattr(loop, "closing_look", lambda *_: None)
    train(settings_of(tmp_path / "without"))
    pair = [tmp_path / name / "digits" for name in ("with", "without")]
    states = [(folder / "checkpoints" / "step-000004" / "state.safetensors").read_bytes() for folder in pair]
    assert states[0] == states[1]
    first, second = ((folder / "samples" / "step-000004.png").read_bytes() for folder in pair)
    assert first == second


def test_looking_leaves_no_trace_in_the_session(tmp_path):
    settings = settings_of(tmp_path)
    session = open_session(settings, None)
    for _ in range(3):
        session.play_round()
    evaluator = build_evaluator(settings, session.device, session.board.source)
    folder = RunFolder.create(settings)
    before = session.state_dict()
    streams = {name: state.clone() for name, state in before["streams"].items()}
    weights = {name: value.clone() for name, value in session.networks_state()["gen_ema"].items()}
    global_state = torch.get_rng_state()
    assert module.closing_look(session, evaluator, folder) is None
    after = session.state_dict()
    assert before["streams"].keys() == after["streams"].keys()
    assert all(streams[name].equal(after["streams"][name]) for name in streams)
    assert str(before["loader"]) == str(after["loader"])
    assert all(value.equal(session.networks_state()["gen_ema"][name]) for name, value in weights.items())
    assert global_state.equal(torch.get_rng_state())


def test_a_disk_that_is_full_fails_no_run(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "_save_interpolation", full)
    with pytest.warns(UserWarning, match=r"The closing pictures were not drawn \(No space left on device\)"):
        assert train(settings_of(tmp_path)).outcome is Outcome.COMPLETE
