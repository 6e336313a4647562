"""The rules side by side: what each takes, what no rule may read, the bounds, and the sentences."""

import json
import math

import pytest

from equipoise.config import RunSettings
from equipoise.core.judges import RISKS
from equipoise.recipes import RECIPES
from equipoise.studies.adaptation.analysis import analysis
from equipoise.studies.adaptation.choices import BASELINES, LAST, ORACLE, Bounds, baseline_settings, choices
from equipoise.studies.adaptation.words import sentences

BOUNDS = Bounds(0.5, 0.9)


def evaluation(step, target=0.7, validation=0.7, source=0.95, **risks):
    values = {"source_accuracy": source, **dict.fromkeys(RISKS.values(), 0.5), **risks}
    values |= {"expected_accuracy": 0.8, "effective_examples": 50.0, "num_weighted": 100}
    values |= {"oracle_validation_accuracy": validation, "oracle_target_accuracy": target}
    protocol = {"num_source": 100, "num_target": 300, "num_test": 100}
    return {"step": step, "values": values, "protocol": protocol}


def by_rule(evaluations, bounds=BOUNDS):
    return {choice.rule: choice for choice in choices(evaluations, bounds)}


RUN = [
    evaluation(0, target=0.99, validation=0.99, entropy=-1.0),
    evaluation(10, target=0.6, entropy=0.1),
    evaluation(20, target=0.8, validation=0.9, importance_weighted_risk=0.1),
    evaluation(30, target=0.7, dev_risk=-0.2, source_error=0.01),
]


def test_each_rule_takes_the_least_of_its_own_risk():
    found = by_rule(RUN)
    steps = {rule: choice.step for rule, choice in found.items()}
    expected = {"entropy": 10, "importance-weighted": 20, "dev": 30, "source-validation": 30, LAST: 30, ORACLE: 20}
    assert {rule: steps[rule] for rule in expected} == expected
    assert set(steps) == {*RISKS, LAST, ORACLE}


def test_all_are_reported_on_the_same_part_and_between_the_same_bounds():
    found = by_rule(RUN)
    assert found["entropy"].target == 0.6
    assert found["entropy"].gap_closed == pytest.approx(0.25)
    assert found[ORACLE].target == 0.8, "the oracle chooses by the validation part and reports on the test part"


def test_labels_of_the_target_move_the_oracle_alone():
    other = [json.loads(json.dumps(record)) for record in RUN]
    for number, record in enumerate(other):
        record["values"] |= {"oracle_validation_accuracy": number / 10, "oracle_target_accuracy": 0.1}
    moved = {rule for rule, choice in by_rule(other).items() if choice.step != by_rule(RUN)[rule].step}
    assert moved == {ORACLE}


def test_of_equals_the_later_is_taken_and_the_untrained_never():
    found = by_rule([evaluation(0, entropy=0.0), evaluation(10, entropy=0.2), evaluation(20, entropy=0.2)])
    assert found["entropy"].step == 20


def test_evaluations_without_finite_numbers_are_no_candidates():
    broken = {"step": 40, "values": {"information_risk": float("nan")}}
    assert by_rule([*RUN, broken])[LAST].step == 30
    odd = evaluation(40, dev_risk=float("nan"))
    assert by_rule([*RUN, odd])["dev"].step == 30
    assert choices([broken], BOUNDS) == []


def test_without_labels_there_is_no_oracle_and_no_gap():
    bare = [json.loads(json.dumps(record)) for record in RUN]
    for record in bare:
        del record["values"]["oracle_validation_accuracy"], record["values"]["oracle_target_accuracy"]
    found = by_rule(bare)
    assert ORACLE not in found
    assert found[LAST].target is None
    assert found[LAST].gap_closed is None


def test_bounds_the_wrong_way_round_have_no_gap():
    assert Bounds(0.9, 0.5).gap_closed(0.7) is None
    assert Bounds(0.5, None).gap_closed(0.7) is None


