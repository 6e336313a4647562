"""The picture of a run is drawn from its records alone, whatever they lack."""

import json

import pytest
from PIL import Image

from equipoise.reports.curves import draw_curves

LOSSES = {"disc_loss": 1.3, "gen_loss": 0.7, "disc_gap": -0.09, "gen_gap": None}
METRICS = {"step": 1, **LOSSES, "disc_rate": 4e-4, "gen_rate": 2e-4}


def write(path, records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


def test_a_run_without_records_has_no_picture(tmp_path):
    assert draw_curves(tmp_path) is None


@pytest.mark.parametrize("evaluations", [[], [{"step": 0, "values": {"fd": 9.0}}, {"step": 1, "values": {"fd": None}}]])
@pytest.mark.parametrize("with_samples", [False, True])
def test_a_picture_is_drawn(tmp_path, evaluations, with_samples):
    write(tmp_path / "metrics.jsonl", [METRICS, METRICS | {"step": 2, "disc_loss": None, "disc_gap": None}])
    write(tmp_path / "evaluations.jsonl", evaluations)
    if with_samples:
        (tmp_path / "samples").mkdir()
        Image.new("L", (40, 40)).save(tmp_path / "samples" / "step-000002.png")
    picture = draw_curves(tmp_path)
    assert picture == tmp_path / "curves.png"
    with Image.open(picture) as image:
        assert image.width > 1000


def test_the_path_of_a_game_between_points_is_drawn(tmp_path):
    points = [{"disc_point": [-4.0 / n], "gen_point": [2.0 / n]} for n in (1, 2, 3)]
    write(tmp_path / "metrics.jsonl", [METRICS | {"step": n} | point for n, point in enumerate(points)])
    with Image.open(draw_curves(tmp_path)) as image:
        assert image.width > 1000
