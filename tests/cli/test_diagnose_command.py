"""``equipoise diagnose``: what is printed, drawn and refused."""

import json

import pytest

from equipoise.cli.main import main
from equipoise.config import RunSettings
from equipoise.training import train

QUICK = ["--num-batches", "2", "--path-points", "5"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    values = {"root": str(root), "game": {"kind": "bilinear"}, "training": {"steps": 4, "checkpoint_every": 2}}
    train(RunSettings.model_validate(values))
    return root / "run"


def test_a_run_in_words(run, capsys):
    assert main(["diagnose", str(run), *QUICK]) == 0
    out = capsys.readouterr().out
    assert "Diagnosis of run at step 4" in out
    assert "Rotating: a pair of eigenvalues" in out
    assert "* The game turns" in out
    assert "step-000004-spectrum.png" in out
    record = json.loads((run / "diagnosis" / "step-000004.json").read_text())
    assert [figure["file"] for figure in record["figures"]] == ["step-000004-spectrum.png", "step-000004-path.png"]
    for figure in record["figures"]:
        assert (run / "diagnosis" / figure["file"]).read_bytes().startswith(b"\x89PNG")
        assert len(figure["alternative"]) > 40


def test_a_run_as_json(run, capsys):
    assert main(["diagnose", str(run), "--step", "2", "4", "--measure", "losses", "--json", *QUICK]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [each["step"] for each in found] == [2, 4]
    assert found[0]["figures"] == []


def test_an_interrupt_is_one_sentence(run, capsys, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("equipoise.cli.passes.PassView.__call__", interrupt)
    assert main(["diagnose", str(run), *QUICK]) == 1
    assert capsys.readouterr().err == (
        "equipoise: interrupted; the run is as it was, and checkpoints measured before are kept.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "No run was given"),
        (["nowhere"], "not a run folder"),
        (["RUN", "--step", "3"], "no checkpoint of step 3"),
        (["RUN", "--measure", "losess"], "did you mean 'losses'"),
        (["RUN", "--num-batches", "1"], "num_batches was given as 1"),
        (["RUN", "--nun-batches", "4"], "did you mean '--num-batches'"),
    ],
)
def test_mistakes_are_one_sentence(run, capsys, arguments, words):
    given = [str(run) if argument == "RUN" else argument for argument in arguments]
    assert main(["diagnose", *given]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1
