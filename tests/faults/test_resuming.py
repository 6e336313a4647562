"""Resuming under other circumstances: an older version's folder, changed settings, a second process, parts missing."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from faultlab.lab import content, differing, small

from equipoise.config import DecaySettings
from equipoise.config.files import read_run_settings
from equipoise.core.errors import ResumeWarning, RunFailedError, UserError
from equipoise.core.files import read_json_lines
from equipoise.core.locks import locked
from equipoise.core.outcomes import Outcome
from equipoise.core.temporaries import temporary_beside
from equipoise.optimizers.build import OPTIMIZERS
from equipoise.schedules.build import DECAYS, build_decay
from equipoise.training import TrainedGenerator, loop, resume, train
from equipoise.training.changes import STRETCHED
from equipoise.training.checkpoint import checkpoint_path, checkpoint_steps, fault

OLD = Path(__file__).parent / "format2" / "ring"


def test_a_run_of_the_version_before_goes_on_exactly(tmp_path):
    old = shutil.copytree(OLD, tmp_path / "old")
    assert json.loads((old / "checkpoints/step-000012/manifest.json").read_text())["format"] == 2
    new = read_run_settings(old / "config.yaml").model_copy(update={"root": str(tmp_path), "name": "new"})
    train(new)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResumeWarning)  # another machine or torch than the one that it was made with
        assert resume(old).outcome is Outcome.COMPLETE
    weights = "checkpoints/step-000020/gen.safetensors"
    assert (old / weights).read_bytes() == (tmp_path / "new" / weights).read_bytes()


@pytest.mark.parametrize("optimizer", sorted(OPTIMIZERS))
def test_every_optimizer_resumes_exactly(tmp_path, optimizer, stopper):
    player = {"optimizer": optimizer, "betas": None, "lr": 1e-3}
    changes = {"disc": player, "gen": player, "evaluation": {"every": 8}, "training": {"precision": "bf16"}}
    train(small("ring", tmp_path / "whole", changes))
    observer = stopper(7)
    assert train(small("ring", tmp_path / "parts", changes), observer, observer.event).outcome is Outcome.STOPPED
    resume(tmp_path / "parts/run")
    assert differing(content(tmp_path / "whole"), content(tmp_path / "parts")) == []


def test_an_old_checkpoint_that_a_kill_left_in_place_goes_at_the_next_start(tmp_path, stopper):
    observer, folder = stopper(5), tmp_path / "run/checkpoints"
    train(small("ring", tmp_path), observer, observer.event)
    shutil.copytree(folder / "step-000005", tmp_path / "aside")
    resume(tmp_path / "run")
    kept = checkpoint_steps(folder)
    assert 5 not in kept
    shutil.copytree(tmp_path / "aside", folder / "step-000005")
    resume(tmp_path / "run")
    assert checkpoint_steps(folder) == kept


def test_what_may_change_is_said_and_what_may_not_is_refused(run):
    settings = read_run_settings(run / "config.yaml")
    training = settings.training.model_copy(update={"steps": 20})
    with pytest.warns(ResumeWarning, match="training.steps 16 -> 20"):
        resume(run, settings=settings.model_copy(update={"training": training}))
    assert read_run_settings(run / "config.yaml").training.steps == 20
    other = settings.model_copy(update={"training": training.model_copy(update={"batch_size": 8})})
    with pytest.raises(UserError, match=r"training.batch_size was 16 .* but is 8 now"):
        resume(run, settings=other)


def test_fewer_steps_than_are_played_are_refused_and_change_nothing(run):
    before = (run / "config.yaml").read_bytes(), (run / "outcome.json").read_bytes()
    settings = read_run_settings(run / "config.yaml")
    shorter = settings.model_copy(update={"training": settings.training.model_copy(update={"steps": 15})})
    with pytest.raises(UserError, match=r"training.steps is 15, but 16 steps .* give 16 or more"):
        resume(run, settings=shorter)
    assert ((run / "config.yaml").read_bytes(), (run / "outcome.json").read_bytes()) == before


def test_another_length_names_the_numbers_that_it_changes(tmp_path):
    changes = {
        "disc": {
            "betas": [0.0, {"value": 0.9, "decay": "cosine", "final": 0.5}],
            "schedule": {"decay": "step", "final": 0.01},
        },
        "gen": {"schedule": {"decay": "linear", "final": 0.5}},
        "training": {"ema": {"value": 0.9, "decay": "exponential", "final": 0.5}},
        "game": {"penalty": "r1", "penalty_weight": {"value": 1.0, "decay": "inverse-sqrt"}},
    }
    settings = small("ring", tmp_path, changes)
    train(settings)
    longer = settings.model_copy(update={"training": settings.training.model_copy(update={"steps": 20})})
    with pytest.warns(ResumeWarning, match="training.steps 16 -> 20") as warned:
        resume(tmp_path / "run", settings=longer)
    words = str(warned[0].message)
    assert all(name in words for name in ("disc.betas.1 (cosine)", "gen.schedule (linear)", "training.ema (expo"))
    assert not any(name in words for name in ("disc.schedule", "penalty_weight"))


def test_the_decays_that_depend_on_the_length_are_known():
    depend = []
    for name in DECAYS:
        long, short = (build_decay(DecaySettings(decay=name), num_steps) for num_steps in (100, 200))
        depend += [name] if long(50) != short(50) else []
    assert sorted(depend) == sorted(STRETCHED)


def test_a_second_process_is_refused_by_name_and_a_dead_one_holds_nothing(run):
    code = "import sys, time; from pathlib import Path; from equipoise.core.locks import locked\n"
    code += "with locked(Path(sys.argv[1])):\n print('held', flush=True)\n time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code, str(run)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(UserError, match=rf"in use by process {holder.pid} on "):
            resume(run)
        assert TrainedGenerator.load(run).state["step"] == 16
        holder.kill()
    with locked(run):
        pass
    assert resume(run).outcome is Outcome.COMPLETE


def test_only_the_temporaries_of_dead_processes_are_cleared_away(run):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    mine = temporary_beside(run / "curves.png")
    orphan = mine.with_name(mine.name.replace(f".{os.getpid()}-", f".{dead.pid}-"))
    alive = mine.with_name(mine.name.replace(f".{os.getpid()}-", f".{os.getppid()}-"))
    others = [run / ".notes.tmp", run / "notes.tmp", alive, mine]
    for path in (*others, orphan):
        path.write_text("x")
    resume(run)
    assert not orphan.exists()
    assert all(path.exists() for path in others)


def test_torn_records_and_missing_folders_are_made_whole(run):
    before = content(run)
    with (run / "metrics.jsonl").open("a") as file:
        file.write('{"step": 17, "ima')
    shutil.rmtree(run / "samples")
    resume(run)
    assert {name: digest for name, digest in content(run).items() if "samples" not in name} == {
        name: digest for name, digest in before.items() if "samples" not in name
    }
    assert (run / "samples").is_dir()


@contextlib.contextmanager
def small_disk(folder: Path, size: str):
    folder.mkdir()
    mount = shutil.which("mount")
    options = [mount, "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if not mount or subprocess.run(options, capture_output=True, check=False).returncode:
        pytest.skip("this process may not mount a file system")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("free_kib", [4, 24, 44, 64, 84, 120])
def test_a_full_disk_ends_in_a_sentence_with_the_last_checkpoint_intact(tmp_path, free_kib, stopper):
    with small_disk(tmp_path / "disk", "2m"):
        settings = small("ring", tmp_path / "disk", {"training": {"keep_checkpoints": 5}})
        observer = stopper(4)
        train(settings, observer, observer.event)
        run, filler = tmp_path / "disk/run", tmp_path / "disk/filler"
        free = shutil.disk_usage(run).free
        filler.write_bytes(bytes(max(free - free_kib * 1024, 0)))
        with pytest.raises((RunFailedError, UserError, OSError), match="No space left"):
            resume(run)
        steps = checkpoint_steps(run / "checkpoints")
        assert fault(checkpoint_path(run / "checkpoints", steps[-1])) is None
        filler.unlink()
        assert resume(run).outcome is Outcome.COMPLETE
        train(small("ring", tmp_path / "whole", {"training": {"keep_checkpoints": 5}}))
        assert (
            read_json_lines(run / "evaluations.jsonl")[-1]["values"]
            == (read_json_lines(tmp_path / "whole/run/evaluations.jsonl")[-1]["values"])
        )


@pytest.mark.parametrize("name", ["save_checkpoint", "save_picture"])
def test_a_disk_that_fills_up_in_between_is_a_sentence(tmp_path, monkeypatch, name, stopper):
    def no_space(*_):
        raise OSError(28, "No space left on device", "somewhere")

    observer = stopper(0)
    observer.on_progress = lambda step: step == 5 and monkeypatch.setattr(loop, name, no_space)
    with pytest.raises(RunFailedError, match=r"No space left on device \('somewhere'\).*equipoise resume"):
        train(small("ring", tmp_path), observer)
    monkeypatch.undo()
    assert resume(tmp_path / "run").outcome is Outcome.COMPLETE


def test_output_that_nobody_reads_fails_no_run(tmp_path):
    options = "--threads=1 --training.steps=12 --network.width=8 --evaluation.every=2 --evaluation.num-samples=50"
    start = (
        f"{sys.executable} -c 'from equipoise.cli.main import entry; entry()' train ring --root {tmp_path} {options}"
    )
    words = f"{start} | head -1; exit ${{PIPESTATUS[0]}}"
    result = subprocess.run(["bash", "-c", words], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert json.loads((tmp_path / "ring/outcome.json").read_text())["outcome"] == "complete"
    assert "Traceback" not in result.stderr
