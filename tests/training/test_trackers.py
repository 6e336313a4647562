"""Trackers are told all that is written to the run folder, and can fail without the run."""

import importlib.metadata

import pytest

from equipoise.config.files import merged, validated
from equipoise.core.errors import ResumeWarning, TrackerWarning, UserError
from equipoise.core.files import read_json_lines
from equipoise.core.outcomes import Outcome
from equipoise.recipes import RECIPES
from equipoise.training import resume, train
from equipoise.training.observer import Several, Silence
from equipoise.training.trackers import TRACKERS, Unfailing, with_trackers

CHANGES = {
    "threads": 1,
    "network": {"width": 8},
    "evaluation": {"every": 4, "num_samples": 50, "intervals": True},
    "training": {"steps": 4, "log_every": 2, "sample_every": 4, "checkpoint_every": 2},
}


def settings_of(root, *names, **changes):
    base = merged(RECIPES["digits"].settings().model_dump(), CHANGES)
    return validated(merged(base, {"root": str(root), "track": names, **changes}), "in a test")


class Ledger(Silence):
    def __init__(self):
        self.told = []

    def on_start(self, settings, step, description, distances):
        self.told.append(("start", step))

    def on_metrics(self, record):
        self.told.append(("metrics", record["step"]))

    def on_evaluation(self, record):
        self.told.append(("evaluation", record["step"]))

    def on_sample(self, step, path):
        assert path.exists()
        self.told.append(("sample", step))

    def on_end(self, ending):
        self.told.append(("end", ending.step))


def test_several_are_told_the_same_in_order(tmp_path):
    ledgers = [Ledger(), Ledger()]
    train(settings_of(tmp_path), Several([Unfailing(ledgers[0], "first"), ledgers[1]]))
    assert ledgers[0].told == ledgers[1].told
    assert ledgers[0].told == [
        ("start", 0), ("evaluation", 0), ("sample", 0), ("metrics", 2), ("metrics", 4), ("evaluation", 4),
        ("sample", 4), ("end", 4),
    ]  # fmt: skip


def test_a_tracker_that_fails_is_told_nothing_more(tmp_path):
    class Broken(Ledger):
        def on_metrics(self, record):
            super().on_metrics(record)
            raise ConnectionError("the server is gone\nfor good")

    broken = Broken()
    with pytest.warns(TrackerWarning, match=r"Tracking by 'mine' has ended \(ConnectionError: the server is gone\)"):
        assert train(settings_of(tmp_path), Unfailing(broken, "mine")).outcome is Outcome.COMPLETE
    assert broken.told[-1] == ("metrics", 2)
    assert len(read_json_lines(tmp_path / "digits" / "metrics.jsonl")) == 2


@pytest.mark.parametrize("name", TRACKERS)
def test_a_missing_package_is_said_before_anything_is_made(tmp_path, monkeypatch, name):
    def missing(package):
        raise importlib.metadata.PackageNotFoundError(package)

    monkeypatch.setattr("importlib.metadata.distribution", missing)
    with pytest.raises(UserError, match=rf"run 'pip install equipoise\[{name}\]', or leave out --track {name}"):
        train(settings_of(tmp_path, name))
    assert not (tmp_path / "digits").exists()


def test_without_trackers_the_observer_is_itself(tmp_path):
    ledger = Ledger()
    assert with_trackers(settings_of(tmp_path), tmp_path, ledger) is ledger
    assert isinstance(with_trackers(settings_of(tmp_path), tmp_path, None), Silence)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_tensorboard_shows_every_number(tmp_path):
    pytest.importorskip("tensorboard", reason="the extra 'tensorboard' is not installed")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    train(settings_of(tmp_path, "tensorboard"))
    with pytest.warns(ResumeWarning):
        resume(tmp_path / "digits", settings=settings_of(tmp_path, "tensorboard", training={"steps": 8}))
    found = EventAccumulator(str(tmp_path / "digits" / "tensorboard")).Reload()
    for file, group in (("metrics", "training"), ("evaluations", "evaluation")):
        for record in read_json_lines(tmp_path / "digits" / f"{file}.jsonl"):
            values = record.get("values", record)
            for name in ("disc_loss", "gen_rate") if group == "training" else ("fd", "classes"):
                points = {event.step: event.value for event in found.Scalars(f"{group}/{name}")}
                assert points[record["step"]] == pytest.approx(values[name], rel=1e-6)
    assert "evaluation/fd_low" in found.Tags()["scalars"]
    assert [event.step for event in found.Images("samples")] == [0, 4, 8]
    assert "training/step" not in found.Tags()["scalars"]


@pytest.mark.filterwarnings("ignore")
def test_weights_and_biases_offline(tmp_path, monkeypatch):
    wandb = pytest.importorskip("wandb", reason="the extra 'wandb' is not installed")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    settings = settings_of(tmp_path, "wandb")
    assert train(settings).outcome is Outcome.COMPLETE
    wandb.teardown()  # its own process has then written all
    files = list((tmp_path / "digits" / "wandb").glob("offline-run-*/run-*.wandb"))
    assert len(files) == 1
    content = files[0].read_bytes()
    for name in (b"training/disc_loss", b"evaluation/fd", b"samples", b"Complete: all 4 steps were played."):
        assert name in content
    identity = (tmp_path / "digits" / "wandb-id.txt").read_text()
    assert identity in files[0].name
