"""The published archive's layout, in small, read in and analysed by the same functions."""

import json
import math

import pytest

from equipoise.core.errors import UserError
from equipoise.studies.batch_size.archive import read_archive
from equipoise.studies.batch_size.critical import analyse
from equipoise.studies.reaches import fewest, reaches

METRICS = "step,train/cross_entropy_error,val/classification_error"


def write_trial(folder, number, status, rate, num_steps=2000):
    trial = folder / str(number)
    trial.mkdir(parents=True)
    about = {"trial_id": number, "status": status, "steps": num_steps, "parameters": {"learning_rate": rate}}
    (trial / "metadata.json").write_text(json.dumps(about))
    rows = [f"{step},{2.0},{math.exp(-rate * step)}" for step in range(0, num_steps + 1, 20)]
    (trial / "measurements.csv").write_text("\n".join([METRICS, *rows]))


@pytest.fixture
def workload(tmp_path):
    """Three batch sizes on a hyperbola of b* 8, each with a slower trial, a diverged and an incomplete one."""
    for size in (8, 32, 128):
        folder = tmp_path / str(size)
        best = math.log(10) / (100 / (1 - 4 / size))
        write_trial(folder, 1, "COMPLETE", best / 3)
        write_trial(folder, 2, "INFEASIBLE", 1e-9, num_steps=40)
        write_trial(folder, 3, "INCOMPLETE", best * 10)
        write_trial(folder, 10, "COMPLETE", best)
        study = {"batch_size": size, "train_steps": 2000, "model": "m", "dataset": "d", "optimizer": "o"}
        (folder / "study.json").write_text(json.dumps(study))
    return tmp_path


def test_the_archive_is_analysed_by_the_same_functions(workload):
    curves = read_archive(workload, "val/classification_error")
    assert sorted((curve.batch_size, curve.seed) for curve in curves) == [
        (size, trial) for size in (8, 32, 128) for trial in (1, 2, 10)
    ]
    every = reaches(curves, target=0.1)
    assert [(one.batch_size, one.seed) for one in every if not one.met] == [(8, 2), (32, 2), (128, 2)]
    assert all(one.steps == 2000 for one in every if not one.met)
    found = fewest(every)
    assert [one.seed for one in found] == [10, 10, 10]
    assert [one.steps for one in found] == pytest.approx([100 / (1 - 4 / size) for size in (8, 32, 128)])
    finding = analyse(0.1, found)
    assert finding.measured.value == 8
    assert finding.laws["hyperbola"].critical_batch.value == pytest.approx(8, rel=0.02)
    assert finding.laws["hyperbola"].critical_batch.low is None


def test_what_is_no_archive_or_lacks_the_metric_is_refused(tmp_path, workload):
    with pytest.raises(UserError, match=r"no column 'fid'; it has train/cross_entropy_error, val/classification_error"):
        read_archive(workload, "fid")
    with pytest.raises(UserError, match=r"holds no \*/study.json"):
        read_archive(tmp_path / "8", "val/classification_error")
    (workload / "8" / "1" / "metadata.json").write_text("{}")
    with pytest.raises(UserError, match="not an archive"):
        read_archive(workload, "val/classification_error")
