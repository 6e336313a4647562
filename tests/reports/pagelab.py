"""Run folders written by hand, so that pages meet records that no quick run would leave; and a reader of pages."""

import itertools
import json
import math
import re
from html.parser import HTMLParser

import yaml
from PIL import Image

from equipoise.config.files import validated
from equipoise.reports.pages.page import write_page
from equipoise.reports.pages.records import RunRecords
from equipoise.reports.pages.run_page import run_page
from equipoise.reports.pages.runs_page import runs_page
from equipoise.reports.pages.study_page import study_page

IDEAL = math.log(4)


def metric(step, disc_loss=1.3, gen_loss=0.8, **more):
    gap = None if disc_loss is None else disc_loss - IDEAL
    return {
        "step": step, "images": 64 * step, "seconds": 0.1 * step, "images_per_second": 640.0,
        "disc_loss": disc_loss, "gen_loss": gen_loss, "disc_penalty": 0.0, "gen_penalty": 0.0,
        "disc_gap": gap, "gen_gap": None if gen_loss is None else gen_loss - IDEAL / 2,
        "disc_rate": 4e-4, "gen_rate": 2e-4, "rate_ratio": 2.0, "disc_gradients": step, "gen_gradients": step,
    } | more  # fmt: skip


def evaluation(step, fd, judge="fd", **more):
    protocol = {"features": "digits", "num_samples": 100, "seed": 0}
    return {"step": step, "images": 64 * step, "seconds": 0.1 * step, "judge": judge, "intervals": {},
            "values": {"fd": fd} | more, "protocol": protocol}  # fmt: skip


def settings_of(changes):
    return validated(changes, "in a test")


COMPLETE = {
    "outcome": "complete",
    "sentence": "Complete: all 1000 steps were played.",
    "step": 1000,
    "values": {"judge": "fd", "first": 100.0, "first_step": 0, "best": 2.0, "best_step": 1000, "latest": 2.0,
               "latest_step": 1000},
    "next": "Make examples with: equipoise sample runs/mine",
}  # fmt: skip
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&{{ 7*7 }}"


def write_run(
    root, name="mine", *, metrics=(), evaluations=(), events=(), outcome=None, steps=(), lines=None, **changes
):
    folder = root / name.replace("/", "-")
    (folder / "samples").mkdir(parents=True)
    """A run folder below ``root`` from records and settings; what is not given is not there."""
    settings = settings_of({"name": name, "game": {"penalty": "none"}} | changes)
    (folder / "config.yaml").write_text(yaml.safe_dump(settings.model_dump(mode="json"), sort_keys=False))
    (folder / "environment.json").write_text(json.dumps({"torch": "2.13.0", "threads": 1}))
    for file, records in (("metrics", metrics), ("evaluations", evaluations), ("events", events)):
        if records:
            (folder / f"{file}.jsonl").write_text("".join(json.dumps(each) + "\n" for each in records))
    if outcome:
        (folder / "outcome.json").write_text(json.dumps(outcome))
    for step in steps:
        path = folder / "samples" / f"step-{step:06d}"
        if lines is None:
            Image.new("L", (40, 40), step % 256).save(path.with_suffix(".png"))
        else:
            path.with_suffix(".txt").write_text("".join(line + "\n" for line in lines))
    return folder


def hostile_run(root):
    """A run in whose every text something tries to break out of the page."""
    event = {"step": 500, "found": HOSTILE, "done": HOSTILE, "sentence": HOSTILE}
    folder = write_run(
        root,
        "<script>alert(1)<",
        metrics=[metric(step) | {HOSTILE: 1.0} for step in range(100, 1001, 100)],
        evaluations=[evaluation(step, 100.0 - step / 20, **{HOSTILE: 1.0}) for step in (0, 500, 1000)],
        events=[event],
        outcome=COMPLETE | {"sentence": HOSTILE, "next": f"{HOSTILE}: equipoise {HOSTILE}"},
        steps=(0, 1000),
        lines=[HOSTILE, "</pre><h1>out</h1>"],
        disc={"options": {HOSTILE: HOSTILE}},
        data={"source": "text", "path": HOSTILE},
    )
    (folder / "environment.json").write_text(json.dumps({HOSTILE: HOSTILE}))
    (folder / "diagnosis").mkdir()
    table = {"title": HOSTILE, "columns": [HOSTILE], "rows": [[HOSTILE]]}
    found = {"verdict": HOSTILE, "sentences": [HOSTILE], "tables": [table],
             "figures": [{"file": "../../escape.png", "alternative": HOSTILE}]}  # fmt: skip
    (folder / "diagnosis" / "step-001000.json").write_text(json.dumps(found))
    (folder / "samples" / "neighbours.json").write_text(json.dumps({"space": HOSTILE, "distances": [HOSTILE]}))
    return folder


