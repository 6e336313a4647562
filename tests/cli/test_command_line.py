"""The command line as a person uses it: help, every command, every mistake in one sentence with exit code 2."""

import json
import subprocess
import sys
import warnings

import pytest
import yaml

from equipoise.cli.main import main
from equipoise.cli.settings import parse_settings
from equipoise.recipes import RECIPES

QUICK = [
    "--threads=1", "--training.steps=4", "--training.log-every=2", "--evaluation.num-samples=100",
    "--network.width=8", "--training.batch-size=8", "--evaluation.every=2",
]  # fmt: skip


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capsys, *arguments):
    code = main(list(arguments))
    output = capsys.readouterr()
    return code, output.out, output.err


def test_train_resume_sample_and_evaluate(here, capsys):
    code, out, _ = run(capsys, "train", *QUICK)
    assert code == 0
    assert "Complete: all 4 steps were played." in out
    assert "best" in out
    assert "final" in out
    assert (here / "runs/digits/curves.png").stat().st_size > 10_000

    code, out, _ = run(capsys, "resume", "runs/digits")
    assert code == 0
    assert "Complete: all 4 steps" in out

    code, out, _ = run(capsys, "sample", "runs/digits", "--num", "5")
    assert code == 0
    assert len(list((here / "runs/digits/generated-5").glob("*.png"))) == 5

    code, out, _ = run(capsys, "evaluate", "runs/digits", "--json")
    assert code == 0
    measured = json.loads(out)
    recorded = json.loads((here / "runs/digits/evaluations.jsonl").read_text().splitlines()[-1])
    assert measured["values"]["fd"] == pytest.approx(recorded["values"]["fd"], rel=1e-6)

    code, out, _ = run(capsys, "evaluate", "runs/digits", "--measures", "kid", "prdc", "--intervals", "--json")
    assert code == 0
    further = json.loads(out)
    assert further["values"]["fd"] == measured["values"]["fd"]
    assert {"kid", "precision", "coverage"} <= set(further["values"])
    assert further["intervals"]["fd"]["low"] <= further["values"]["fd"] <= further["intervals"]["fd"]["high"]


def test_points_are_sampled_as_a_table(here, capsys):
    assert run(capsys, "train", "ring", *QUICK)[0] == 0
    assert run(capsys, "sample", "runs/ring", "--num", "7", "--out", "points")[0] == 0
    rows = (here / "points/points.csv").read_text().splitlines()
    assert len(rows) == 7
    assert all(len(row.split(",")) == 2 for row in rows)


def test_settings_come_from_recipe_then_file_then_options(here):
    (here / "c.yaml").write_text("seed: 5\ndisc:\n  lr: 0.5\n")
    settings = parse_settings(["ring", "--config", "c.yaml", "--disc.lr", "0.25"])
    assert (settings.name, settings.seed, settings.disc.lr) == ("ring", 5, 0.25)
    assert settings.gen == RECIPES["ring"].settings().gen


def test_a_printed_recipe_is_a_config_file(here, capsys):
    code, out, _ = run(capsys, "recipes", "grid")
    assert code == 0
    (here / "c.yaml").write_text(out)
    assert parse_settings(["--config", "c.yaml"]) == RECIPES["grid"].settings()
    assert yaml.safe_load(out)["name"] == "grid"


def test_recipes_are_listed(capsys):
    code, out, _ = run(capsys, "recipes")
    assert code == 0
    assert all(name in out for name in RECIPES)


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_help_names_every_command(capsys, arguments):
    code, out, _ = run(capsys, *arguments)
    assert code == 0
    assert all(f"\n  {name}" in out for name in ("train", "resume", "sample", "evaluate", "recipes"))


@pytest.mark.parametrize("command", ["train", "resume", "sample", "evaluate"])
def test_every_command_explains_itself(capsys, command):
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    assert f"equipoise {command}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["trian"], "did you mean 'train'"),
        (["train", "digit"], "did you mean 'digits'"),
        (["train", "--disc.lrr", "3"], "did you mean '--disc.lr'"),
        (["train", "--game.objective", "hing"], "did you mean 'hinge'"),
        (["train", "--disc.lr", "0"], "disc.lr was given as 0.0, but must be greater than 0"),
        (["train", "--disc.lr", "-1"], "disc.lr"),
        (["train", "--disc.lr", "fast"], "--disc.lr was given as 'fast', but takes a number."),
        (["train", "--seed", "1.5"], "--seed was given as '1.5', but takes a whole number."),
        (["train", "--threads", "two"], "--threads was given as 'two', but takes a whole number."),
        (
            ["study", "compare", "ring", "grid", "--seeds", "2.5"],
            "--seeds was given as '2.5', but takes a whole number.",
        ),
        (["study", "compare", "ring", "grid", "--target", "x"], "--target was given as 'x', but takes a number."),
        (["train", "--training.steps"], "training.steps"),
        (["train", "--training.batch-size", "5000"], "1797"),
        (["train", "--config"], "--config needs a value"),
        (["train", "--config", "none.yaml"], "none.yaml"),
        (["train", "--config", "misspelt.yaml"], "did you mean 'training'"),
        (["train", "mnist", "--data.path", "nowhere/at/all"], "nowhere/at/all"),
        (["train", "--data.source", "folder", "--data.path", "empty"], "empty"),
        (["train", "cifar10", "--data.source", "folder", "--data.path", "odd"], "50"),
        (["train", "--data.source", "digits", "--network.architecture", "sngan"], "sngan"),
        (["resume", "nothing"], "not a run folder"),
        (["resume"], "run"),
        (["sample", "nothing"], "not a run folder"),
        (["sample", "nothing", "--num", "0"], "at least 1"),
        (["evaluate", "nothing"], "not a run folder"),
        (["evaluate", "nothing", "--num-samples", "1"], "at least 2"),
        (["recipes", "girds"], "did you mean 'grid'"),
        (["recipes", "a", "b"], "takes one name"),
    ],
)
def test_mistakes_are_one_sentence_and_write_nothing(here, capsys, arguments, words):
    from PIL import Image

    (here / "misspelt.yaml").write_text("trainin: {}\n")
    (here / "empty").mkdir()
    (here / "odd").mkdir()
    for number in range(70):
        Image.new("RGB", (50, 50)).save(here / "odd" / f"{number}.png")
    before = sorted(here.iterdir())
    code, out, err = run(capsys, *arguments)
    assert code == 2
    assert out == ""
    sentences = [line for line in err.splitlines() if not line.startswith("warning: ")]
    assert len(sentences) == 1
    assert sentences[0].startswith("equipoise: ")
    assert words in sentences[0]
    assert sorted(here.iterdir()) == before


