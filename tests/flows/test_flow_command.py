"""`equipoise flow` as a user meets it."""

import json
import subprocess
import sys

import pytest
import yaml

from equipoise.cli.flow import parse_settings
from equipoise.cli.main import main
from equipoise.config.flows import LaboratorySettings, LimitSettings, PortraitSettings
from equipoise.core.files import read_json_lines

QUICK = ["--time", "2", "--order-steps", "8", "16", "32", "--order-time", "1"]
QUICK_LABORATORY = ["--time", "0.5", "--frames", "5", "--num-seeds", "1", "--num-particles", "20", "--num-data", "50"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_portrait_leaves_records_findings_and_a_picture(here, capsys):
    assert main(["flow", *QUICK]) == 0
    out = capsys.readouterr().out
    assert "the flow itself" in out
    assert "Complete: 14 of 14 schemes reached the time 2." in out
    folder = here / "flows/rotation"
    assert (folder / "portrait.png").stat().st_size > 50_000
    assert yaml.safe_load((folder / "config.yaml").read_text())["game"] == "rotation"
    assert json.loads((folder / "outcome.json").read_text())["outcome"] == "complete"
    records, findings = (read_json_lines(folder / f"{name}.jsonl") for name in ("metrics", "evaluations"))
    assert {record["scheme"] for record in records} == {finding["scheme"] for finding in findings}
    reference = [r for r in records if r["game"] == "bilinear" and r["scheme"] == "reference"]
    assert all(record["distance"] == pytest.approx(1, abs=1e-7) for record in reference)
    orders = {f["scheme"]: f["values"]["order"] for f in findings if f["game"] == "bilinear" and "order" in f["values"]}
    assert orders["explicit"] == pytest.approx(1, abs=0.1)


def test_a_laboratory_leaves_a_table_a_picture_and_an_animation(here, capsys):
    assert main(["flow", "grid", *QUICK_LABORATORY, "--cures", "none", "damping"]) == 0
    assert "the illness itself" in capsys.readouterr().out
    folder = here / "flows/grid"
    assert {finding["cure"] for finding in read_json_lines(folder / "evaluations.jsonl")} == {"none", "damping"}
    from PIL import Image

    with Image.open(folder / "laboratory.gif") as animation:
        assert animation.n_frames == 3
    assert (folder / "laboratory.png").stat().st_size > 20_000


def test_training_is_compared_with_the_flow(here, capsys):
    arguments = ["--time", "1", "--halvings", "2", "--batch-sizes", "4", "--num-seeds", "1"]
    assert main(["flow", "dirac", "--from-training", *arguments]) == 0
    assert "Complete: 4 training runs" in capsys.readouterr().out
    folder = here / "flows/dirac-limit"
    assert (folder / "training-limit.png").stat().st_size > 20_000
    assert len(read_json_lines(folder / "evaluations.jsonl")) == 4


def test_the_first_word_decides_what_is_drawn():
    assert parse_settings([]) == PortraitSettings(name="rotation")
    assert isinstance(parse_settings(["dirac"]), PortraitSettings)
    assert isinstance(parse_settings(["ring", "--illness", "unforgetting"]), LaboratorySettings)
    assert parse_settings(["--from-training"]).recipe == "ring"
    assert isinstance(parse_settings(["ring", "--from-training"]), LimitSettings)
    assert parse_settings(["saddle-cg", "--tau", "0.001"]).tau == 0.001


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["rign"], "did you mean 'ring'"),
        (["digits"], "add --from-training"),
        (["rotation", "--from-training"], "Unknown recipe or game 'rotation'"),
        (["--tau", "0"], "tau was given as 0.0, but must be greater than 0"),
        (["--tau", "-1"], "tau"),
        (["--tau", "nan"], "tau"),
        (["--time", "0.1"], "too short for one step of tau=0.25"),
        (["--schemes", "implict"], "did you mean 'implicit'"),
        (["--order-steps", "10", "20"], "three different numbers"),
        (["--tua", "1"], "did you mean '--tau'"),
        (["ring", "--bandwidths", "0"], "bandwidths"),
        (["ring", "--cures", "sleep"], "--cures cannot be 'sleep'"),
        (["ring", "--time", "0.01"], "too short"),
        (["ring", "--from-training", "--lr", "9"], "too short"),
        (["ring", "--from-training", "--batch-sizes", "5000"], "a sample of 128"),
        (["--root", "file"], "cannot be made"),
    ],
)
def test_mistakes_are_one_sentence_and_leave_no_results(here, capsys, arguments, words):
    (here / "file").write_text("in the way")
    assert main(["flow", *arguments]) == 2
    output = capsys.readouterr()
    sentences = [line for line in output.err.splitlines() if not line.startswith("warning: ")]
    assert len(sentences) == 1
    assert words in sentences[0]
    assert sorted(path.name for path in here.rglob("*.jsonl")) == []


def test_names_are_listed_once(here, capsys):
    for arguments in (["nope"], ["nope", "--from-training"]):
        assert main(["flow", *arguments]) == 2
        names = capsys.readouterr().err.strip().rstrip(".").partition("choose from: ")[2].split(", ")
        assert len(names) == len(set(names)) > 10


def test_an_existing_folder_is_refused(here, capsys):
    (here / "flows/rotation").mkdir(parents=True)
    assert main(["flow"]) == 2
    assert "exists already" in capsys.readouterr().err


def test_where_nothing_reaches_its_end_the_exit_code_says_so(here, capsys):
    assert main(["flow", "bilinear", "--best-response", *QUICK]) == 1
    assert "no best response" in capsys.readouterr().out
    assert json.loads((here / "flows/bilinear/outcome.json").read_text())["outcome"] == "diverged"


def test_help_needs_no_torch():
    code = "import sys; from equipoise.cli.main import main\ntry: main(['flow', '--help'])\nexcept SystemExit: pass\n"
    code += "assert not {'torch', 'scipy', 'matplotlib'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