def whole_run(root):
    """A run in which all went well."""
    return write_run(
        root,
        metrics=[metric(step, 1.3 + 0.01 * math.sin(step)) for step in range(100, 1001, 100)],
        evaluations=[evaluation(step, 100.0 / (1 + step), classes=10) for step in range(0, 1001, 100)],
        outcome=COMPLETE,
        steps=(0, 500, 1000),
    )


VOID = {"meta", "link", "img", "br", "hr", "input", "path", "line"}


class Reader(HTMLParser):
    """Elements with their attributes, and whether every one is closed where it should be."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.open, self.text = [], [], []
        self.feed(html)
        self.close()
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open
            assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("script", "style"):
            self.text.append(data)

    def all(self, *tags):
        return [attributes for tag, attributes in self.elements if tag in tags]

    @property
    def words(self):
        return " ".join(" ".join(self.text).split())


def check(html):
    """What every page must be."""
    reader = Reader(html)
    assert html.startswith("<!doctype html>")
    assert reader.all("html")[0]["lang"] == "en"
    levels = [int(tag[1]) for tag, _ in reader.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    names = [attributes["id"] for _, attributes in reader.elements if "id" in attributes]
    assert len(names) == len(set(names))
    for picture in reader.all("img"):
        assert picture["src"].startswith("data:image/")
        assert picture["alt"]
    assert all(attributes.get("aria-label") or attributes.get("aria-hidden") for attributes in reader.all("svg"))
    assert all(attributes["scope"] in ("row", "col") for attributes in reader.all("th"))
    assert all(attributes.get("aria-label") for attributes in reader.all("input"))
    for _, attributes in reader.elements:
        assert not {"src", "href", "action", "style"} & attributes.keys() - {"src", "href"}
        assert attributes.get("href", "#").startswith("#")
        assert not any(name.startswith("on") for name in attributes)
    assert "http://" not in html.replace("http-equiv", "")
    assert "https://" not in html
    return reader


def many(number, value):
    return [metric(step, value(step)) for step in range(1, number + 1)]


def some_study(root):
    folder = root / "study"
    folder.mkdir()
    table = {"title": "Medians", "columns": [f"column {n}" for n in range(12)], "rows": [[n] * 12 for n in range(30)]}
    analysis = {
        "kind": "compare",
        "title": "Which optimiser reaches the target first?",
        "sentences": ["Adam does, by a factor of two (95 % interval 1.6 to 2.4).", HOSTILE],
        "tables": [table, table | {"title": "Means"}],
        "figures": [{"file": "figure.png", "alternative": "Steps to the target by optimiser"}],
    }
    (folder / "study.json").write_text(json.dumps({"kind": "compare", "settings": {"seed": 0, "name": "x" * 300}}))
    (folder / "analysis.json").write_text(json.dumps(analysis))
    rows = "".join(f"{n:016x},adam,{n},complete,Met the target by step {n}.\n" for n in range(60))
    (folder / "runs.csv").write_text("run,arm,seed,status,sentence\n" + rows)
    Image.new("RGB", (1440, 600), "#dddddd").save(folder / "figure.png")
    return folder


def all_pages(root):
    """One page of every kind, and of every odd kind of records; files by name."""
    waves = [metric(step, 1.3 + math.sin(step) / 9) for step in range(100, 2001, 100)]
    runs = {
        "whole": whole_run(root / "1"),
        "hostile": hostile_run(root / "2"),
        "gaps": write_run(root, "gaps", metrics=many(300, lambda step: None if 99 < step < 200 else 1.0)),
        "broken": write_run(root, "broken", metrics=many(20, lambda _: None), evaluations=[evaluation(0, None)]),
        "one-line": write_run(root, "one-line", metrics=[metric(1)]),
        "empty": write_run(root, "empty"),
        "long": write_run(root, "long", metrics=many(100_000, lambda step: 1.3 + step % 7 / 10)),
        "text": write_run(root, "text", metrics=waves, steps=(0, 100), lines=["the cat sat on the mat " * 9] * 30),
        "points": write_run(
            root, "points", metrics=[metric(n) | {"disc_point": [9 / n], "gen_point": [1 / n]} for n in range(1, 99)]
        ),
    }
    records = {name: RunRecords.read(path) for name, path in runs.items()}
    htmls = {
        name: run_page(each, "equipoise train digits " + "--long.option value " * 20) for name, each in records.items()
    }
    htmls["several"] = runs_page([records[name] for name in ("whole", "hostile", "gaps")], ["a", "b", "c"])
    htmls["study"] = study_page(some_study(root))
    return {name: write_page(root / f"{name}.html", html) for name, html in htmls.items()}
