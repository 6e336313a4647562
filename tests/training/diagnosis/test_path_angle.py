"""The path-angle against closed forms on games between points."""

import math

import numpy as np
import pytest
import torch

from equipoise.config import RunSettings
from equipoise.config.diagnosis import DiagnosisSettings
from equipoise.training.diagnosis.path_angle import measure_path
from equipoise.training.diagnosis.position import NotMeasuredError, Position
from equipoise.training.runs import open_session


def between(kind, start, end, **game):
    """The path of a game between two numbers, from (disc, gen) = ``start`` to ``end``."""
    session = open_session(RunSettings.model_validate({"game": {"kind": kind, **game}}), None)
    with torch.no_grad():
        for player, value in zip((session.board.game.disc, session.board.game.gen), end, strict=True):
            player.value.fill_(value)
    weights = tuple(torch.tensor([value], dtype=torch.float64) for value in start)
    return Position(session, DiagnosisSettings(path_points=41), weights)


def test_a_rotation_that_is_passed_by_has_a_bump_of_known_shape():
    """v(w) = S w with S a turn by 90 degrees: <d, S w(a)> does not depend on a, so c is that over |d| |w(a)|."""
    start, end = np.array([2.0, 0.1]), np.array([0.0, 0.1])
    found = measure_path(between("bilinear", start, end))
    direction = end - start
    field = np.array([[0.0, -1.0], [1.0, 0.0]]) @ end
    expected = [
        direction @ field / (np.linalg.norm(direction) * np.linalg.norm(start + a * direction)) for a in found.positions
    ]
    np.testing.assert_allclose(found.cosines, expected, atol=1e-12)
    assert max(found.cosines, key=abs) == pytest.approx(math.copysign(1.0, expected[20]))
    assert found.shape == "rotation"
    assert abs(found.switch) < 1e-9
    np.testing.assert_allclose(found.norms, [np.linalg.norm(start + a * direction) for a in found.positions])


def test_a_rotation_through_its_centre_is_perpendicular_all_along():
    found = measure_path(between("bilinear", (2.0, 1.0), (0.0, 0.0)))
    assert max(abs(c) for c in found.cosines if c is not None) < 1e-6
    assert found.shape == "none"


def test_pure_attraction_is_a_switch():
    """The saddle near its axes: v along the path is parallel to it."""
    found = measure_path(between("saddle-cg", (1.0, 0.0), (0.0, 0.0)))
    assert found.switch == pytest.approx(1.0)
    assert found.bump == pytest.approx(0.0, abs=1e-9)
    assert found.shape == "attraction"


def test_attraction_with_rotation_is_a_spiral():
    """v = (l I + S) w: towards the centre c is -l / sqrt(l^2 + 1) before it and the same above 0 after it."""
    found = measure_path(between("quadratic", (1.0, 1.0), (0.0, 0.0)))
    slope = 0.25 / math.hypot(0.25, 1)
    assert found.cosines[0] == pytest.approx(-slope)
    assert found.cosines[-1] == pytest.approx(slope)
    assert found.switch == pytest.approx(slope)
    passed_by = measure_path(between("quadratic", (1.0, 0.05), (0.0, 0.05)))
    assert passed_by.shape == "spiral"


def test_a_maximum_repels():
    """The general-sum game's generator loses along its own axis: P = -1/2."""
    found = measure_path(between("general-sum", (0.0, 1.0), (0.0, 0.0)))
    assert found.switch < 0
    assert found.shape == "repulsion"


def test_a_path_of_no_length_is_refused():
    with pytest.raises(NotMeasuredError, match="same"):
        measure_path(between("bilinear", (1.0, 1.0), (1.0, 1.0)))
