"""Every distance of the registry goes through every check, and every check fails a distance that breaks its rule."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from equipoise.core.errors import UserError
from equipoise.metrics import DISTANCES, conformance, interval
from equipoise.metrics.uncertainty import Interval


@pytest.mark.parametrize("check", conformance.CHECKS.values(), ids=conformance.CHECKS)
@pytest.mark.parametrize("distance", DISTANCES.values(), ids=DISTANCES)
def test_every_distance(distance, check):
    check(distance)


def test_an_unknown_distance_is_told_the_nearest():
    with pytest.raises(UserError, match="did you mean 'frechet'"):
        interval("freche", np.zeros((2, 2)), np.zeros((2, 2)))


def _mean_gap(x, y):
    x, y = (torch.as_tensor(each, dtype=torch.float64) for each in (x, y))
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1] or min(len(x), len(y)) < 2:
        raise UserError("These sets cannot be compared.")
    if not (x.isfinite().all() and y.isfinite().all()):
        raise UserError("These numbers are not finite.")
    return float((x.mean(dim=0) - y.mean(dim=0)).square().sum())


def _around(x, y, level, seed):
    value = _mean_gap(x, y)
    return Interval(value, value - level, value + level, level, 1.0, "none", len(x), len(y))


SOUND = conformance.Distance("mean gap", _mean_gap, _around)


def test_a_sound_distance_of_ones_own_passes():
    conformance.check(SOUND)


BROKEN = {
    "alike sets are ideal": lambda x, y: _mean_gap(x, y) + 1e-6,
    "other sets are worse": lambda x, y: -_mean_gap(x, y),
    "sides can be exchanged": lambda x, y: _mean_gap(x, y) * (1 + float(x[0, 0] > y[0, 0])),
    "order does not matter": lambda x, y: _mean_gap(x, y) + abs(float(x[0, 0] - y[0, 0])) * 1e-3,
    "forms of input agree": lambda x, y: _mean_gap(x, y) * (1 + isinstance(x, torch.Tensor)),
    "the same twice": lambda x, y: _mean_gap(x, y) + np.random.default_rng().random() * (x is not y),
    "mistakes are one sentence": lambda x, y: float(np.square(np.mean(x) - np.mean(y))),
    "memory is for blocks": lambda x, y: _mean_gap(x, y) + 0 * float(torch.cdist(*map(torch.as_tensor, (x, y))).sum()),
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_checks_find_what_is_broken(name):
    with pytest.raises(AssertionError):
        conformance.CHECKS[name](replace(SOUND, measure=BROKEN[name]))


def test_an_interval_beside_its_value_is_found():
    beside = replace(SOUND, estimate=lambda *given: replace(_around(*given), low=_mean_gap(*given[:2]) + 0.1))
    with pytest.raises(AssertionError):
        conformance.CHECKS["intervals hold the value"](beside)


def test_a_failure_names_check_and_distance():
    with pytest.raises(AssertionError) as caught:
        conformance.check(replace(SOUND, measure=BROKEN["alike sets are ideal"]))
    assert caught.value.__notes__ == ["in the check 'alike sets are ideal' of the distance 'mean gap'"]