def test_an_existing_run_is_refused(here, capsys):
    run(capsys, "train", *QUICK)
    code, _, err = run(capsys, "train", *QUICK)
    assert code == 2
    assert "exists already" in err
    assert "equipoise resume runs/digits" in err


def test_a_diverged_run_ends_with_exit_code_1(here, capsys):
    code, out, _ = run(capsys, "train", *QUICK, "--disc.optimizer=sgd", "--disc.betas=None", "--disc.lr=1e30")
    assert code == 1
    assert "not finite" in out


def test_an_ignored_setting_warns_once_in_its_own_words(here, capsys):
    _, _, err = run(capsys, "train", *QUICK, "--data.std", "0.3")
    assert err.splitlines() == ["warning: std=0.3 is ignored because source is 'digits'."]


def test_debug_shows_the_traceback():
    from equipoise.core.errors import UserError

    with pytest.raises(UserError):
        main(["train", "digit", "--debug"])


def test_help_needs_no_torch():
    code = "import sys; from equipoise.cli.main import main\ntry: main(['train', '--help'])\nexcept SystemExit: pass\n"
    code += "assert not {'torch', 'datasets', 'sklearn', 'scipy', 'matplotlib'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_tyro_still_has_the_hook_that_our_sentences_need():
    from tyro import _errors

    events = {"UnrecognizedArgs", "InvalidChoice", "BadValue", "InstantiationFailure", "MissingArgs"}
    assert {"on_parse_error", *events} <= set(dir(_errors))


def test_warnings_are_as_before_after_a_command(capsys):
    before = list(warnings.filters)
    run(capsys, "recipes")
    assert warnings.filters == before


def test_a_moved_run_is_reported_on_where_it_lies(here, capsys):
    run(capsys, "train", *QUICK)
    (here / "runs" / "digits").rename(here / "moved")
    code, out, _ = run(capsys, "resume", "moved")
    assert code == 0
    assert "moved/curves.png" in out
    assert not (here / "runs" / "digits").exists()


def test_numbers_that_change_with_the_step_are_one_word():
    scheduled = "{value: 0.5, decay: linear, final: 0.0}"
    settings = parse_settings(
        [
            "digits", "--game.penalty-weight", "{value: 2, decay: cosine}", "--disc.betas", scheduled, "0.9",
            "--training.ema=0.99", "--disc.schedule.gap", "exponential",
            "--disc.options", "scope", "tensor", "cap", "None", "restart", "True", "scale", "1e-1",
        ]
    )  # fmt: skip
    assert (settings.game.penalty_weight.value, settings.game.penalty_weight.decay) == (2.0, "cosine")
    assert (settings.disc.betas[0].value, settings.disc.betas[1]) == (0.5, 0.9)
    assert (settings.training.ema, settings.disc.schedule.gap) == (0.99, "exponential")
    assert settings.disc.options == {"scope": "tensor", "cap": None, "restart": True, "scale": 0.1}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--game.penalty-weight", "-3"], "game.penalty_weight was given as -3.0, but must be greater than 0"),
        (["--game.penalty-weight", "much"], "'much' is neither a number nor a schedule"),
        (
            ["--training.ema", "{value: 0.9, decay: lin}"],
            "training.ema.decay was given as 'lin' (did you mean 'linear'",
        ),
        (["--training.ema", "{value: 0.9, decai: linear}"], "did you mean 'training.ema.decay'"),
        (["--disc.betas", "0.5", "1.5"], "disc.betas was given as 1.5"),
        (["--disc.schedule.gap", "exponentail"], "did you mean 'exponential'"),
    ],
)
def test_mistakes_in_schedules(here, capsys, arguments, words):
    code, _, err = run(capsys, "train", *QUICK, *arguments)
    assert code == 2
    assert words in err
    assert err.count("\n") == 1
    assert not (here / "runs").exists()
