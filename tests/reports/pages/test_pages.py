"""Pages: whole from any records, harmless from hostile ones, the same bytes from the same ones, and accessible."""

import json
import re

import numpy as np
import pytest
from pagelab import COMPLETE, HOSTILE, check, evaluation, metric
from PIL import Image

from equipoise.core.errors import UserError
from equipoise.reports.pages.page import refuse_foreign, write_page
from equipoise.reports.pages.pictures import embedded, frames
from equipoise.reports.pages.records import RunRecords, Sample
from equipoise.reports.pages.run_charts import run_charts
from equipoise.reports.pages.run_page import run_page
from equipoise.reports.pages.runs_page import runs_page
from equipoise.reports.pages.study_page import is_study, study_page


def page_of(folder, command="equipoise train digits"):
    return run_page(RunRecords.read(folder), command)


def test_the_page_of_a_run(whole_run):
    reader = check(page_of(whole_run))
    for words in ("It learned, and", "neither player wins", "What to do next", "equipoise train digits", "Losses",
                  "Learning rates in force", "Protocol of the distance", "torch", "FD 100"):  # fmt: skip
        assert words in reader.words
    assert len(reader.all("img")) == 3
    assert [slider["max"] for slider in reader.all("input")] == ["2"]


def test_the_same_records_give_the_same_bytes(whole_run):
    assert page_of(whole_run) == page_of(whole_run)


def test_hostile_texts_are_shown_and_do_nothing(hostile_run):
    html = page_of(hostile_run)
    reader = check(html)
    assert html.count("<script") == 1 + html.count('<script type="application/json">')
    assert "alert(1)" in reader.words
    assert "49" not in re.findall(r"&#39;&amp;(\d+)", html)
    assert "{{ 7*7 }}" in reader.words
    assert len(reader.all("h1")) == 1
    policy = next(
        each["content"] for each in reader.all("meta") if "content" in each and "default-src" in each["content"]
    )
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_hostile_runs_side_by_side(hostile_run, whole_run):
    runs = [RunRecords.read(path) for path in (hostile_run, whole_run)]
    html = runs_page(runs, [HOSTILE, "equipoise train"])
    check(html)
    assert html.count("<script") == 1 + html.count('<script type="application/json">')


POINTS = {"disc_point": [0.5], "gen_point": [0.5]}
LONG = 10**400
RECORDS = {
    "nothing at all": {},
    "one line": {"metrics": [metric(1)]},
    "one evaluation": {"evaluations": [evaluation(0, 5.0)]},
    "no number anywhere": {
        "metrics": [metric(n, None, None) for n in range(9)],
        "evaluations": [evaluation(n, None) for n in range(3)],
    },
    "gaps": {"metrics": [metric(n, None if n % 3 else 1.0) for n in range(99)]},
    "texts for numbers": {"metrics": [metric(1) | {"disc_loss": "much", "disc_gap": [1], "gen_rate": True}]},
    "endless numbers": {"metrics": [metric(n, 1e308 if n % 2 else -1e308) for n in range(9)]},
    "numbers too long for a float": {
        "metrics": [metric(1) | {"images": LONG, "seconds": LONG}, metric(1) | {"step": LONG}]
    },
    "odd steps": {
        "metrics": [
            metric(1) | {"step": "one"},
            metric(1) | {"step": None},
            metric(1) | {"step": True},
            metric(5),
            metric(2),
        ]
    },
    "odd evaluations": {
        "evaluations": [{"step": 1}, {"step": 2, "values": None}, evaluation(3, "low"), evaluation(4, 1.0)]
    },
    "odd protocols": {"evaluations": [evaluation(n, 1.0) | {"protocol": 3, "intervals": [1]} for n in range(4)]},
    "odd events": {"events": [{}, {"step": "x", "sentence": None, "done": 5}]},
    "odd ending": {"outcome": {"outcome": ["complete"], "values": 3, "next": 7, "sentence": None, "step": "many"}},
    "between points": {"metrics": [metric(n) | POINTS for n in range(9)]},
    "odd points": {"metrics": [metric(n) | {"disc_point": None, "gen_point": []} for n in range(9)]},
}


@pytest.mark.parametrize("records", RECORDS.values(), ids=RECORDS.keys())
def test_whatever_the_records_lack_the_page_stands(write_run, records):
    folder = write_run(**records)
    check(page_of(folder))
    runs = [RunRecords.read(folder), RunRecords.read(write_run("other", metrics=[metric(1)]))]
    check(runs_page(runs, ["a", "b"]))


