"""The engine: content-addressed runs, locks, resuming, failures, deaths; the same folder under every backend."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import torch
from filelock import FileLock
from safetensors.torch import load_file

from equipoise.core.errors import UserError
from equipoise.core.files import read_json_lines, write_json
from equipoise.studies.backends import Here, OnRay, Processes, WorkerDiedError
from equipoise.studies.engine import MAX_DEATHS, Engine
from equipoise.studies.folder import Standing, Status, StudyFolder, ToTheEnd
from equipoise.studies.plan import PlannedRun, content, distinct, run_key
from equipoise.studies.play import Leash, Task, play
from equipoise.training import train

ROOT = Path(__file__).resolve().parents[2]
TIMES = ("seconds", "images_per_second")


class MetAfter:
    """A rule that has seen enough after so many evaluations."""

    def __init__(self, number, status=Status.COMPLETE):
        self.number, self.status = number, status

    def verdict(self, evaluations):
        return Standing(self.status, "Enough.") if len(evaluations) >= self.number else None


def engine(path, runs, rule=None, backend=None):
    return Engine(StudyFolder.open(path, {"kind": "test"}), runs, rule or ToTheEnd(), backend or Here())


def trace(folder: Path):
    """All that a run leaves, but for its times: records, and every tensor of its last checkpoint."""
    records = [
        [{key: value for key, value in record.items() if key not in TIMES} for record in read_json_lines(folder / name)]
        for name in ("metrics.jsonl", "evaluations.jsonl")
    ]
    newest = max(folder.glob("checkpoints/step-*"))
    tensors = {
        f"{file.stem}/{name}": tensor
        for file in newest.glob("*.safetensors")
        for name, tensor in load_file(file).items()
    }
    outcome = json.loads((folder / "outcome.json").read_text())
    del outcome["next"]  # a command with the folder's path
    return records, newest.name, tensors, outcome


def assert_same(one: Path, other: Path):
    (records, newest, tensors, outcome), again = trace(one), trace(other)
    assert (records, newest, outcome) == (again[0], again[1], again[3])
    assert tensors.keys() == again[2].keys()
    assert all(torch.equal(tensors[name], again[2][name]) for name in tensors)


def test_a_key_is_of_what_is_run_and_not_of_where(tiny):
    key = run_key(tiny())
    assert run_key(tiny(name="other", root="elsewhere", threads=3, device="cpu")) == key
    keys = {run_key(tiny(seed=1)), run_key(tiny(training={"batch_size": 17})), run_key(tiny(disc={"lr": 1e-3})), key}
    assert len(keys) == 4
    assert len(distinct([PlannedRun(tiny(), {}), PlannedRun(tiny(name="other"), {})])) == 1
    assert set(tiny().model_dump()) - set(content(tiny())) == {"name", "root", "device", "threads"}


def test_a_study_that_is_started_again_runs_only_what_is_missing(tmp_path, plan):
    runs, reports = plan(), []
    first = engine(tmp_path / "study", runs[:3]).run(lambda run, report: reports.append(run))
    assert [standing.status for standing in first.values()] == [Status.COMPLETE] * 3
    assert len(reports) == 3
    reports.clear()
    engine(tmp_path / "study", runs).run(lambda run, report: reports.append(run))
    assert reports == [runs[3]]


def test_a_run_is_that_of_the_plain_command(tmp_path, plan):
    (run,) = plan(sizes=(8,), seeds=1)
    engine(tmp_path / "study", [run]).run()
    train(run.settings.model_copy(update={"root": str(tmp_path), "name": "alone", "threads": 1}))
    assert_same(tmp_path / "study" / "runs" / run.key, tmp_path / "alone")


def test_a_rule_ends_runs_and_a_stricter_one_takes_them_up_again(tmp_path, plan):
    runs = plan(sizes=(8,))
    found = engine(tmp_path / "study", runs, MetAfter(2)).run()
    assert {standing.status for standing in found.values()} == {Status.COMPLETE}
    path = tmp_path / "study" / "runs" / runs[0].key
    assert read_json_lines(path / "evaluations.jsonl")[-1]["step"] == 10
    stricter = engine(tmp_path / "study", runs, MetAfter(4))
    assert {standing.status for standing in stricter.standings().values()} == {Status.INCOMPLETE}
    stricter.run()
    engine(tmp_path / "fresh", runs, MetAfter(4)).run()
    assert_same(path, tmp_path / "fresh" / "runs" / runs[0].key)


def test_a_pruned_run_is_finished_and_called_pruned(tmp_path, plan):
    runs, reports = plan(sizes=(8,)), []
    pruned = engine(tmp_path / "study", runs, MetAfter(1, Status.PRUNED))
    assert {standing.status for standing in pruned.run().values()} == {Status.PRUNED}
    pruned.run(lambda run, report: reports.append(run))
    assert not reports


def test_a_diverged_run_is_finished_and_a_failed_one_is_tried_again(tmp_path, plan):
    wild = {"disc": {"optimizer": "sgd", "lr": 1e30}, "gen": {"optimizer": "sgd", "lr": 1e30}}
    diverging, failing = (
        plan(seeds=1, **wild)[0],
        plan(seeds=1, disc={"optimizer": "sgd", "options": {"nonsense": 1.0}})[0],
    )
    study = engine(tmp_path / "study", [diverging, failing])
    found = study.run()
    assert found[diverging.key].status is Status.DIVERGED
    assert found[failing.key].status is Status.FAILED
    assert "nonsense" in found[failing.key].sentence
    reports = []
    assert study.run(lambda run, report: reports.append(run))[failing.key].status is Status.FAILED
    assert reports == [failing]


@pytest.mark.parametrize("rule", [ToTheEnd(), MetAfter(4)])
@pytest.mark.parametrize("lost", ["outcome", "checkpoint", "all but the start", "every checkpoint", "half a folder"])
def test_whatever_a_kill_leaves_the_run_ends_as_an_undisturbed_one(tmp_path, plan, rule, lost):
    (run,) = plan(sizes=(8,), seeds=1)
    engine(tmp_path / "undisturbed", [run], rule).run()
    expected = tmp_path / "undisturbed" / "runs" / run.key
    shutil.copytree(tmp_path / "undisturbed", tmp_path / "study")
    path = tmp_path / "study" / "runs" / run.key
    (path / "outcome.json").unlink()
    checkpoints = sorted(path.glob("checkpoints/step-*"))
    if lost == "checkpoint":
        shutil.rmtree(checkpoints[-1])
    if lost == "all but the start":
        shutil.rmtree(path / "checkpoints")
        (path / "checkpoints").mkdir()
    if lost == "every checkpoint":
        for checkpoint in checkpoints:
            (checkpoint / "manifest.json").unlink()
    if lost == "half a folder":
        shutil.rmtree(path)
        (path.parent / f".{run.key}.123.tmp" / "samples").mkdir(parents=True)
    study = engine(tmp_path / "study", [run], rule)
    assert study.standings()[run.key].status in (Status.INCOMPLETE, Status.MISSING)
    assert study.run()[run.key].status is Status.COMPLETE
    assert_same(path, expected)
    assert [entry.name for entry in path.parent.iterdir()] == [run.key]
    assert (tmp_path / "study" / "damaged").exists() == (lost == "every checkpoint")


@pytest.mark.parametrize("damage", ["", "{", "[]", "{}", '{"outcome": "lost", "sentence": ""}', "\xff"])
def test_a_damaged_outcome_is_as_good_as_none(tmp_path, plan, damage):
    (run,) = plan(sizes=(8,), seeds=1)
    study = engine(tmp_path, [run])
    study.run()
    file = study.folder.run_path(run) / "outcome.json"
    expected = file.read_bytes()
    file.write_bytes(damage.encode("latin-1"))
    assert study.standings()[run.key].status is Status.INCOMPLETE
    (tmp_path / "failures" / f"{run.key}.json").write_bytes(damage.encode("latin-1"))
    assert study.run()[run.key].status is Status.COMPLETE
    assert file.read_bytes() == expected


def test_a_run_that_is_played_elsewhere_is_left_alone_and_waited_for(tmp_path, plan):
    (run,) = plan(sizes=(8,), seeds=1)
    study = engine(tmp_path / "study", [run])
    lock = FileLock(study.folder.lock(run).lock_file, thread_local=False)  # released by another thread than took it
    lock.acquire()
    task = Task(str(tmp_path / "study"), run, ToTheEnd(), Leash(str(tmp_path / "none")))
    assert play(task).standing.status is Status.RUNNING
    assert study.standings()[run.key].status is Status.RUNNING
    threading.Timer(1.0, lock.release).start()
    assert study.run()[run.key].status is Status.COMPLETE


def test_a_stop_finishes_the_round_and_the_study_goes_on_later(tmp_path, plan):
    runs = plan(sizes=(8,), training={"steps": 4000, "checkpoint_every": 2000, "sample_every": 4000, "log_every": 2000})
    study = engine(tmp_path / "study", runs)
    evaluations = study.folder.run_path(runs[0]) / "evaluations.jsonl"

    def stop_while_it_plays():
        while len(read_json_lines(evaluations)) < 3:
            time.sleep(0.02)
        study.stop()

    threading.Thread(target=stop_while_it_plays, daemon=True).start()
    found = study.run()
    assert {standing.status for standing in found.values()} == {Status.INCOMPLETE, Status.MISSING}
    assert "Stopped on request" in next(iter(found.values())).sentence
    assert not list((tmp_path / "study" / "stops").iterdir())


def test_workers_that_keep_dying_are_given_up_with_a_sentence(tmp_path, plan):
    class Deadly:
        calls = 0

        def run(self, tasks):
            self.calls += 1
            raise WorkerDiedError("dead")
            yield

    backend = Deadly()
    found = engine(tmp_path / "study", plan(sizes=(8,)), backend=backend).run()
    assert backend.calls == MAX_DEATHS
    assert all("3 workers died in a row" in standing.sentence for standing in found.values())


def test_another_study_something_else_and_other_settings_are_refused(tmp_path, plan):
    (run,) = plan(sizes=(8,), seeds=1)
    study = engine(tmp_path / "study", [run])
    study.run()
    with pytest.raises(UserError, match=r"holds another study \(kind is 'test' there and 'other' here\)"):
        StudyFolder.open(tmp_path / "study", {"kind": "other"})
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("words")
    with pytest.raises(UserError, match="something else than a study"):
        StudyFolder.open(tmp_path / "mine", {"kind": "test"})
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be used"):
        StudyFolder.open(tmp_path / "file", {"kind": "test"})
    config = tmp_path / "study" / "runs" / run.key / "config.yaml"
    config.write_text(config.read_text().replace("latent_dim: 8", "latent_dim: 9"))
    with pytest.raises(UserError, match=r"other settings \(game.latent_dim is 9 there and 8 here\)"):
        study.standings()


def test_the_leash_of_an_orphan_is_pulled(tmp_path):
    assert not Leash(str(tmp_path / "stop"), parent=os.getppid()).is_pulled()
    assert Leash(str(tmp_path / "stop"), parent=os.getppid() + 1).is_pulled()
    write_json(tmp_path / "stop", {})
    assert Leash(str(tmp_path / "stop")).is_pulled()


def backends():
    return [
        pytest.param(lambda: Processes(2), id="processes"),
        pytest.param(lambda: OnRay(2), id="ray", marks=pytest.mark.ray),
    ]


def _skip_without_ray(make):
    if isinstance(make(), OnRay):
        pytest.importorskip("ray")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("make", backends())
def test_every_backend_goes_on_with_the_folder_of_another_and_gives_the_same_runs(tmp_path, plan, make, monkeypatch):
    _skip_without_ray(make)
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    runs = plan()
    engine(tmp_path / "here", runs).run()
    engine(tmp_path / "study", runs[:1]).run()
    found = engine(tmp_path / "study", runs, backend=make()).run()
    assert {standing.status for standing in found.values()} == {Status.COMPLETE}
    for run in runs:
        assert_same(tmp_path / "here" / "runs" / run.key, tmp_path / "study" / "runs" / run.key)


@pytest.mark.ray
def test_an_unreachable_ray_cluster_is_refused_in_a_sentence(tmp_path, plan):
    pytest.importorskip("ray")
    with pytest.raises(UserError, match=r"no Ray cluster at '127.0.0.1:1'"):
        engine(tmp_path / "study", plan(), backend=OnRay(2, address="127.0.0.1:1")).run()


SCRIPT = """
import json, sys
from pathlib import Path
from equipoise.config import RunSettings
from equipoise.studies.backends import Here, Processes
from equipoise.studies.engine import Engine
from equipoise.studies.folder import StudyFolder, ToTheEnd
from equipoise.studies.plan import PlannedRun

