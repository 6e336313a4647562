"""What a round costs in every unit, and the runs that a budget buys."""

import json

import pytest

from equipoise.config import TrainingSettings
from equipoise.core.errors import UserError
from equipoise.core.files import read_json_lines
from equipoise.studies.comparison.budget import UNITS, Budget, Spent, cost_at, cost_of_round
from equipoise.studies.folder import Status
from equipoise.training import train
from equipoise.training.orders import ORDERS


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("disc_steps", [1, 3])
def test_a_round_costs_what_runs_record(order, disc_steps, tiny, tmp_path):
    training = {"order": order, "disc_steps": disc_steps, "steps": 22, "batch_size": 8}
    settings = tiny(root=str(tmp_path), training=training, evaluation={"every": 2})
    train(settings)
    records = {record["step"]: record for record in read_json_lines(tmp_path / "run" / "evaluations.jsonl")}
    for unit, cost in cost_of_round(settings.training).items():
        # The first round of some orders costs one gradient more.
        assert (cost_at(records[22], unit) - cost_at(records[2], unit)) / 20 == pytest.approx(cost), unit


@pytest.mark.parametrize(
    ("order", "disc_steps", "gradients"),
    [("alternating", 1, 2), ("alternating", 5, 6), ("extragradient", 1, 4), ("past-extragradient", 1, 2)],
)
def test_gradients_of_known_orders(order, disc_steps, gradients):
    assert cost_of_round(TrainingSettings(order=order, disc_steps=disc_steps))["gradients"] == gradients


@pytest.mark.parametrize(
    ("unit", "amount", "steps"), [("steps", 100, 100), ("gradients", 100, 16), ("images", 100, 2), ("seconds", 100, 60)]
)
def test_a_budget_buys_rounds(unit, amount, steps, tiny):
    settings = tiny(training={"disc_steps": 5, "batch_size": 8})
    assert Budget(unit, amount).given_to(settings).training.steps == steps


def test_a_budget_that_buys_no_round_is_refused(tiny):
    with pytest.raises(UserError, match=r"A budget of 3 gradients buys no round of an arm that takes 6 gradients"):
        Budget("gradients", 3).given_to(tiny(training={"disc_steps": 5}))


def test_a_run_stops_at_the_first_evaluation_past_its_seconds():
    rule = Spent(Budget("seconds", 10))
    records = [{"step": 10 * number, "images": 0, "seconds": 6.0 * number} for number in range(3)]
    assert rule.verdict(records[:2]) is None
    standing = rule.verdict(records)
    assert (standing.status, standing.sentence) == (Status.COMPLETE, "Spent 10 seconds by step 20.")
    assert rule.verdict([]) is None


def test_every_unit_is_in_the_records(tiny, tmp_path):
    train(tiny(root=str(tmp_path), training={"steps": 10}))
    (first, last) = read_json_lines(tmp_path / "run" / "evaluations.jsonl")
    assert [cost_at(first, unit) for unit in UNITS[:3]] == [0.0, 0.0, 0.0]
    assert [cost_at(last, unit) for unit in UNITS[:3]] == [10.0, 20.0, 160.0]
    assert cost_at(last, "seconds") >= cost_at(first, "seconds") > 0
    assert json.loads(json.dumps(last)) == last