@pytest.mark.parametrize(
    "name",
    [
        "metrics.jsonl",
        "evaluations.jsonl",
        "events.jsonl",
        "outcome.json",
        "environment.json",
        "config.yaml",
        "samples/neighbours.json",
    ],
)
@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"[1, 2", b"[]\n3\nnull\n", b"{}\n{}\n", b"- a\n- b\n"])
def test_whatever_is_damaged_the_page_stands(whole_run, name, content):
    (whole_run / name).write_bytes(content)
    check(page_of(whole_run))


@pytest.mark.parametrize("file", ["step-000500.png", "interpolation.png", "neighbours.png"])
def test_damaged_pictures_are_left_out(whole_run, file):
    (whole_run / "samples" / "neighbours.json").write_text(json.dumps({"distances": [1.0], "typical": 1.0}))
    (whole_run / "samples" / file).write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    check(page_of(whole_run))


def test_the_closing_look_is_shown(whole_run):
    for name in ("interpolation", "neighbours"):
        Image.new("L", (40, 40)).save(whole_run / "samples" / f"{name}.png")
    about = {"space": "digits", "distances": [3.0], "typical": 2.0, "num_looked_at": 1797, "num_training": 1797}
    (whole_run / "samples" / "neighbours.json").write_text(json.dumps(about))
    words = check(page_of(whole_run)).words
    assert "From one latent to another" in words
    assert "in the features 'digits', among all 1,797" in words
    assert "No copies were seen" in words


def test_text_runs_show_their_lines(write_run):
    folder = write_run(steps=(0, 10), lines=["the cat sat", "on the\x1b[31m mat"], metrics=[metric(10)])
    reader = check(page_of(folder))
    assert "the cat sat" in reader.words
    assert "\x1b" not in reader.words


def test_a_diagnosis_is_shown(whole_run):
    (whole_run / "diagnosis").mkdir()
    Image.new("L", (9, 9)).save(whole_run / "diagnosis" / "spectrum.png")
    found = {
        "verdict": "Stable, but rotating", "sentences": ["Lower the rates."],
        "tables": [{"title": "Eigenvalues", "columns": ["real", "imaginary"], "rows": [[-0.1, 2.0], [None, 1]]}],
        "figures": [{"file": "spectrum.png", "alternative": "The spectrum"}, {"file": "gone.png"}],
    }  # fmt: skip
    (whole_run / "diagnosis" / "step-000500.json").write_text(json.dumps(found))
    reader = check(page_of(whole_run))
    for words in ("The game at a checkpoint", "Step 500", "Stable, but rotating", "Lower the rates.", "Eigenvalues"):
        assert words in reader.words
    assert "The spectrum" in [picture["alt"] for picture in reader.all("img")]


def test_losses_without_any_number_are_told_of(write_run):
    folder = write_run(metrics=[metric(n, None, 1.0) for n in range(9)])
    assert "Not drawn, because no value of theirs is finite: disc loss." in check(page_of(folder)).words


def test_numbers_that_no_chart_knows_have_one_of_their_own(write_run):
    folder = write_run(
        metrics=[metric(n) | {"disc_wobble": n, "gen_wobble": -n} for n in range(9)],
        evaluations=[evaluation(n, 1.0, source_accuracy=0.5, target_accuracy=0.4, odd_measure=n) for n in range(9)],
    )
    titles = [element.title for element in run_charts(RunRecords.read(folder))]
    assert {"wobble", "Accuracies", "Odd measure"} <= set(titles)


def test_a_run_with_an_analysis_beside_it_is_a_run(whole_run):
    (whole_run / "analysis.json").write_text("{}")
    assert not is_study(whole_run)


def test_long_tables_of_a_study_are_folded(tmp_path):
    tables = [{"title": f"{n} rows", "columns": ["a"], "rows": [[1]] * n} for n in (3, 30)]
    folder = write_study(tmp_path / "s", study_json={}, analysis_json={"tables": tables})
    reader = check(study_page(folder))
    assert "30 rows (30 rows)" in reader.words
    assert len(reader.all("summary")) == 1


def test_a_hundred_thousand_records_make_a_small_page(write_run):
    folder = write_run(metrics=[metric(step, 1.3 + step % 7 / 10) for step in range(1, 100_001)], outcome=COMPLETE)
    assert len(check(html := page_of(folder)).elements) < 5000
    assert len(html) < 1_000_000


