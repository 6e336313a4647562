"""``equipoise report``, and the page that every run leaves."""

import pytest

from equipoise.cli import pages
from equipoise.cli.main import main

SHORT = ["--training.steps", "6", "--training.log-every", "2", "--evaluation.every", "3", "--evaluation.num-samples",
         "50", "--network.width", "8", "--threads", "1"]  # fmt: skip


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def train(name, *more):
    return main(["train", "digits", "--name", name, *SHORT, *more])


def test_a_run_leaves_its_page(here, capsys):
    assert train("mine") == 0
    page = here / "runs" / "mine" / "report.html"
    assert f"What happened, in words and pictures: {page.relative_to(here)}" in capsys.readouterr().out
    html = page.read_text()
    assert "<h1>mine</h1>" in html
    assert "equipoise train digits --name mine" in html.replace("<span>", "").replace("</span>", "")
    for name in ("interpolation.png", "neighbours.png", "neighbours.json"):
        assert (here / "runs" / "mine" / "samples" / name).exists()
    assert main(["report", "runs/mine", "--out", "again.html"]) == 0
    assert (here / "again.html").read_text() == html
    assert main(["resume", "runs/mine"]) == 0
    assert page.read_text() != ""


def test_a_run_with_a_hostile_name(here):
    name = "<script>alert(1)<"
    assert train(name) == 0
    html = (here / "runs" / name / "report.html").read_text()
    assert "&lt;script&gt;alert(1)&lt;" in html
    assert html.count("<script") == 1 + html.count('<script type="application/json">')


def test_runs_side_by_side(here, capsys):
    assert train("a") == 0
    assert train("b", "--seed", "1") == 0
    assert main(["report", "runs/a", "runs/b"]) == 0
    assert "2 runs side by side" in (here / "report.html").read_text()
    assert capsys.readouterr().out.endswith("Page in report.html\n")
    (here / "pages").mkdir()
    assert main(["report", "runs/a", "runs/b", "--out", "pages"]) == 0
    assert (here / "pages" / "report.html").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Missing: RUN or STUDY"),
        (["nowhere"], "'nowhere' is not a run folder"),
        (["."], "'.' is not a run folder (it has no config.yaml); give one that 'equipoise train' made."),
        (["runs"], "give runs of it: runs/a."),
        (["runs/a", "study"], "'study' is a study, which is drawn alone"),
        (["runs/a", "--out", "notes.html"], "'notes.html' exists already and is not a page of 'equipoise report'"),
        (["runs/a"] * 9, "at most 8 can be told apart"),
        (["runs/a", "--output", "x"], "Unknown argument '--output'"),
    ],
)
def test_wrong_requests(here, capsys, write_run_folder, arguments, words):
    write_run_folder("a")
    (here / "study").mkdir()
    (here / "study" / "study.json").write_text("{}")
    (here / "notes.html").write_text("mine")
    assert main(["report", *arguments]) == 2
    assert words in capsys.readouterr().err
    assert (here / "notes.html").read_text() == "mine"


@pytest.fixture
def write_run_folder(here):
    def write(name):
        (here / "runs" / name).mkdir(parents=True)
        (here / "runs" / name / "config.yaml").write_text(f"name: {name}\n")

    return write


def test_a_page_that_cannot_be_drawn_fails_no_run(here, capsys, monkeypatch):
    def fail(*_):
        raise RuntimeError("the pen is broken")

    monkeypatch.setattr(pages, "make_page", fail)
    assert train("mine") == 0
    assert "warning: the page was not drawn: the pen is broken" in capsys.readouterr().err


def test_what_a_person_put_in_place_of_the_page_stays(here, capsys):
    assert train("mine", "--training.steps", "4") == 0
    page = here / "runs" / "mine" / "report.html"
    page.write_text("my own words")
    assert main(["resume", "runs/mine", "--training.steps", "6"]) == 0
    assert page.read_text() == "my own words"
    assert "exists already and is not a page" in capsys.readouterr().err
