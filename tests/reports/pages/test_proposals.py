"""What a page proposes to type is a command that is taken."""

import math
import shlex

import pytest
from pagelab import COMPLETE, evaluation, metric

from equipoise.cli.settings import parse_settings
from equipoise.cli.study_batch_size import Arguments
from equipoise.cli.studying import parse_study
from equipoise.reports.pages.findings import findings
from equipoise.reports.pages.records import RunRecords

pytestmark = pytest.mark.filterwarnings("ignore::equipoise.core.errors.IgnoredSettingWarning")

STEPS = range(100, 1001, 100)
ROUNDS = {
    "won": {"metrics": [metric(step, 0.0) for step in STEPS]},
    "ahead": {"metrics": [metric(step, 0.4) for step in STEPS]},
    "behind": {"metrics": [metric(step, 1.6) for step in STEPS]},
    "blind": {
        "metrics": [metric(step, math.log(4)) for step in STEPS],
        "evaluations": [evaluation(step, 9.0) for step in STEPS],
    },
    "exploded": {"metrics": [metric(step, 1.3, 1e7) for step in STEPS]},
    "unlearnt": {"evaluations": [evaluation(step, float(step), classes=4) for step in STEPS]},
    "settled": {"evaluations": [evaluation(step, 100.0 if step == 100 else 5.0, classes=10) for step in STEPS]},
    "lost": {"evaluations": [evaluation(step, 5.0, classes=10 if step < 900 else 2) for step in STEPS]},
    "few": {"evaluations": [evaluation(100, 5.0)]},
    "broken": {"evaluations": [evaluation(100, 5.0), evaluation(200, None)]},
    "unmeasured": {"metrics": [metric(100)]},
}


@pytest.mark.parametrize("source", ["digits", "ring", "text"])
@pytest.mark.parametrize("records", ROUNDS.values(), ids=ROUNDS.keys())
def test_proposed_settings_are_taken(write_run, records, source):
    features = {"digits": "digits", "ring": "points", "text": "ngrams"}[source] if "evaluations" in records else "none"
    run = RunRecords.read(write_run("a b", data={"source": source}, evaluation={"features": features}, **records))
    typed = [shlex.split(each.command) for each in findings(run) if each.command]
    taken = [parse_settings(words[2:]) for words in typed if words[:2] == ["equipoise", "train"]]
    assert taken
    assert all(settings.name == "a b-2" for settings in taken)


def test_every_proposal_changes_something(write_run):
    for records in ROUNDS.values():
        folder = write_run(f"run-{len(records)}-{id(records)}", **records)
        run = RunRecords.read(folder)
        commands = [each.command for each in findings(run) if each.command.startswith("equipoise train")]
        assert all(len(shlex.split(command)) > 6 for command in commands)


def test_what_cannot_be_typed_as_it_is_has_no_command(write_run):
    outcome = COMPLETE | {"next": "Apply the classifier: equipoise predict runs/mine IMAGES"}
    ending = findings(RunRecords.read(write_run(outcome=outcome)))[0]
    assert (ending.advice, ending.command) == (outcome["next"], "")


def test_the_study_of_batch_sizes_is_proposed_where_there_is_a_distance(write_run):
    noisy = [metric(step, disc_noise_scale=6400.0) for step in STEPS]
    config = write_run("a b", metrics=noisy, evaluations=[evaluation(100, 5.0)]) / "config.yaml"
    commands = [each.command for each in findings(RunRecords.read(config.parent))]
    command = f"equipoise study batch-size --config {shlex.quote(str(config))}"
    assert command in commands
    _, rest = parse_study(Arguments, shlex.split(command)[3:], "study", "")
    assert parse_settings(rest).name == "a b"
    unmeasured = RunRecords.read(write_run("unmeasured", metrics=noisy))
    assert not [each for each in findings(unmeasured) if "study batch-size" in each.command]
