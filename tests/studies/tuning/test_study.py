"""The search on real runs: files, growth, finalists, pruning, samplers of Optuna, kills, and the command."""

import csv
import json
import os
import random
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from equipoise.cli.main import main
from equipoise.cli.settings import parse_settings
from equipoise.cli.study_tune import Arguments, ArmWords, _plan, command
from equipoise.config.files import to_yaml
from equipoise.core.errors import IgnoredSettingWarning, RunFailedError, UserError
from equipoise.studies.backends import Here
from equipoise.studies.engine import Engine
from equipoise.studies.folder import StudyFolder
from equipoise.studies.tuning.findings import Finalist
from equipoise.studies.tuning.plan import OPTUNAS, Arm, Trial, TunePlan
from equipoise.studies.tuning.scores import Scored
from equipoise.studies.tuning.space import read_space
from equipoise.studies.tuning.study import TuneStudy

ROOT = Path(__file__).resolve().parents[3]
SHORT = {
    "training": {"steps": 8, "log_every": 8, "sample_every": 8, "checkpoint_every": 8},
    "evaluation": {"every": 8},
}
WIDE = ("disc.lr=log:1e-4:1e-1", "gen.lr=log:1e-4:1e-1")
WILD = ("disc.lr=log:1e-3:1e8", "gen.lr=log:1e-3:1e8")


class Playing:
    """Plays runs by the engine here, and counts those that were really played."""

    def __init__(self, most=10**9):
        self.most, self.num_played = most, 0

    def __call__(self, folder, rule, runs):
        engine = Engine(folder, runs, rule, Here())

        def count(run, report):
            self.num_played += report.played
            if self.num_played >= self.most:
                engine.stop()

        return engine.run(count)


@pytest.fixture
def plan(tiny):
    def make(space=WIDE, arms=("ring",), changes=None, **options):
        options = {"num_trials": 3, "num_seeds": 2, "num_fresh": 2} | options
        settings = [tiny(**{**SHORT, **change}) for change in (changes or [{}])]
        return TunePlan(
            tuple(Arm(name, one, read_space(space)) for name, one in zip(arms, settings, strict=True)), **options
        )

    return make


def rows(path):
    with path.open() as file:
        return list(csv.DictReader(file))


def test_a_search_plays_its_trials_and_the_best_on_fresh_seeds(tmp_path, plan):
    playing = Playing()
    answers = TuneStudy(plan()).run(tmp_path / "study", playing)
    assert (playing.num_played, answers.num_left) == (3 * 2 + 2, 0)
    (finalist,) = answers.findings.finalists
    assert finalist.searched.score == min(one.score for one in answers.findings.scored)
    assert [run.seed for run in finalist.fresh] == [1000, 1001]
    again = Playing()
    assert TuneStudy(plan()).run(tmp_path / "study", again).results == answers.results
    assert again.num_played == 0


def test_a_search_grows_by_trials_and_seeds_and_keeps_what_it_has(tmp_path, plan):
    TuneStudy(plan(num_fresh=0)).run(tmp_path / "study", Playing())
    playing = Playing()
    answers = TuneStudy(plan(num_fresh=0, num_trials=4, num_seeds=3)).run(tmp_path / "study", playing)
    assert playing.num_played == 4 * 3 - 3 * 2
    fresh = TuneStudy(plan(num_fresh=0, num_trials=4, num_seeds=3)).run(tmp_path / "fresh", Playing())
    assert fresh.results == answers.results


def test_another_search_in_the_folder_is_refused(tmp_path, plan):
    TuneStudy(plan(num_trials=1, num_seeds=1, num_fresh=0)).run(tmp_path / "study", Playing())
    for other, words in (
        (plan(space=WIDE[:1]), "arms.ring.space.gen.lr"),
        (plan(sampler="tpe"), "sampler is 'random' there and 'tpe' here"),
        (plan(changes=[{"game": {"latent_dim": 9}}]), "latent_dim is 8 there and 9 here"),
    ):
        with pytest.raises(UserError, match=words):
            TuneStudy(other).run(tmp_path / "study", Playing())


