"""Whole runs on real data: records, exact resume, stopping, divergence, and nothing half-written."""

import json
import threading
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from equipoise.config import EvaluationSettings, RunSettings
from equipoise.config.files import merged
from equipoise.core.errors import RunFailedError, UserError
from equipoise.core.files import read_json_lines
from equipoise.core.outcomes import Outcome
from equipoise.training import RunFolder, TrainedGenerator, measure, resume, train
from equipoise.training.checkpoint import checkpoint_steps, find_checkpoint

SMALL = {
    "name": "small",
    "network": {"architecture": "dcgan", "width": 8, "disc_norm": "spectral"},
    "game": {"latent_dim": 4, "penalty": "gradient", "penalty_weight": 1.0},
    "disc": {"lr": 1e-3, "schedule": {"decay": "linear"}},
    "training": {"steps": 24, "batch_size": 16, "log_every": 5, "sample_every": 12, "checkpoint_every": 8},
    "evaluation": {"features": "digits", "every": 10, "num_samples": 100, "batch_size": 64},
}
POINTS = {
    "data": {"source": "ring"},
    "network": {"architecture": "mlp", "width": 8},
    "evaluation": {"features": "points"},
}


def settings(root: Path, **changes) -> RunSettings:
    values = merged(merged(RunSettings().model_dump(), SMALL), {"root": str(root), **changes})
    return RunSettings.model_validate(values)


class SetAtRead(threading.Event):
    """An event that is set just before it is read for the n-th time, as a signal may do."""

    def __init__(self, number):
        super().__init__()
        self.left = number

    def is_set(self):
        self.left -= 1
        return self.left <= 0


def final_state(run: Path) -> dict[str, torch.Tensor]:
    """Every tensor of the last checkpoint."""
    checkpoint = find_checkpoint(run / "checkpoints")
    return {
        f"{file.stem}/{name}": tensor
        for file in sorted(checkpoint.glob("*.safetensors"))
        for name, tensor in load_file(file).items()
    }


def without_times(records):
    times = ("seconds", "images_per_second")
    return [{key: value for key, value in record.items() if key not in times} for record in records]


def test_a_run_leaves_the_folder_that_the_contract_promises(tmp_path):
    ending = train(settings(tmp_path))
    run = tmp_path / "small"
    assert ending.outcome is Outcome.COMPLETE
    assert {path.name for path in run.iterdir()} == {
        *("config.yaml", "environment.json", "metrics.jsonl", "evaluations.jsonl"),
        *("samples", "checkpoints", "outcome.json", ".lock"),
    }
    metrics, evaluations = (read_json_lines(run / f"{name}.jsonl") for name in ("metrics", "evaluations"))
    assert [record["step"] for record in metrics] == [5, 10, 15, 20, 24]
    assert [record["step"] for record in evaluations] == [0, 10, 20, 24]
    assert metrics[-1]["images"] == 24 * 16
    assert metrics[0]["disc_gap"] == pytest.approx(metrics[0]["disc_loss"] - 1.3862943611)
    assert metrics[0]["disc_penalty"] > 0
    assert metrics[0]["rate_ratio"] == pytest.approx(metrics[0]["disc_rate"] / metrics[0]["gen_rate"])
    assert metrics[-1]["disc_rate"] < metrics[0]["disc_rate"]
    assert evaluations[0]["protocol"]["features"] == "digits"
    closing = {"interpolation.png", "neighbours.json", "neighbours.png"}
    pictures = {f"step-{step:06d}.png" for step in (0, 12, 24)}
    assert {path.name for path in (run / "samples").iterdir()} == pictures | closing
    assert json.loads((run / "outcome.json").read_text())["outcome"] == "complete"
    assert RunFolder.open(run).settings == settings(tmp_path)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"training": {"order": "simultaneous", "disc_steps": 2}},
        {"training": {"order": "alternating-gen-first", "precision": "bf16"}},
        {"training": {"order": "extragradient"}},
        {"training": {"order": "past-extragradient", "disc_steps": 2}, "gen": {"optimizer": "sgd"}},
        {"training": {"order": "optimistic"}},
        {"training": {"order": "lookahead", "lookahead_every": 3, "lookahead_over": "extragradient"}},
        {"data": {"flip": True}, "gen": {"optimizer": "rmsprop"}, "disc": {"optimizer": "pytorch_optimizer.AdaBelief"}},
        {"network": {"disc_norm": "layer"}, "game": {"penalty": "r1-r2"}, "disc": {"optimizer": "momentum"}},
        POINTS,
    ],
    ids=[
        "default",
        "simultaneous",
        "bf16",
        "extra",
        "past",
        "optimistic",
        "lookahead",
        "flip-rmsprop-adabelief",
        "layer-r1-r2-momentum",
        "points",
    ],
)
@pytest.mark.parametrize("stop_at", [8, 13])
def test_a_stopped_and_resumed_run_ends_bit_for_bit_as_an_uninterrupted_one(tmp_path, changes, stop_at, stopper):
    whole, parts = settings(tmp_path / "whole", **changes), settings(tmp_path / "parts", **changes)
    assert train(whole).outcome is Outcome.COMPLETE
    observer = stopper(stop_at)
    assert train(parts, observer, observer.event).outcome is Outcome.STOPPED
    assert resume(tmp_path / "parts" / "small").outcome is Outcome.COMPLETE
    expected, found = final_state(tmp_path / "whole" / "small"), final_state(tmp_path / "parts" / "small")
    assert expected.keys() == found.keys()
    assert [name for name in expected if not torch.equal(expected[name], found[name])] == []
    for name in ("metrics.jsonl", "evaluations.jsonl"):
        one, other = (read_json_lines(tmp_path / part / "small" / name) for part in ("whole", "parts"))
        assert without_times(one) == without_times(other)
    pictures = [(tmp_path / part / "small/samples/step-000024.png").read_bytes() for part in ("whole", "parts")]
    assert pictures[0] == pictures[1]