def test_pictures_are_thinned_to_their_budget(tmp_path):
    noise = np.random.default_rng(0).bytes(128 * 128 + 40)
    samples = []
    for step in range(40):
        path = tmp_path / f"step-{step:06d}.png"
        Image.frombytes("L", (128, 128), noise[step : step + 128 * 128]).save(path)
        samples.append(Sample(step, path))
    size = sum(sample.path.stat().st_size for sample in samples)
    assert [frame.step for frame in frames(samples, size)] == list(range(40))
    half = frames(samples, size // 2)
    assert 18 <= len(half) <= 20
    assert (half[0].step, half[-1].step) == (0, 39)
    few = frames(samples, size // 20)
    assert few[-1].step == 39
    assert sum(len(frame.picture.source) for frame in few) < 1.4 * size // 20


def test_what_is_no_picture_is_not_embedded(tmp_path):
    (tmp_path / "a.png").write_bytes(b"<svg onload=alert(1)>")
    assert embedded(tmp_path / "a.png") is None
    assert embedded(tmp_path / "missing.png") is None


def test_only_our_own_pages_are_written_over(tmp_path, whole_run):
    path = tmp_path / "out" / "report.html"
    html = page_of(whole_run)
    write_page(path, html)
    write_page(path, html)
    path.write_text("my own notes")
    with pytest.raises(UserError, match="is not a page of"):
        refuse_foreign(path)
    with pytest.raises(UserError, match="give another --out"):
        write_page(path, html)
    assert path.read_text() == "my own notes"


def test_runs_side_by_side(write_run):
    first = write_run(
        "first", metrics=[metric(n) for n in range(9)], evaluations=[evaluation(n, 9.0 - n) for n in range(3)], seed=1
    )
    second = write_run(
        "second", metrics=[metric(n) for n in range(9)], evaluations=[evaluation(n, 8.0 - n) for n in range(3)], seed=2
    )
    words = check(runs_page([RunRecords.read(first), RunRecords.read(second)], ["a", "b"])).words
    assert "2 runs side by side" in words
    assert "second came nearest: FD 6 at best." in words
    assert "seed 1 2" in words


def test_distances_under_different_protocols_are_not_compared(write_run):
    records = [evaluation(n, 9.0 - n) for n in range(3)]
    other = [each | {"protocol": {"features": "inception"}} for each in records]
    runs = [RunRecords.read(write_run(name, evaluations=each)) for name, each in (("a", records), ("b", other))]
    words = check(runs_page(runs, ["a", "b"])).words
    assert "came nearest" not in words
    assert "not to be compared" in words


def write_study(folder, **files):
    folder.mkdir()
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


def test_the_page_of_a_study(tmp_path):
    medians = {"title": "Medians", "columns": ["arm", "FD"], "rows": [["adam", 1.25], ["sgd", None], ["x"]]}
    analysis = {
        "kind": "compare",
        "title": "Who <wins>?",
        "sentences": ["Adam does.", 5],
        "tables": [medians, "no table"],
        "figures": [{"file": "a.png", "alternative": "A figure"}],
    }
    runs = "run,arm,status,sentence\nabc,adam,complete,Well\ndef,sgd,diverged,Not so\n"
    folder = write_study(
        tmp_path / "s", study_json={"kind": "compare", "settings": {"seed": 0}}, analysis_json=analysis, runs_csv=runs
    )
    Image.new("L", (9, 9)).save(folder / "a.png")
    assert is_study(folder)
    reader = check(study_page(folder))
    for words in ("Who <wins>?", "Adam does.", "Medians", "1.25", "All runs", "diverged", "Comparison in s"):
        assert words in reader.words
    assert [picture["alt"] for picture in reader.all("img")] == ["A figure"]


def test_a_study_without_analysis_shows_its_folder(tmp_path):
    folder = write_study(
        tmp_path / "s", study_json={"kind": "new-kind"}, distances_csv="level,distance\n0,0.0\n0.25,4.4978\n"
    )
    Image.new("L", (9, 9)).save(folder / "figure.png")
    (folder / "runs" / "abc").mkdir(parents=True)
    (folder / "runs" / "abc" / "config.yaml").write_text("seed: 0")
    reader = check(study_page(folder))
    for words in ("new-kind", "distances", "4.498", "abc incomplete"):
        assert words in reader.words


DAMAGED = '{"tables": [{"columns": 3}], "figures": [{"file": "/etc/passwd"}, 4], "sentences": 3}'


@pytest.mark.parametrize("content", ["", "[]", DAMAGED])
def test_a_damaged_study_stands(tmp_path, content):
    folder = write_study(tmp_path / "s", study_json="{}", analysis_json=content, runs_csv='a,b\n"x')
    assert "No analysis was written yet" in check(study_page(folder)).words