def test_a_search_that_is_called_back_has_no_finalists_and_goes_on(tmp_path, plan):
    answers = TuneStudy(plan()).run(tmp_path / "study", Playing(most=3))
    assert len(answers.findings.scored) == 1
    assert not answers.findings.finalists
    assert answers.num_left > 0
    ended = TuneStudy(plan()).run(tmp_path / "study", Playing())
    assert ended.results == TuneStudy(plan()).run(tmp_path / "fresh", Playing()).results
    with pytest.raises(RunFailedError, match="No trial has ended yet"):
        TuneStudy(plan()).run(tmp_path / "other", Playing(most=1))


def test_two_arms_play_the_same_draws(tmp_path, plan):
    arms = plan(arms=("plain", "hinge"), changes=[{}, {"game": {"latent_dim": 8, "objective": "hinge"}}])
    answers = TuneStudy(arms).run(tmp_path / "study", Playing())
    trials = rows(tmp_path / "study" / "trials.csv")
    assert [one["disc.lr"] for one in trials[::2]] == [one["disc.lr"] for one in trials[1::2]]
    assert [one.name for one in answers.findings.finalists] == ["plain", "hinge"]
    assert {one.arm for one in answers.findings.ratios} == {"plain", "hinge"}


def test_diverged_runs_count_as_the_worst_and_never_win(tmp_path, plan):
    sgd = {"disc": {"optimizer": "sgd"}, "gen": {"optimizer": "sgd"}}
    answers = TuneStudy(plan(WILD, changes=[sgd], num_trials=4, num_fresh=0)).run(tmp_path / "study", Playing())
    statuses = {run.status.value for one in answers.findings.scored for run in one.runs}
    assert statuses == {"complete", "diverged"}
    assert answers.findings.finalists[0].searched.score < float("inf")
    assert json.loads((tmp_path / "study" / "analysis.json").read_text())["arms"]["ring"]["trials"]


def test_pruning_spares_pilots_and_gives_up_what_stays_behind(tmp_path, plan):
    learning = {"training": {"steps": 40, "ema": 0.0, "log_every": 40, "sample_every": 40, "checkpoint_every": 40}}
    learning |= {"evaluation": {"every": 10}}
    pruned = plan(("lr=log:1e-6:1e-1",), changes=[learning], num_trials=12, num_seeds=1, num_fresh=0, prune=True)
    answers = TuneStudy(pruned).run(tmp_path / "study", Playing())
    statuses = [one.runs[0].status.value for one in answers.findings.scored]
    assert statuses[:8] == ["complete"] * 8
    assert "pruned" in statuses[8:]
    assert any(f"{statuses.count('pruned')} runs were given up" in word for word in answers.results["sentences"])
    assert all(one.low is None for curve in answers.findings.curves.values() for one in curve.means)
    playing = Playing()
    assert TuneStudy(pruned).run(tmp_path / "study", playing).results == answers.results
    assert playing.num_played == 0
    with pytest.raises(UserError, match="nothing to give up among 8 trials"):
        TuneStudy(plan(num_trials=8, prune=True))


def optuna_plan(plan, sampler, **options):
    return plan(**({"sampler": sampler, "num_trials": 13, "num_seeds": 1, "num_fresh": 0} | options))


@pytest.mark.parametrize("sampler", sorted(OPTUNAS))
def test_samplers_of_optuna_search_past_divergences_and_a_killed_search_asks_for_the_same(tmp_path, plan, sampler):
    pytest.importorskip("optuna")
    sgd = [{"disc": {"optimizer": "sgd"}, "gen": {"optimizer": "sgd"}}]
    searched = optuna_plan(plan, sampler, space=WILD, changes=sgd)
    whole = TuneStudy(searched, workers=2).run(tmp_path / "whole", Playing())
    assert len({tuple(one.trial.values.values()) for one in whole.findings.scored}) == 13
    assert any(one.diverged for one in whole.findings.scored)
    study = tmp_path / "study"
    TuneStudy(searched, workers=2).run(study, Playing(most=5))
    with (study / "optuna.journal").open("ab") as file:  # what a kill leaves of a line
        file.write(b'{"op_code":4,"wor')
    assert TuneStudy(searched, workers=2).run(study, Playing()).results == whole.results


