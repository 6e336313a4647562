"""`equipoise adapt` and `equipoise predict` as a person uses them, wrong requests included."""

import json

import numpy as np
import pytest
from PIL import Image

from equipoise.cli import adapt
from equipoise.cli.main import main

QUICK = [
    *("--threads", "1", "--training.steps", "20", "--evaluation.every", "10", "--training.log-every", "10"),
    *("--data.num-points", "200", "--target.num-points", "200", "--network.width", "8"),
]


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_adapting_the_moons_plays_the_bounds_and_shows_all_rules(tmp_path, capsys):
    assert main(["adapt", "moons", *QUICK]) == 0
    printed = capsys.readouterr().out
    for words in (
        "last step",
        "source-validation",
        "importance-weighted",
        "dev",
        "oracle",
        "source-only",
        "target-only",
    ):
        assert words in printed
    assert "Without labels of the target its accuracy is estimated at" in printed
    assert "told apart" in printed
    run = tmp_path / "runs/moons-rules"
    assert {"features.png", "report.html", "analysis.json"} <= {path.name for path in run.iterdir()}
    assert "report.html" in {path.name for path in (tmp_path / "runs/moons").iterdir()}
    assert set(json.loads((run / "analysis.json").read_text())["bounds"]) == {"source_only", "target_only"}
    with Image.open(run / "features.png") as picture:
        assert picture.size[0] > 1000


def test_what_was_begun_is_finished_and_what_is_complete_stays(tmp_path, capsys):
    assert main(["adapt", "moons", *QUICK, "--no-baselines"]) == 0
    before = (tmp_path / "runs/moons/metrics.jsonl").read_bytes()
    assert main(["adapt", "runs/moons"]) == 0
    assert not (tmp_path / "runs/moons-source-only").exists(), "nobody asked for bounds"
    assert main(["adapt", "runs/moons", "--baselines"]) == 0
    assert (tmp_path / "runs/moons/metrics.jsonl").read_bytes() == before
    assert (tmp_path / "runs/moons-target-only/outcome.json").exists()
    capsys.readouterr()
    assert main(["evaluate", "runs/moons"]) == 0
    assert "probe_accuracy" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["adapt", "digits"], "plays domain-adversarial games, but game.kind is 'generative'"),
        (["adapt", "moons", "--evaluation.features", "none"], "set it to classifier"),
        (["adapt", "moons", "--adaptation.baseline", "source-only"], "leave out --adaptation.baseline"),
        (["adapt", "moon"], "did you mean 'moons'"),
        (["adapt", "moons", "--evaluation.features", "points"], "cannot be measured by 'points'"),
        (["adapt", "moons", "--game.adversarial-ramp", "sigmod"], "game.adversarial"),
        (["predict", "runs/none", "pictures"], "is not a run folder"),
        (["adapt", "adapt-images", "--data.path", "nowhere", "--target.path", "nowhere"], "nowhere"),
    ],
)
def test_a_mistake_is_one_sentence_and_leaves_nothing(arguments, words, capsys, tmp_path):
    assert main(arguments) == 2
    error = capsys.readouterr().err.strip().splitlines()
    assert words in error[-1]
    assert error[-1].startswith("equipoise: ")
    assert not list(tmp_path.iterdir())


def test_an_existing_bound_is_refused_before_anything_is_trained(tmp_path, capsys):
    (tmp_path / "runs/moons-target-only").mkdir(parents=True)
    assert main(["adapt", "moons", *QUICK]) == 2
    assert "'runs/moons-target-only' exists already" in capsys.readouterr().err
    assert not (tmp_path / "runs/moons").exists()


def test_a_bound_under_other_settings_is_not_compared_with(tmp_path, capsys):
    assert main(["adapt", "moons", *QUICK, "--no-baselines"]) == 0
    other = ["--adaptation.baseline", "source-only", "--name", "moons-source-only", "--seed", "5"]
    assert main(["train", "moons", *QUICK, *other]) == 0
    assert main(["adapt", "runs/moons"]) == 2, "a bound that was begun is gone on with"
    assert "is a run under other settings than this one's bound" in capsys.readouterr().err