def test_a_bound_is_the_same_run_without_adaptation():
    settings = RECIPES["moons"].settings()
    for name in BASELINES:
        bound = baseline_settings(settings, name)
        assert bound.adaptation.baseline == name
        assert bound.name == f"moons-{name}"
        assert bound.model_copy(update={"name": "moons", "adaptation": settings.adaptation}) == settings


def said(accuracy, loss=1.3, **risks):
    settings = RunSettings.model_validate({"game": {"kind": "domain-adversarial"}})
    metrics = [{"disc_loss": loss, "disc_ideal": 1.386, "disc_accuracy": accuracy}]
    run = [evaluation(10, **risks)]
    return " ".join(sentences(settings, run, metrics, choices(run, BOUNDS)))


def test_the_sentences_give_both_estimates_and_how_the_game_stands():
    words = said(0.55, importance_weighted_risk=0.25)
    assert "80.0% by confidence" in words
    assert "75.0% by importance weights" in words
    assert "confusion, unless the discriminator is too weak" in words
    assert "partly confused" in said(0.75)
    assert "raise game.adversarial_weight" in said(0.97)
    assert "is behind" in said(0.1, loss=1.9)


def wilson(part, number):
    """Wilson's interval in percent, by its closed form."""
    centre, z = part + 1.959964**2 / (2 * number), 1.959964
    half = z * math.sqrt(part * (1 - part) / number + z**2 / (4 * number**2))
    low, high = ((centre + sign * half) / (1 + z**2 / number) for sign in (-1, 1))
    return f"{100 * low:.1f} to {100 * high:.1f}"


def test_both_estimates_have_intervals_and_say_how_many_examples_they_rest_on():
    words = said(0.55, importance_weighted_risk=0.26)
    assert f"by confidence (95 % interval {wilson(0.8, 75)} %)" in words, "100 and 300 examples vary as 75 of one set"
    assert f"by importance weights ({wilson(0.74, 50)} %)" in words
    assert "from 300 examples of the target and 100 of the source" in words
    assert "too high" in words


def test_accuracies_of_the_oracle_have_intervals(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run/evaluations.jsonl").write_text("".join(json.dumps(record) + "\n" for record in RUN))
    table = analysis(tmp_path / "run", RECIPES["moons"].settings())["tables"][0]
    place = table["columns"].index("95 % interval")
    assert "on 100 test examples" in table["title"]
    assert {row[0]: row[place] for row in table["rows"]}[LAST] == wilson(0.7, 100)


def test_the_table_says_which_checkpoints_can_be_applied(tmp_path):
    (tmp_path / "run/checkpoints/step-000030").mkdir(parents=True)
    (tmp_path / "run/evaluations.jsonl").write_text("".join(json.dumps(record) + "\n" for record in RUN))
    table = analysis(tmp_path / "run", RECIPES["moons"].settings())["tables"][0]
    found = {row[0]: row[table["columns"].index("kept")] for row in table["rows"]}
    assert (found[LAST], found["entropy"]) == ("yes", "no")


def test_weights_that_rest_on_few_examples_are_said_to():
    run = [evaluation(10)]
    run[0]["values"]["effective_examples"] = 3.0
    settings = RunSettings.model_validate({"game": {"kind": "domain-adversarial"}})
    assert "(3 of 100 by weight)" in " ".join(sentences(settings, run, [], choices(run, BOUNDS)))


def test_the_analysis_of_a_run_holds_what_any_page_can_show(tmp_path):
    for name, records in (("run", RUN), ("run-source-only", [evaluation(30, target=0.5)])):
        (tmp_path / name).mkdir()
        text = "".join(json.dumps(record) + "\n" for record in records)
        (tmp_path / name / "evaluations.jsonl").write_text(text)
    found = analysis(tmp_path / "run", RECIPES["moons"].settings())
    assert {"title", "sentences", "tables", "figures"} <= set(found)
    rows = {row[0]: row for row in found["tables"][0]["rows"]}
    columns = found["tables"][0]["columns"]
    assert rows["source-only"][columns.index("target (oracle), %")] == 50.0
    assert found["title"] == "moons: from moons to moons turned by 35 degrees"
    assert "target-only" not in rows
    assert all(len(row) == len(found["tables"][0]["columns"]) for row in rows.values())
