"""Both views say what happens, the best distance of before a resume and the time left included."""

import io

import pytest
from rich.console import Console

from equipoise.cli import live
from equipoise.cli.live import LineView, LiveView
from equipoise.config import RunSettings, TrainingSettings

SETTINGS = RunSettings(name="mine", training=TrainingSettings(steps=1000))
BEFORE = {
    "judge": "fd",
    "first": 9.0,
    "first_step": 0,
    "best": 1.25,
    "best_step": 300,
    "latest": 2.5,
    "latest_step": 400,
}
METRICS = {
    "step": 500, "images": 1, "seconds": 1.0, "images_per_second": 100.0, "disc_loss": 1.2, "gen_loss": 0.8,
    "disc_gap": -0.186, "gen_gap": None, "disc_rate": 1e-4, "gen_rate": 2e-4, "rate_ratio": 0.5,
}  # fmt: skip
FOLLOWED = {"disc_ideal_loss": 1.386, "disc_average_loss": 1.25, "disc_gap_factor": 0.105}


def evaluation(step, distance):
    return {"step": step, "values": {"fd": distance, "modes": 8}, "judge": "fd"}


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is moved."""
    now = [100.0]
    monkeypatch.setattr(live.time, "monotonic", lambda: now[0])
    return now


def shown(view):
    console = Console(file=io.StringIO(), width=200)
    console.print(view._render())
    return console.file.getvalue()


def test_lines_say_the_best_and_the_time_left(capsys, clock):
    view = LineView()
    view.on_start(SETTINGS, 0, {}, {})
    for step, distance in ((0, 9.0), (250, 3.0), (500, 4.0), (1000, 2.0)):
        clock[0] = 100.0 + step
        view.on_evaluation(evaluation(step, distance))
    first, second, third, last = capsys.readouterr().out.splitlines()
    assert "left" not in first
    assert "fd 3, modes 8, best 3 (step 250) | 0:12:30 left" in second
    assert "fd 4, modes 8, best 3 (step 250) | 0:08:20 left" in third
    assert "best 2 (step 1,000)" in last
    assert "left" not in last


def test_lines_after_a_resume(capsys, clock):
    view = LineView()
    view.on_start(SETTINGS, 400, {}, BEFORE)
    clock[0] += 30
    view.on_evaluation(evaluation(500, 2.0))
    assert "best 1.25 (step 300) | 0:02:30 left" in capsys.readouterr().out  # 100 rounds in 30 s, 500 to go


def test_the_panel_after_a_resume():
    view = LiveView(Console(file=io.StringIO()))
    view.on_start(SETTINGS, 400, {}, BEFORE)
    assert "FD 2.5 (step 400), best 1.25 (step 300)" in shown(view)
    view.on_evaluation(evaluation(500, 2.0))
    assert "FD 2 (step 500), best 1.25 (step 300), modes 8" in shown(view)
    view.on_evaluation(evaluation(600, 1.0))
    assert "FD 1 (step 600), best 1 (step 600), modes 8" in shown(view)


def test_a_run_without_distances_shows_none():
    view = LiveView(Console(file=io.StringIO()))
    view.on_start(SETTINGS, 0, {}, {})
    assert "FD" not in shown(view)


def test_both_views_show_the_gap_aware_rate(capsys, clock):
    words = "disc average 1.250, ideal 1.386: rate x 0.10"
    panel, lines = LiveView(Console(file=io.StringIO())), LineView()
    for view in (panel, lines):
        view.on_start(SETTINGS, 0, {}, {})
        clock[0] += 60
        view.on_metrics(METRICS | FOLLOWED)
    assert words in shown(panel)
    assert words in capsys.readouterr().out
    lines.on_metrics(METRICS)
    assert "gap" not in live.summary(METRICS)["gap"]