def test_a_run_that_was_renamed_keeps_its_bounds_beside_it(tmp_path):
    assert main(["adapt", "moons", *QUICK, "--no-baselines"]) == 0
    (tmp_path / "runs/moons").rename(tmp_path / "runs/other")
    assert main(["adapt", "runs/other", "--baselines"]) == 0
    bounds = json.loads((tmp_path / "runs/other-rules/analysis.json").read_text())["bounds"]
    assert None not in bounds.values()


def test_settings_of_a_file_play_no_bounds_unasked(tmp_path):
    assert main(["adapt", "moons", *QUICK, "--no-baselines"]) == 0
    assert main(["adapt", "--config", "runs/moons/config.yaml", "--name", "again"]) == 0
    assert {path.name for path in (tmp_path / "runs").iterdir()} == {"moons", "moons-rules", "again", "again-rules"}


def test_the_words_of_a_bound_are_its_own(capsys):
    assert main(["adapt", "moons", *QUICK]) == 0
    adapted, rest = capsys.readouterr().out.split("source-only, to compare with")
    source_only, target_only = rest.split("target-only, to compare with")
    assert "without labels" in adapted
    assert "not trained on" in source_only
    assert "trained on with its labels" in target_only
    assert main(["adapt", "runs/moons-target-only"]) == 2
    assert "is a target-only bound" in capsys.readouterr().err


def test_a_bound_that_diverges_leaves_the_table_of_the_run(tmp_path, capsys, monkeypatch):
    assert main(["adapt", "moons", *QUICK, "--no-baselines"]) == 0
    (tmp_path / "runs/moons-rules/analysis.json").unlink()
    (tmp_path / "runs/moons-rules").rename(tmp_path / "elsewhere")
    broken = adapt._bound

    def at_a_wild_rate(settings, name):
        return broken(settings.model_copy(update={"gen": settings.gen.model_copy(update={"lr": 1e30})}), name)

    monkeypatch.setattr(adapt, "_bound", at_a_wild_rate)
    capsys.readouterr()
    assert main(["adapt", "runs/moons", "--baselines"]) != 0
    assert "The checkpoint that each rule chooses" in capsys.readouterr().out
    assert (tmp_path / "runs/moons-rules/analysis.json").exists()


def test_the_help_names_the_recipes_that_adapt_and_both_switches(capsys):
    with pytest.raises(SystemExit):
        main(["adapt", "--help"])
    printed = capsys.readouterr().out
    for words in ("--baselines", "--no-baselines", "adapt-images", "Adapt a classifier"):
        assert words in printed
    assert "  ring " not in printed
    assert "Train two players" not in printed


def test_an_evaluation_of_a_classifier_takes_no_other_numbers(capsys):
    assert main(["train", "moons", *QUICK]) == 0
    assert main(["evaluate", "runs/moons", "--num-samples", "7"]) == 2
    assert "leave out all options but --step" in capsys.readouterr().err


def test_two_folders_of_pictures_become_a_classifier_that_writes_a_table(tmp_path, capsys):
    draw = np.random.default_rng(0)
    for number in range(60):
        colour = number % 2
        pixels = draw.integers(0, 60, (20, 20, 3), dtype=np.uint8)
        pixels[..., 2 * colour] += 150
        for path, made in ((f"labelled/{('red', 'blue')[colour]}", pixels), ("other", pixels // 2)):
            (tmp_path / path).mkdir(parents=True, exist_ok=True)
            Image.fromarray(made).save(tmp_path / path / f"{number}.png")
    options = ["--training.steps", "20", "--training.batch-size", "16", "--evaluation.every", "10", "--threads", "1"]
    assert main(["adapt", "adapt-images", "--data.path", "labelled", "--target.path", "other", *options]) == 0
    printed = capsys.readouterr().out
    assert "estimated at" in printed
    assert "oracle" not in printed
    assert main(["predict", "runs/adapt-images", "other"]) == 0
    assert "Wrote the classes of 60 images" in capsys.readouterr().out
    assert len((tmp_path / "runs/adapt-images/predictions.csv").read_text().splitlines()) == 61
    assert main(["predict", "runs/adapt-images", "other"]) == 2