def test_a_sampler_that_is_not_installed_is_refused_before_a_folder_is_made(tune, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    assert tune("--sampler", "tpe") == 2
    assert "pip install equipoise[tune]" in capsys.readouterr().err
    assert not (tmp_path / "study").exists()


def test_a_search_of_optuna_grows(tmp_path, plan):
    pytest.importorskip("optuna")
    TuneStudy(optuna_plan(plan, "tpe", num_trials=3)).run(tmp_path / "study", Playing())
    answers = TuneStudy(optuna_plan(plan, "tpe", num_trials=5)).run(tmp_path / "study", Playing())
    assert len(answers.findings.scored) == 5
    with pytest.raises(UserError, match="seeds is 1 there and 2 here"):
        TuneStudy(optuna_plan(plan, "tpe", num_seeds=2)).run(tmp_path / "study", Playing())


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_a_search_goes_on_past_configurations_that_fail(tmp_path, plan, sampler):
    if sampler == "tpe":
        pytest.importorskip("optuna")
    space = ("lr=log:1e-3:1e-2", "disc.optimizer=adam,no.such.Optimizer")
    searched = plan(space, sampler=sampler, num_trials=5, num_seeds=1, num_fresh=1)
    answers = TuneStudy(searched, workers=2).run(tmp_path / "study", Playing())
    optimizers = [one.trial.values["disc.optimizer"] for one in answers.findings.scored]
    assert 0 < len(optimizers) < 5
    assert set(optimizers) == {"adam"}
    assert answers.num_left == 5 - len(optimizers)
    assert len(answers.findings.finalists) == 1


def file_storage(file):
    import optuna

    return optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(file))


def test_a_trial_that_a_kill_left_without_values_is_set_aside(tmp_path, plan):
    optuna = pytest.importorskip("optuna")
    searched = optuna_plan(plan, "tpe", num_trials=2)
    StudyFolder.open(tmp_path / "study", searched.identity)
    file = str(tmp_path / "study" / "optuna.journal")
    optuna.create_study(study_name="ring", storage=file_storage(file)).ask()
    answers = TuneStudy(searched).run(tmp_path / "study", Playing())
    assert [one.trial.number for one in answers.findings.scored] == [0, 1]
    states = [one.state.name for one in optuna.load_study(study_name="ring", storage=file_storage(file)).trials]
    assert states == ["FAIL", "COMPLETE", "COMPLETE"]


def test_two_processes_share_a_search_of_optuna(tmp_path, plan):
    """Trials that one has asked for are played and told by the other."""
    pytest.importorskip("optuna")
    from equipoise.studies.tuning.optuna_search import OptunaSearch

    searched = optuna_plan(plan, "tpe", num_trials=4)
    folder = StudyFolder.open(tmp_path / "study", searched.identity)
    asked = OptunaSearch(searched, folder, workers=2).wave()
    late = OptunaSearch(searched, folder, workers=2)
    late.wave()
    answers = TuneStudy(searched, workers=2).run(tmp_path / "study", Playing())
    assert [one.trial.values for one in answers.findings.scored][:2] == [one.values for one in asked]
    assert len(answers.findings.scored) == 4
    late.tell(answers.findings.scored)  # told twice is told once
    assert len(late.trials()) == 4


@pytest.mark.parametrize(
    "space",
    [
        ("lr=1e-4,1e-3", "disc.betas[0]=0.25,0.5"),
        ("gen.options.eps=1e-7,1e-6", "game.objective=hinge,wasserstein", "training.disc_steps=1,2"),
        ("training.channels_last=true,false", "game.penalty_weight=1,2"),
        ("gen.schedule.final=log:0.001:0.1",),
    ],
)
def test_the_command_that_is_shown_trains_the_winner(space):
    words = ["digits", "--game.latent-dim", "12", "--disc.options", "weight_decay", "1e-3"]
    arm = Arm("digits", parse_settings(words), read_space(space))
    trial = Trial(arm, 1, {name: dimension.at(0.9) for name, dimension in arm.space.dimensions.items()})
    shown = shlex.split(command(Finalist("digits", Scored(trial, ()), ()), ArmWords(words, [])))
    assert shown[:2] == ["equipoise", "train"]
    assert parse_settings(shown[2:]) == trial.settings