if __name__ == "__main__":
    runs = [PlannedRun(RunSettings.model_validate(one), {}) for one in json.loads(Path(sys.argv[2]).read_text())]
    backend = Processes(2) if sys.argv[3] == "processes" else Here()
    Engine(StudyFolder.open(Path(sys.argv[1]), {"kind": "test"}), runs, ToTheEnd(), backend).run()
"""


@pytest.mark.slow
def test_a_study_whose_engine_is_killed_again_and_again_ends_as_an_undisturbed_one(tmp_path, plan):
    """The short version of `benchmarks/studies.py kill`, which kills engines and workers 20 times over 24 runs."""
    runs = plan(training={"steps": 400})
    engine(tmp_path / "undisturbed", runs).run()
    (tmp_path / "plan.json").write_text(json.dumps([run.settings.model_dump(mode="json") for run in runs]))
    (tmp_path / "go.py").write_text(SCRIPT)
    command = [sys.executable, str(tmp_path / "go.py"), str(tmp_path / "study"), str(tmp_path / "plan.json"), "here"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}
    chance = random.Random(0)
    for _ in range(3):
        process = subprocess.Popen(command, env=environment)
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob("study/runs/*/metrics.jsonl")) and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(chance.uniform(0.1, 1.5))
        process.send_signal(signal.SIGKILL)
        process.wait()
    subprocess.run(command, env=environment, check=True)
    assert sorted(path.name for path in (tmp_path / "study" / "runs").iterdir()) == sorted(run.key for run in runs)
    for run in runs:
        assert_same(tmp_path / "undisturbed" / "runs" / run.key, tmp_path / "study" / "runs" / run.key)