@pytest.mark.parametrize("number", range(1, 5))
def test_a_signal_at_any_moment_of_a_round_stops_with_a_checkpoint(tmp_path, number):
    ending = train(settings(tmp_path, evaluation={"every": 1000, "num_samples": 70}), stop=SetAtRead(number))
    assert ending.outcome is Outcome.STOPPED
    assert checkpoint_steps(tmp_path / "small" / "checkpoints")[-1] == ending.step


def test_resume_after_a_kill_drops_the_records_it_will_write_again(tmp_path):
    train(settings(tmp_path / "whole"))
    train(settings(tmp_path))
    run = tmp_path / "small"
    # As if killed while step 24 was being saved: the newest whole checkpoint is that of step 16, the records go on.
    (run / "checkpoints" / "step-000024" / "manifest.json").unlink()
    with pytest.warns(UserWarning, match="damaged"):
        resume(run)
    for name in ("metrics.jsonl", "evaluations.jsonl"):
        one, other = (read_json_lines(path / name) for path in (run, tmp_path / "whole" / "small"))
        assert without_times(one) == without_times(other)


def test_a_damaged_checkpoint_is_reported_and_the_one_before_is_used(tmp_path):
    train(settings(tmp_path))
    folder = tmp_path / "small" / "checkpoints"
    victim = folder / "step-000024" / "gen.safetensors"
    content = bytearray(victim.read_bytes())
    content[-1] ^= 1
    victim.write_bytes(bytes(content))
    with pytest.warns(UserWarning, match=r"step-000024.*damaged"):
        assert find_checkpoint(folder).name == f"step-{checkpoint_steps(folder)[-2]:06d}"
    with pytest.warns(UserWarning, match="damaged"), pytest.raises(UserError, match="no intact checkpoint"):
        find_checkpoint(folder, step=24)
    with pytest.raises(UserError, match=r"no checkpoint of step 5.*there are: "):
        find_checkpoint(folder, step=5)


def test_the_newest_checkpoints_and_the_best_are_kept(tmp_path):
    train(settings(tmp_path, training={"keep_checkpoints": 1, "checkpoint_every": 2}, evaluation={"every": 2}))
    outcome = json.loads((tmp_path / "small" / "outcome.json").read_text())
    assert checkpoint_steps(tmp_path / "small" / "checkpoints") == sorted({outcome["values"]["best_step"], 24})


def test_a_run_whose_numbers_are_not_finite_ends_as_diverged(tmp_path):
    ending = train(settings(tmp_path, disc={"optimizer": "sgd", "lr": 1e30}, gen={"optimizer": "sgd", "lr": 1e30}))
    assert ending.outcome is Outcome.DIVERGED
    assert ending.step == 5
    steps = checkpoint_steps(tmp_path / "small" / "checkpoints")
    assert steps == [0]
    assert json.loads((tmp_path / "small" / "outcome.json").read_text())["outcome"] == "diverged"


def test_evaluating_does_not_change_the_training(tmp_path):
    train(settings(tmp_path / "often", evaluation={"every": 3}))
    train(settings(tmp_path / "never").model_copy(update={"evaluation": EvaluationSettings()}))
    expected, found = (final_state(tmp_path / name / "small") for name in ("often", "never"))
    assert all(torch.equal(expected[name], found[name]) for name in expected if not name.startswith("state/"))