@pytest.fixture
def tune(tiny, tmp_path):
    """`equipoise study tune` on tiny runs of the ring, into the test's folder."""
    (tmp_path / "tiny.yaml").write_text(to_yaml(tiny(**SHORT)))

    def call(*words):
        out = [] if "--out" in words else ["--out", str(tmp_path / "study")]
        return main(["study", "tune", "--config", str(tmp_path / "tiny.yaml"), *out, *words])

    return call


def test_the_command_searches_draws_and_shows_what_to_type(tune, tmp_path, capsys):
    assert tune("--space", *WIDE, "--trials", "3", "--seeds", "1", "--fresh-seeds", "2") == 0
    text = capsys.readouterr().out
    assert "on 2 fresh seeds; " in text
    assert "in the search, which is optimistic." in text
    (shown,) = [line for line in text.splitlines() if line.startswith("  equipoise train --config")]
    (best,) = json.loads((tmp_path / "study" / "analysis.json").read_text())["finalists"]
    assert f"--disc.lr {best['values']['disc.lr']} --gen.lr {best['values']['gen.lr']}" in shown
    assert (tmp_path / "study" / "budget.png").exists()


def test_the_command_takes_arms_and_another_search(tune, tmp_path, capsys):
    few = ("--trials", "2", "--seeds", "1", "--fresh-seeds", "0")
    assert tune(*few, "--out", str(tmp_path / "other")) == 0
    arms = ("--arms", "one rate: --space lr=log:1e-4:1e-1", "hinge: --game.objective hinge --space=gen.lr=1e-3,1e-2")
    assert tune(*few, *arms, "--against", str(tmp_path / "other")) == 0
    results = json.loads((tmp_path / "study" / "analysis.json").read_text())
    assert list(results["curves"]) == ["one rate", "hinge", "run (other)"]
    assert [list(arm["trials"][0]["values"]) for arm in results["arms"].values()] == [["lr"], ["gen.lr"]]
    assert "--game.objective hinge" in capsys.readouterr().out
    assert tune(*few, "--out", str(tmp_path / "other"), "--against", f"{tmp_path}/other/") == 2
    assert "is this search itself; give the folder of another one." in capsys.readouterr().err


def test_arms_without_a_space_are_searched_around_their_own_rates():
    words = {name: ArmWords(["ring", "--gen.lr", rate], []) for name, rate in (("fast", "1e-2"), ("slow", "1e-4"))}
    arms = _plan(Arguments(), words, parse_settings(["ring"])).arms
    assert [arm.space.dimensions["gen.lr"].ends for arm in arms] == [(1e-3, 1e-1), (1e-5, 1e-3)]


def test_a_setting_that_is_searched_and_given_is_warned_of():
    arm = {"": ArmWords(["ring", "--gen.lr", "5e-3", "--disc.lr=1e-3"], [])}
    with pytest.warns(IgnoredSettingWarning, match=r"gen\.lr is searched, so that --gen\.lr is ignored"):
        _plan(Arguments(space=("gen.lr=log:1e-5:1e-2",)), arm, parse_settings(["ring"]))


def test_arms_whose_difference_is_searched_differ_in_nothing(plan):
    with pytest.raises(UserError, match="differ in nothing"):
        plan(WIDE, arms=("fast", "slow"), changes=[{"gen": {"lr": 1e-2}}, {"gen": {"lr": 1e-4}}])


def test_a_grid_over_both_rates_draws_its_map(tune, tmp_path):
    space = ("disc.lr=log:1e-3:1e-2:2", "gen.lr=log:1e-3:1e-2:2")
    assert tune("--sampler", "grid", "--space", *space, "--seeds", "1", "--fresh-seeds", "1") == 0
    assert list((tmp_path / "study").glob("rates-*.png"))
    assert len(rows(tmp_path / "study" / "trials.csv")) == 4


