"""The conformance suite of decays, and each against its closed form."""

import itertools
import math
import typing

import pytest

from equipoise.config import ScheduleSettings
from equipoise.config.schedules import DecayName
from equipoise.core.errors import UserError
from equipoise.schedules import DECAYS, build_decay

N = 1000


def test_registry_and_settings_agree():
    assert set(DECAYS) == set(typing.get_args(DecayName))


@pytest.mark.parametrize("name", DECAYS)
def test_starts_at_one_never_rises_and_stays_in_range(name):
    decay = build_decay(ScheduleSettings(decay=name), N)
    factors = [decay(step) for step in range(2 * N)]
    assert factors[0] == 1.0
    assert all(0 < later <= earlier <= 1 for earlier, later in itertools.pairwise(factors))


@pytest.mark.parametrize(
    ("settings", "step", "expected"),
    [
        ({"decay": "constant"}, 999, 1.0),
        ({"decay": "inverse-sqrt"}, 3, 0.5),
        ({"decay": "polynomial", "power": 0.75}, 15, 1 / 8),
        ({"decay": "step", "gamma": 0.9, "interval": 100}, 99, 1.0),
        ({"decay": "step", "gamma": 0.9, "interval": 100}, 250, 0.81),
        ({"decay": "linear", "final": 0.2}, 500, 0.6),
        ({"decay": "cosine", "final": 0.2}, 500, 0.6),
        ({"decay": "cosine", "final": 0.0}, 250, (1 + math.sqrt(0.5)) / 2),
        ({"decay": "exponential", "final": 0.01}, 500, 0.1),
    ],
)
def test_closed_forms(settings, step, expected):
    assert build_decay(ScheduleSettings(**settings), N)(step) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", ["linear", "cosine", "exponential"])
def test_reaches_its_final_value_and_stays(name):
    decay = build_decay(ScheduleSettings(decay=name, final=0.05), N)
    assert decay(N) == pytest.approx(0.05, rel=1e-12)
    assert decay(3 * N) == pytest.approx(0.05, rel=1e-12)


def test_exponential_decay_to_zero_is_refused():
    with pytest.raises(UserError, match="cannot reach 0"):
        build_decay(ScheduleSettings(decay="exponential", final=0.0), N)
