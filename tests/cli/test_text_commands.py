"""Text on the command line: trained, looked at on screen, sampled, measured and refused."""

import io
import json
import re

import pytest
from rich.console import Console

from equipoise.cli.live import LineView, LiveView
from equipoise.cli.main import main
from equipoise.config import RunSettings

QUICK = [
    "--threads=1", "--training.steps=4", "--training.log-every=2", "--evaluation.num-samples=40", "--network.width=4",
    "--training.batch-size=8", "--evaluation.every=2", "--data.length=16",
]  # fmt: skip


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = [f"line {k} of [red]mine[/red] for $5 and {k * k}" for k in range(200)]
    (tmp_path / "mine.txt").write_text("\n".join(lines), encoding="utf-8")
    return tmp_path


def run(capsys, *arguments):
    code = main(list(arguments))
    output = capsys.readouterr()
    return code, output.out, output.err


def test_train_sample_evaluate_and_curves(here, capsys):
    code, out, _ = run(capsys, "train", "text-ttur-small", *QUICK, "--data.path", "mine.txt", "--name", "mine")
    assert code == 0
    assert "mine.txt, split train (" in out
    assert "cut to 16): " in out
    assert "JSD-4: first " in out
    assert sum(line.startswith("  | ") for line in out.splitlines()) == 3 * 4
    assert "Samples in runs/mine/samples" in out
    assert (here / "runs/mine/curves.png").stat().st_size > 10_000

    code, out, _ = run(capsys, "sample", "runs/mine", "--num", "5")
    assert code == 0
    assert (here / "runs/mine/generated-5/lines.txt").read_text(encoding="utf-8").count("\n") == 5

    code, out, _ = run(capsys, "evaluate", "runs/mine", "--json", "--intervals")
    assert code == 0
    measured = json.loads(out)
    assert measured["values"]["jsd4"] == pytest.approx(measured["intervals"]["jsd4"]["value"])
    code, out, _ = run(capsys, "evaluate", "runs/mine")
    assert re.search(r"floor +jsd1 ", out)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--data.path", "nine.txt"], "did you mean 'mine.txt'"),
        (["--data.path", "mine.txt", "--data.split", "tset"], "did you mean 'test'"),
        (["--evaluation.features", "mnist"], "set evaluation.features to ngrams"),
        (["--network.architecture", "mlp"], "set network.architecture to text"),
    ],
)
def test_mistakes_are_one_sentence(here, capsys, arguments, words):
    code, _, err = run(capsys, "train", "text-ttur-small", *QUICK, *arguments)
    assert code == 2
    assert words in err
    assert err.count("equipoise: ") == 1
    assert not (here / "runs").exists()


def test_settings_of_text_warn_elsewhere(here, capsys):
    _, _, err = run(capsys, "train", "digits", "--data.length", "20", "--training.batch-size", "100000")
    assert "length=20 is ignored because source is 'digits'." in err


EVALUATION = {"step": 2, "values": {"jsd4": 0.5}, "judge": "jsd4", "lines": ["[bold]a", "b\x1b[2Jc", "d", "e", "f"]}


def test_control_characters_and_markup_are_shown_not_obeyed(capsys):
    LineView().on_evaluation(EVALUATION)
    out = capsys.readouterr().out
    assert "  | [bold]a\n  | b\ufffd[2Jc\n  | d\n  | e\n" in out
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    with LiveView(console) as view:
        view.on_start(RunSettings(), 0, {}, {})
        view.on_evaluation(EVALUATION)
    written = console.file.getvalue()
    assert "[bold]a" in written
    assert "b\ufffd[2Jc" in written


def test_runs_on_text_have_no_features(here, capsys):
    assert run(capsys, "train", "text-ttur-small", *QUICK, "--data.path", "mine.txt", "--name", "mine")[0] == 0
    code, _, err = run(capsys, "fid", "runs/mine", "digits", "--features", "digits")
    assert code == 2
    assert "makes text" in err
