"""A run that is killed at any instant and resumed ends as one that never was; nothing is left lying about."""

import itertools

import pytest
from faultlab.kills import kills

ROLLBACK = {  # not finite from the first rounds on, until the guard has brought both rates down
    "disc": {"optimizer": "sgd", "betas": None, "lr": 1e12, "schedule": {"decay": "constant", "final": 0.01}},
    "guard": {"nonfinite": "rollback", "rollback_rate": 1e-7, "max_rollbacks": 5},
    "training": {"log_every": 2, "checkpoint_every": 4},
}


@pytest.mark.parametrize(("scene", "number"), [("ring", 8), ("digits", 5)])
def test_killed_runs_end_as_if_they_never_were(lab, tmp_path, scene, number):
    for way, _, wrong in kills(lab, scene, number, tmp_path):
        assert not wrong, (way, wrong)


def test_runs_that_go_back_do_so_again_after_a_kill(lab, tmp_path):
    results = itertools.islice(kills(lab, "ring", 5, tmp_path, changes=ROLLBACK), 5)
    assert [wrong for _, _, wrong in results if wrong] == []
    assert "rollback" in (tmp_path / "whole/runs/run/events.jsonl").read_text()
