"""What every measurement owes: it changes nothing, repeats, and can be written down."""

import json
from dataclasses import asdict
from typing import get_args

import pytest
import torch

from equipoise.config.diagnosis import MEASUREMENT_NAMES, MeasurementName
from equipoise.core.files import without_nan
from equipoise.core.tensors import pack
from equipoise.training.diagnosis.findings import Findings
from equipoise.training.diagnosis.measurements import MEASUREMENTS
from equipoise.training.diagnosis.position import NotMeasuredError
from equipoise.training.diagnosis.tables import tables_of

GAMES_BETWEEN_POINTS = ("dirac", "bilinear")
RUNS = ("points", "images", "spectral", "text", "domains", *GAMES_BETWEEN_POINTS)
MISSING = {
    *((game, name) for game in GAMES_BETWEEN_POINTS for name in ("noise", "probe", "modes", "memorisation")),
    ("points", "memorisation"),
    ("spectral", "modes"),
    ("spectral", "memorisation"),
    ("text", "modes"),
    ("text", "memorisation"),
    ("domains", "modes"),
    ("domains", "memorisation"),
}


def measured(position, name):
    try:
        return asdict(MEASUREMENTS[name](position))
    except NotMeasuredError as reason:
        return str(reason)


def state_of(session):
    modules = (session.board.game.disc, session.board.game.gen, session.average.module)
    tensors, skeleton = pack([session.networks_state(), session.state_dict()])
    flags = [(module.training, parameter.requires_grad) for module in modules for parameter in module.parameters()]
    gradients = [parameter.grad for module in modules[:2] for parameter in module.parameters()]
    return {key: value.clone() for key, value in tensors.items()}, skeleton, flags, gradients


def test_the_registry_is_that_of_the_settings():
    assert tuple(MEASUREMENTS) == MEASUREMENT_NAMES == get_args(MeasurementName)


@pytest.mark.parametrize("game", RUNS)
@pytest.mark.parametrize("name", MEASUREMENTS)
def test_a_measurement_leaves_the_run_as_it_was_and_repeats(position_of, game, name):
    position = position_of(game)
    before = state_of(position.session)
    first, again = (measured(position, name) for _ in range(2))
    after = state_of(position.session)
    for key, value in before[0].items():
        assert torch.equal(value, after[0][key]), key
    assert before[1:3] == after[1:3]
    assert all(one is other for one, other in zip(before[3], after[3], strict=True))
    assert first == again
    assert isinstance(first, str) == ((game, name) in MISSING)
    assert not isinstance(first, str) or first.endswith(".")
    json.dumps(without_nan(first), allow_nan=False)


@pytest.mark.parametrize("name", ["losses", "gradients", "noise", "spectrum", "path", "probe", "memorisation"])
def test_another_seed_gives_other_numbers(position_of, name):
    game = "images" if name == "memorisation" else "points"
    assert measured(position_of(game), name) != measured(position_of(game, seed=1), name)


@pytest.mark.parametrize("game", ["points", "images", "domains", "dirac"])
def test_everything_becomes_tables(position_of, game):
    position, records = position_of(game), {}
    for name, measure in MEASUREMENTS.items():
        if (game, name) not in MISSING:
            records[name] = measure(position)
    found = Findings(position.session.settings, 4, **records, not_measured={"why": "because."})
    tables = tables_of(found)
    assert len(tables) == len(records) + 1
    for table in tables:
        assert all(len(row) == len(table["columns"]) for row in table["rows"])
        assert all(isinstance(cell, str | float | int | None) for row in table["rows"] for cell in row)


def test_progress_ends_at_its_total(position_of):
    from dataclasses import replace

    told = {}
    position = replace(
        position_of("points"), on_progress=lambda what, done, total: told.__setitem__(what, (done, total))
    )
    for name in ("losses", "gradients", "noise", "path", "probe", "modes"):
        MEASUREMENTS[name](position)
    assert len(told) == 6
    assert all(done == total for done, total in told.values())
