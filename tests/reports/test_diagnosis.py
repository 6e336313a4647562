"""Figures of a diagnosis from its record alone: whatever is missing in it, and the same bytes each time."""

import json

import pytest

from equipoise.reports.diagnosis import draw_diagnosis


def ends(*values):
    return {"values": [list(value) for value in values], "tolerance": 0.01, "scale": 5.0, "complete": True}


SPECTRUM = {
    "jacobian": ends((5.0, 0.0), (0.1, 2.0), (0.1, -2.0)),
    "disc_hessian": ends((5.0, 0.0)),
    "gen_hessian": ends((-1.0, 0.0)),
}
PATH = {
    "from_step": 0,
    "to_step": 8,
    "positions": [0.5, 1.0, 1.5],
    "cosines": [-1.0, None, 1.0],
    "norms": [1.0, 0.0, 1.0],
    "shape": "attraction",
    "switch": 1.0,
    "bump": 0.0,
}
PROBE = {"rounds": [1, 2], "losses": [1.4, None], "own_loss": 1.3, "ideal": None, "num_rounds": 2, "loss": 1.2}


def written(folder, **measurements):
    path = folder / "step-000008.json"
    path.write_text(json.dumps({"title": "x", "measurements": measurements}))
    return path


def test_every_measurement_with_a_figure_gets_one(tmp_path):
    path = written(tmp_path, spectrum=SPECTRUM, path=PATH, probe=PROBE, losses={})
    found = draw_diagnosis(path)
    assert [figure["file"] for figure in found["figures"]] == [
        "step-000008-spectrum.png",
        "step-000008-path.png",
        "step-000008-probe.png",
    ]
    assert "real parts from 0.1 to 5" in found["figures"][0]["alternative"]
    assert json.loads(path.read_text()) == found


def test_drawing_twice_gives_the_same_bytes(tmp_path):
    path = written(tmp_path, spectrum=SPECTRUM, path=PATH, probe=PROBE)
    pictures = [
        [(tmp_path / figure["file"]).read_bytes() for figure in draw_diagnosis(path)["figures"]] for _ in range(2)
    ]
    assert pictures[0] == pictures[1]


def test_figures_of_an_earlier_diagnosis_that_measured_more_go(tmp_path):
    draw_diagnosis(written(tmp_path, spectrum=SPECTRUM, path=PATH))
    draw_diagnosis(written(tmp_path, path=PATH))
    assert [path.name for path in sorted(tmp_path.glob("*.png"))] == ["step-000008-path.png"]


def test_figures_of_others_are_kept(tmp_path):
    path = written(tmp_path, path=PATH)
    other = {"file": "step-000008-neighbours.png", "alternative": "Neighbours."}
    path.write_text(json.dumps({**json.loads(path.read_text()), "figures": [other]}))
    for _ in range(2):
        figures = draw_diagnosis(path)["figures"]
    assert [figure["file"] for figure in figures] == ["step-000008-neighbours.png", "step-000008-path.png"]


def test_nothing_to_draw(tmp_path):
    assert draw_diagnosis(written(tmp_path))["figures"] == []


@pytest.mark.parametrize("number", [0, 1])
def test_no_eigenvalues_and_no_scale(tmp_path, number):
    nothing = {**ends(*[(0.0, 0.0)] * number), "tolerance": 0.0, "scale": 0.0}
    path = written(tmp_path, spectrum=dict.fromkeys(SPECTRUM, nothing))
    assert len(draw_diagnosis(path)["figures"]) == 1
