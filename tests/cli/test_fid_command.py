"""``equipoise fid`` and ``equipoise study disturb`` as a person uses them."""

import json

import pytest

from equipoise.cli.main import main
from equipoise.core.errors import DataWarning
from equipoise.data.digits import load_digits
from equipoise.training import Reading, compare
from equipoise.training.pictures import image_of


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with 60 digits in ``some`` and 60 others in ``more``."""
    import torch

    monkeypatch.chdir(tmp_path)
    pixels = load_digits(torch.device("cpu"))._pixels
    for name, part in (("some", pixels[:60]), ("more", pixels[60:120])):
        (tmp_path / name).mkdir()
        for k, image in enumerate(part):
            image_of(image).save(tmp_path / name / f"{k}.png")
    return tmp_path


def run(capsys, *arguments):
    code = main(list(arguments))
    output = capsys.readouterr()
    return code, output.out, output.err


def test_two_folders_give_a_number_an_interval_and_a_protocol(here, capsys):
    code, out, _ = run(capsys, "fid", "some", "more", "--features", "digits")
    assert code == 0
    lines = out.splitlines()
    assert lines[0].startswith("FD (digits)")
    assert "95% interval" in lines[0]
    assert "bias about +" in lines[0]
    assert "some (folder): 60" in lines[1]
    assert "FID" not in out
    assert any(line.startswith("note: ") and "fewer than twice the 64 features" in line for line in lines)


def test_json_is_the_only_thing_on_standard_output_and_agrees_with_the_library(here, capsys):
    (here / "some" / "broken.png").write_bytes(b"nothing")
    code, out, err = run(
        capsys, "fid", "some", "digits", "--features", "digits", "--max-unreadable", "0.1", "--json",
        "--measures", "fd", "kid", "prdc", "is",
    )  # fmt: skip
    assert code == 0
    report = json.loads(out)
    assert err.startswith("warning: 1 of 61 images")
    with pytest.warns(DataWarning):
        expected = compare("some", "digits", "digits", reading=Reading(max_unreadable=0.1))
    assert report["values"]["fd"] == pytest.approx(expected.values["fd"], rel=1e-9)
    assert report["protocol"]["samples"]["name"] == "some"
    assert len(report["protocol"]["samples"]["data"]) == 64
    assert {"fd", "kid", "precision", "is"} <= set(report["values"])
    assert "standard_error" in report["intervals"]["kid"]
    assert "1 of the 61 samples cannot be read and are left out." in report["remarks"]


def test_moments_are_saved_and_serve_for_the_folder(here, capsys):
    whole = json.loads(
        run(capsys, "fid", "some", "more", "--features", "digits", "--save-moments", "s.npz", "--json")[1]
    )
    again = json.loads(run(capsys, "fid", "s.npz", "more", "--json")[1])
    assert again["values"]["fd"] == pytest.approx(whole["values"]["fd"], rel=1e-9)
    code, _, err = run(capsys, "fid", "some", "more", "--features", "digits", "--save-moments", "s.npz")
    assert code == 2
    assert "exists already" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["some"], "b"),
        (["some", "nowhere", "--features", "digits"], "nothing at 'nowhere'"),
        (["some", "moer", "--features", "digits"], "did you mean 'more'"),
        (["some", "more", "--features", "digit"], "did you mean 'digits'"),
        (["some", "more", "--features", "cifar10"], "(3, 32, 32)"),
        (["some", "more", "--features", "digits", "--measures", "kdi"], "measures"),
        (["some", "more", "--features", "digits", "--max-samples", "1"], "at least 2"),
        (["some", "more", "--features", "digits", "--max-unreadable", "1"], "[0, 1)"),
        (["some", "more", "--features", "digits", "--resize", "clean"], "clean"),
        (["some", "more", "--features", "digits", "--save-moments", "a.txt"], ".npz"),
        (["some", "more", "--features", "digits", "--save-moments", "no/a.npz"], "no folder"),
        (["some", "more", "--device", "gpu7"], "gpu7"),
        (["empty", "more", "--features", "digits"], "no images"),
        (["torn.zip", "more", "--features", "digits"], "not a whole archive"),
        (["torn.npz", "more"], "not a whole .npz"),
    ],
)
def test_mistakes_are_one_sentence_and_write_nothing(here, capsys, arguments, words):
    (here / "empty").mkdir()
    (here / "torn.zip").write_bytes(b"PK nothing")
    (here / "torn.npz").write_bytes(b"PK nothing")
    before = sorted(here.rglob("*"))
    code, out, err = run(capsys, "fid", *arguments)
    assert (code, out) == (2, "")
    sentences = [line for line in err.splitlines() if not line.startswith("warning: ")]
    assert len(sentences) == 1
    assert words in sentences[0]
    assert sorted(here.rglob("*")) == before


def test_inception_weights_that_cannot_be_had_are_named(here, capsys, monkeypatch):
    from urllib.error import URLError

    from equipoise.metrics.features import inception

    def refuse(*_, **__):
        raise URLError("no network")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    code, out, err = run(capsys, "fid", "some", "more")
    assert (code, out) == (2, "")
    assert inception.PUBLISHED.name in err
    assert inception.PUBLISHED.sha256 in err


def test_a_study_of_disturbances(here, capsys):
    code, out, _ = run(capsys, "study", "disturb", "--num-samples", "100", "--out", "found", "--contaminate", "some")
    assert code == 0
    assert "contamination" in out
    assert "rises at every level" in out
    assert {file.name for file in (here / "found").iterdir()} == {
        "study.json", "distances.csv", "examples", "disturbances.png", "report.html",
    }  # fmt: skip
    code, out, err = run(capsys, "study", "disturb", "--out", "found")
    assert (code, out) == (2, "")
    assert "exists already" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["disturbe"], "did you mean 'disturb'"),
        (["disturb", "some", "--data", "more"], "give them once"),
        (["disturb", "--num-samples", "1"], "num_samples"),
        (["disturb", "nowhere", "--features", "digits"], "nothing at 'nowhere'"),
        (["disturb", "--fit", "stretch"], "--fit"),
    ],
)
def test_mistakes_in_a_study(here, capsys, arguments, words):
    code, out, err = run(capsys, "study", *arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert not (here / "studies").exists()


@pytest.mark.parametrize("arguments", [["fid"], ["study", "disturb"]])
def test_help_explains(capsys, arguments):
    with pytest.raises(SystemExit) as stop:
        main([*arguments, "--help"])
    assert stop.value.code == 0
    assert f"equipoise {' '.join(arguments)}" in capsys.readouterr().out


def test_the_kinds_of_study_are_listed(capsys):
    code, out, _ = run(capsys, "study")
    assert code == 0
    assert "\n  disturb " in out


def test_fid_and_evaluate_print_a_value_alike_and_points_need_no_features(here, capsys):
    small = ["--threads=1", "--network.width=4", "--training.steps=2", "--evaluation.num-samples=100"]
    assert run(capsys, "train", "ring", *small)[0] == 0
    _, measured, _ = run(capsys, "evaluate", "runs/ring", "--step", "2")
    code, compared, _ = run(capsys, "fid", "runs/ring", "ring", "--num-generated", "100", "--no-intervals")
    assert code == 0
    assert compared.splitlines()[0].startswith("FD (points)")
    values = [line.split()[1] for line in measured.splitlines() if line.split()[0] in ("fd", "mode_error")]
    assert values == [f"{float(value):.6g}" for value in values]