def test_a_dry_run_prints_the_plan_and_runs_nothing(tune, tmp_path, capsys):
    assert tune("--dry-run", "--trials", "2", "--sampler", "tpe") == 0
    assert "6 runs of the search, then 5 of the best" in capsys.readouterr().out
    assert not (tmp_path / "study").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--space", "disc.ir=log:1e-5:1e-2"), "did you mean 'disc.lr'"),
        (("--space", "disc.lr=1e-3"), "has one point"),
        (("--space", "disc.lr=uniform:-1:1"), "disc.lr was given as -1.0, but must be greater than 0"),
        (("--trials", "0"), "--trials was given as 0"),
        (("--seeds", "0"), "--seeds was given as 0"),
        (("--sampler", "tpee"), "did you mean 'tpe'"),
        (("--score", "last"), "choose from: final, best"),
        (("--arms", "--disc.lr 1e-3"), "Unknown option"),
        (("--arms", "nameless"), 'write "NAME: --field value ..."'),
        (("--arms", "a: --disc.lr 1e-3", "a: --disc.lr 1e-4"), "Two arms are called 'a'"),
        (("--arms", "a: --disc.ir 1e-3", "b: --disc.lr 1e-4"), "Unknown option '--disc.ir'"),
        (("--arms", "a: --disc.optimizer 'adam"), "quotes"),
        (("--against", "nowhere"), "holds no answers of a search"),
        (("--prune", "--trials", "5"), "nothing to give up among 5 trials"),
        (("--sampler", "grid", "--trials", "5"), "the grid has 25 points"),
        (("--workers", "0"), "at least 1"),
        (("--space", "disc.optimizer=adam,sgdd"), "Unknown optimizer 'sgdd'"),
        (("--training.steps", "0"), "training.steps was given as 0"),
    ],
)
def test_wrong_requests_are_answered_in_a_sentence_and_leave_nothing(tune, tmp_path, capsys, words, sentence):
    assert tune(*words) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1
    assert not (tmp_path / "study").exists()


def test_a_tiny_search_on_digits(tmp_path, capsys):
    short = "--training.steps 4 --training.checkpoint-every 4 --training.sample-every 4 --network.width 4"
    small = "--evaluation.every 2 --evaluation.num-samples 100 --evaluation.batch-size 100"
    words = f"{short} {small} --trials 2 --seeds 1 --fresh-seeds 1 --out {tmp_path / 'study'}"
    assert main(["study", "tune", "digits", *words.split()]) == 0
    assert "equipoise train digits --training.steps 4" in capsys.readouterr().out


SCRIPT = """
import sys
from equipoise.cli.main import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.slow
def test_a_search_of_optuna_that_is_killed_again_and_again_ends_as_an_undisturbed_one(tiny, tmp_path):
    pytest.importorskip("optuna")
    (tmp_path / "tiny.yaml").write_text(to_yaml(tiny(training={"steps": 200}, evaluation={"every": 50})))
    (tmp_path / "go.py").write_text(SCRIPT)
    words = ["--sampler", "tpe", "--trials", "4", "--seeds", "2", "--fresh-seeds", "1", "--training.ema", "0.5"]
    start = [sys.executable, str(tmp_path / "go.py"), "study", "tune", "--config", str(tmp_path / "tiny.yaml"), *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}
    chance = random.Random(0)
    for _ in range(3):
        process = subprocess.Popen(
            [*start, "--out", str(tmp_path / "study")], env=environment, stdout=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob("study/runs/*/metrics.jsonl")) and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(chance.uniform(0.1, 3))
        process.send_signal(signal.SIGKILL)
        process.wait()
    for name in ("study", "undisturbed"):
        subprocess.run([*start, "--out", str(tmp_path / name)], env=environment, check=True, stdout=subprocess.DEVNULL)
    one, other = (json.loads((tmp_path / name / "analysis.json").read_text()) for name in ("study", "undisturbed"))
    assert one == other