def test_a_trained_generator_is_measured_as_in_training_and_sampled_from_a_seed(tmp_path):
    train(settings(tmp_path))
    trained = TrainedGenerator.load(tmp_path / "small")
    in_training = read_json_lines(tmp_path / "small" / "evaluations.jsonl")[-1]
    again = measure(trained)
    assert again["values"]["fd"] == pytest.approx(in_training["values"]["fd"], rel=1e-6)
    assert again["protocol"] == in_training["protocol"]
    assert measure(trained, num_samples=50)["protocol"]["num_samples"] == 50
    one, same, other = (torch.cat(list(trained.sample(5, seed, batch_size=2))) for seed in (1, 1, 2))
    assert one.shape == (5, 1, 8, 8)
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"training": {"batch_size": 5000}}, "1797"),
        ({"network": {"architecture": "sngan"}}, "sngan"),
        ({"network": {"architecture": "mlp"}}, "mlp"),
        ({"evaluation": {"features": "mnist"}}, "mnist"),
        ({"device": "gpu7"}, "gpu7"),
        ({"disc": {"optimizer": "adma"}}, "did you mean 'adam'"),
        ({"data": {"source": "folder", "path": "no/such/folder"}}, "no/such/folder"),
    ],
)
def test_a_request_that_cannot_be_met_writes_nothing(tmp_path, changes, words):
    with pytest.raises(UserError, match=words):
        train(settings(tmp_path / "runs", **changes))
    assert not (tmp_path / "runs").exists()


def test_an_existing_run_is_never_overwritten(tmp_path):
    train(settings(tmp_path))
    before = (tmp_path / "small" / "metrics.jsonl").read_text()
    with pytest.raises(UserError, match="exists already"):
        train(settings(tmp_path))
    assert (tmp_path / "small" / "metrics.jsonl").read_text() == before


def test_a_folder_that_is_no_run(tmp_path):
    train(settings(tmp_path))
    with pytest.raises(UserError, match=r"did you mean '.*small'"):
        resume(tmp_path / "smal")


def test_a_full_disk_ends_the_run_as_failed_and_leaves_it_resumable(tmp_path, monkeypatch, stopper):
    from equipoise.training import loop

    def no_space(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        observer = stopper(10)
        patch.setattr(
            observer, "on_progress", lambda step: step == 10 and patch.setattr(loop, "save_checkpoint", no_space)
        )
        with pytest.raises(RunFailedError, match=r"No space left.*equipoise resume"):
            train(settings(tmp_path), observer)
    run = tmp_path / "small"
    assert json.loads((run / "outcome.json").read_text())["outcome"] == "failed"
    assert resume(run).outcome is Outcome.COMPLETE


def test_damaged_checkpoints_never_push_out_the_good_ones(tmp_path, stopper):
    train(settings(tmp_path, training={"keep_checkpoints": 3}))
    run = tmp_path / "small"
    steps = checkpoint_steps(run / "checkpoints")
    for step in steps[-2:]:
        (run / "checkpoints" / f"step-{step:06d}" / "manifest.json").write_text("[]")
    observer = stopper(steps[-3] + 1)
    with pytest.warns(UserWarning, match="damaged"):
        assert resume(run, observer, observer.event).outcome is Outcome.STOPPED
    left = checkpoint_steps(run / "checkpoints")
    assert max(left) == steps[-3] + 1
    assert find_checkpoint(run / "checkpoints").name == f"step-{steps[-3] + 1:06d}"
    assert not (run / "samples" / "step-000024.png").exists()


def test_a_stop_saves_nothing_that_is_not_finite(tmp_path, stopper):
    rates = {"optimizer": "sgd", "lr": 1e30}
    training = {"log_every": 1000, "sample_every": 1000, "checkpoint_every": 1000}
    observer = stopper(3)
    run = settings(tmp_path, disc=rates, gen=rates, training=training, evaluation={"every": 1000})
    assert train(run, observer, observer.event).outcome is Outcome.DIVERGED
    assert checkpoint_steps(tmp_path / "small" / "checkpoints") == [0]


def test_a_run_that_was_moved_goes_on_where_it_lies(tmp_path, stopper):
    observer = stopper(9)
    train(settings(tmp_path / "here"), observer, observer.event)
    (tmp_path / "here" / "small").rename(tmp_path / "moved")
    assert resume(tmp_path / "moved").outcome is Outcome.COMPLETE
    assert not (tmp_path / "here" / "small").exists()


def test_whatever_fails_a_round_ends_the_run_as_failed(tmp_path, stopper):
    def explode(step):
        raise RuntimeError("worker was killed")

    observer = stopper(0)
    observer.on_progress = explode
    with pytest.raises(RunFailedError, match=r"worker was killed.*equipoise resume"):
        train(settings(tmp_path), observer)
    assert json.loads((tmp_path / "small" / "outcome.json").read_text())["outcome"] == "failed"
