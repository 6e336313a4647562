"""A comparison from arms to files, with real runs of a second each, and everything that is refused."""

import csv
import json

import pytest

from equipoise.cli.main import main
from equipoise.config.files import to_yaml
from equipoise.core.errors import UserError
from equipoise.core.files import read_json_lines
from equipoise.studies.backends import Here
from equipoise.studies.comparison.arms import Arm, check_arms
from equipoise.studies.comparison.budget import Budget
from equipoise.studies.comparison.study import CompareStudy
from equipoise.studies.engine import Engine
from equipoise.studies.tables import Table

FAST = {"steps": 20, "log_every": 10, "sample_every": 20, "checkpoint_every": 20}


def play(folder, rule, runs):
    return Engine(folder, runs, rule, Here(), device="cpu").run()


@pytest.fixture
def arms(tiny):
    def make(**changes):
        one = tiny(training=FAST)
        return Arm("one", one), Arm("two", tiny(**{"training": FAST} | (changes or {"gen": {"lr": 1e-2}})))

    return make


def test_a_comparison_leaves_its_files(arms, tmp_path):
    answers = CompareStudy(arms(), Budget("gradients", 40), num_seeds=3).run(tmp_path / "study", play)
    analysis = json.loads((tmp_path / "study" / "analysis.json").read_text())
    assert {"title", "sentences", "tables", "figures"} <= analysis.keys()
    assert analysis["sentences"] == answers.results["sentences"]
    assert all(len(row) == len(table["columns"]) for table in analysis["tables"] for row in table["rows"])
    (pair,) = analysis["pairs"]["final"]
    assert (pair["first"], pair["second"], len(pair["differences"])) == ("one", "two", 3)
    with (tmp_path / "study" / "runs.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["arm"], row["seed"]) for row in rows] == [(arm, seed) for seed in "012" for arm in ("one", "two")]
    assert {row["gradients"] for row in rows} == {"40.0"}
    markdown, latex = ((tmp_path / "study" / name).read_text() for name in ("table.md", "table.tex"))
    assert "| one | 3 | 0 |" in markdown
    assert r"\begin{tabular}" in latex
    by_hand = [float(row["final"]) for row in rows]
    assert pair["differences"] == pytest.approx([a - b for a, b in zip(by_hand[::2], by_hand[1::2], strict=True)])


def test_common_seeds_share_first_weights_and_data(arms, tmp_path):
    study = CompareStudy(arms(), Budget("steps", 20), num_seeds=2)
    study.run(tmp_path / "study", play)
    paths = [tmp_path / "study" / "runs" / run.key for run in study.runs]
    first = [read_json_lines(path / "evaluations.jsonl")[0]["values"]["fd"] for path in paths]
    assert first[0] == first[1] != first[2]


def test_seeds_and_arms_may_be_added(arms, tiny, tmp_path):
    two = arms()
    CompareStudy(two, Budget("steps", 20), num_seeds=1).run(tmp_path / "study", play)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "study" / "runs").glob("*/outcome.json")}
    third = Arm("three", tiny(training=FAST, disc={"lr": 1e-2}))
    answers = CompareStudy((*two, third), Budget("steps", 20), num_seeds=2).run(tmp_path / "study", play)
    assert len(answers.played) == 6
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())


def test_an_arm_that_always_diverges_is_ranked_last(arms, tmp_path):
    answers = CompareStudy(arms(gen={"lr": 1e30}), Budget("steps", 20), num_seeds=3).run(tmp_path / "study", play)
    assert answers.comparison.arms[1].num_diverged == 3
    assert answers.results["sentences"][0].startswith("Runs that diverged, counted as worse than any other: 3 of 3")
    analysis = json.loads((tmp_path / "study" / "analysis.json").read_text())
    assert analysis["arms"][1]["scores"]["final"]["value"] is None


def test_seconds_are_spent_and_then_no_more(tiny, tmp_path):
    endless = {"training": FAST | {"steps": 10**6}}
    pair = Arm("one", tiny(**endless)), Arm("two", tiny(**endless, gen={"lr": 1e-2}))
    answers = CompareStudy(pair, Budget("seconds", 0.3), num_seeds=1).run(tmp_path / "study", play)
    for played in answers.played:
        assert played.evaluations[-1]["seconds"] >= 0.3 > played.evaluations[-2]["seconds"]
    assert answers.comparison.budget == Budget("seconds", 0.3)
    file = tmp_path / "study" / "runs" / answers.played[0].run.key / "environment.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"threads": 77}))
    study = CompareStudy(pair, Budget("seconds", 0.3), num_seeds=1)
    said = study.run(tmp_path / "study", play).results["sentences"]
    assert any("threads 77 (1 run)" in words for words in said)  # threads change what seconds buy
    assert not any(words.startswith("For the same seconds") for words in said)


def test_what_the_same_steps_cost_besides_is_said(arms, tmp_path):
    study = CompareStudy(arms(training={"disc_steps": 5} | FAST), Budget("steps", 20), num_seeds=1)
    said = study.run(tmp_path / "study", play).results["sentences"]
    for times, unit in ((3, "gradients"), (5, "images")):
        costs = f"For the same steps two takes {times} times the {unit} of one; --budget {unit} compares at equal ones."
        assert costs in said


def test_runs_of_other_versions_are_named(arms, tmp_path):
    study = CompareStudy(arms(), Budget("steps", 20), num_seeds=1)
    assert not any("played alike" in words for words in study.run(tmp_path / "study", play).results["sentences"])
    file = tmp_path / "study" / "runs" / study.runs[0].key / "environment.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"torch": "1.0", "threads": 77}))
    (words,) = [one for one in study.run(tmp_path / "study", play).results["sentences"] if "played alike" in one]
    assert words.startswith("Runs were not all played alike: torch 1.0 (1 run) and ")
    assert "threads" not in words  # they change seconds, which are not compared


# What is refused.


@pytest.mark.parametrize(
    ("arms_of", "budget", "sentence"),
    [
        ({"gen": {"optimizer": "no.such.Optimizer"}}, 40, r"Optimizer 'no.such.Optimizer' needs the package 'no'"),
        ({"gen": {"lr": 1e-2}}, 1, r"A budget of 1 gradients buys no round of an arm that takes 2 gradients for each"),
    ],
)
def test_what_cannot_be_played_is_refused_before_there_is_a_folder(arms_of, budget, sentence, arms, tmp_path):
    with pytest.raises(UserError, match=sentence):
        CompareStudy(arms(**arms_of), Budget("gradients", budget), num_seeds=1).run(tmp_path / "study", play)
    assert not (tmp_path / "study").exists()


@pytest.mark.parametrize("target", [float("nan"), float("inf"), 0.0, -3.0])
def test_a_target_that_is_no_distance_is_refused(target, arms):
    with pytest.raises(UserError, match=r"--target was given as .*, but has to be a distance above 0"):
        CompareStudy(arms(), Budget("steps", 20), target=target)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"seed": 0}, r"Arms 'one' and 'two' differ in nothing; change a setting of one"),
        ({"name": "other", "threads": 1}, r"Arms 'one' and 'two' differ in nothing"),
        (
            {"evaluation": {"every": 5, "batch_size": 32}},
            r"differ in nothing that is trained, but only in evaluation.every, evaluation.batch_size; change a setting",
        ),
        ({"seed": 3}, r"begin with seeds 0 and 3, but share their seeds; give --seed once"),
        ({"data": {"source": "grid"}}, r"differ in data.source \('ring' and 'grid'\), so that their distances cannot"),
        ({"evaluation": {"num_samples": 128}}, r"differ in evaluation.num_samples \(64 and 128\)"),
        ({"evaluation": {"features": "none"}}, r"Arm 'two' measures no distance; choose another recipe"),
    ],
)
def test_arms_that_cannot_be_compared_are_refused(changes, sentence, arms):
    if changes.get("evaluation", {}).get("features") == "none":
        one, two = arms()
        settings = two.settings.model_copy(
            update={"evaluation": two.settings.evaluation.model_copy(update={"features": "none"})}
        )
        pair = (one, Arm("two", settings))
    else:
        pair = arms(**changes)
    with pytest.raises(UserError, match=sentence):
        check_arms(pair)


def test_how_often_an_arm_is_measured_may_differ(arms):
    check_arms(arms(evaluation={"every": 5, "batch_size": 32}, gen={"lr": 1e-2}))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ((), "but no arm was given"),
        (("one",), "but only 'one' was given"),
        (("one", "one"), "Arms .one. and .one. differ in nothing"),
    ],
)
def test_arms_are_several_and_have_names(given, sentence, arms):
    one, _ = arms()
    with pytest.raises(UserError, match=sentence):
        check_arms([Arm(name, one.settings) for name in given])


def test_another_study_in_the_folder_is_refused(arms, tmp_path):
    CompareStudy(arms(), Budget("steps", 20), num_seeds=1).run(tmp_path / "study", play)
    with pytest.raises(UserError, match=r"holds another study \(budget.amount is 20 there and 10 here\)"):
        CompareStudy(arms(), Budget("steps", 10), num_seeds=1).run(tmp_path / "study", play)


def test_runs_measured_under_another_protocol_are_refused(arms, tmp_path):
    study = CompareStudy(arms(), Budget("steps", 20), num_seeds=1)
    study.run(tmp_path / "study", play)
    file = tmp_path / "study" / "runs" / study.runs[1].key / "evaluations.jsonl"
    file.write_text(file.read_text().replace('"num_samples": 64', '"num_samples": 65'))
    with pytest.raises(UserError, match=r"were measured under different protocols"):
        study.run(tmp_path / "study", play)


def test_runs_of_an_older_version_do_not_record_gradients(arms, tmp_path):
    study = CompareStudy(arms(), Budget("gradients", 40), num_seeds=1)
    study.run(tmp_path / "study", play)
    file = tmp_path / "study" / "runs" / study.runs[1].key / "evaluations.jsonl"
    file.write_text(file.read_text().replace("disc_gradients", "forgotten"))
    with pytest.raises(UserError, match=r"Runs of arm 'two' do not record their gradients"):
        study.run(tmp_path / "study", play)


# The command.


@pytest.fixture
def recipe(tiny, tmp_path):
    (tmp_path / "tiny.yaml").write_text(to_yaml(tiny(training=FAST, threads=1, device="cpu")))
    return f"ring --config {tmp_path / 'tiny.yaml'}"


def test_the_command_compares_and_gives_a_verdict(recipe, tmp_path, capsys):
    out = tmp_path / "study"
    words = [f"one={recipe}", f"two={recipe} --gen.lr 1e-2", "--seeds", "3", "--out", str(out)]
    assert main(["study", "compare", *words, "--training.batch-size", "8", "--budget", "images", "160"]) == 0
    said = capsys.readouterr().out
    assert "Arms at 160 images" in said
    assert "paired, 3 seeds; exact sign-flip p = " in said
    assert f"Figures in {out / 'comparison.png'}" in said
    assert (out / "comparison.png").stat().st_size > 10_000


def test_two_seeds_are_compared_without_a_test(recipe, tmp_path, capsys):
    words = [f"one={recipe}", f"two={recipe} --gen.lr 1e-2", "--seeds", "2", "--out", str(tmp_path / "study")]
    assert main(["study", "compare", *words]) == 0
    said = capsys.readouterr().out
    assert "No test is made with fewer than 3 seeds; 6 are the fewest that can settle one." in said
    assert "p =" not in said


def test_the_plan_can_be_looked_at_first(recipe, tmp_path, capsys):
    out = tmp_path / "study"
    assert main(["study", "compare", recipe, f"{recipe} --gen.lr 1e-2", "--dry-run", "--out", str(out)]) == 0
    assert "10 runs, 1 at a time" in capsys.readouterr().out
    assert not out.exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "A comparison takes two arms or more, but no arm was given"),
        (["digits"], "but only 'digits' was given"),
        (["--seeds", "3", "digits", "ring"], "Arms come first, before every option: "),
        (["digits", "digits"], "Arms 'digits' and 'digits' differ in nothing"),
        (["a=digits", "a=digits --gen.lr 1"], "Two arms are called 'a'; give each a name of its own."),
        (["a=digits", "b=digits"], "Arms 'a' and 'b' differ in nothing"),
        (["digits", "digts --gen.lr 1"], "In arm 'digts --gen.lr 1': Unknown recipe 'digts'; did you mean 'digits'?"),
        (["digits", "digits --gen.rate 1"], "In arm 'digits --gen.rate 1': Unknown option '--gen.rate'"),
        (["digits", 'digits --gen.lr "1'], "is no line of a command"),
        (["digits", "ring"], "Arms 'digits' and 'ring' differ in data.source"),
        (["digits", "d=digits --training.steps 9"], "play 4,500 and 9 steps, so that they share no budget"),
        (["digits", "d=digits --gen.lr 1", "--budget", "days", "3"], "Unknown unit of --budget 'days'"),
        (["digits", "d=digits --gen.lr 1", "--budget", "steps"], "takes a unit and a number above 0"),
        (["digits", "d=digits --gen.lr 1", "--budget", "steps", "-3"], "takes a unit and a number above 0"),
        (["digits", "d=digits --training.steps 9", "--budget", "steps", "5"], "leave out --training.steps."),
        (["digits", "d=digits --gen.lr 1", "--seeds", "0"], "--seeds was given as 0, but must be at least 1"),
        (["digits", "d=digits --gen.lr 1", "--arms", "on"], "--arms chooses among the arms of a claim"),
        (["claim:ttur"], "Unknown claim 'ttur'; did you mean 'ttur-dcgan'?"),
        (["claim:cg-cifar10", "digits"], "A claim brings its own arms, but 'digits' was given beside it"),
        (["claim:cg-cifar10", "--budget", "steps", "9"], "a claim is tested at a number of gradients"),
        (["claim:cg-cifar10", "--score", "best"], "by the final distance; leave out --score."),
        (["claim:cg-cifar10", "--disc.lr", "0.01"], "differ in disc.lr; leave out --disc.lr."),
        (["claim:cg-cifar10", "--gen.optimizer=adam"], "differ in gen.optimizer; leave out --gen.optimizer."),
        (["claim:gap-nsgan", "--disc.schedule.gap", "linear"], "differ in disc.schedule"),
        (["claim:ttur-wgan-gp", "--training.disc-steps", "2"], "differ in training.disc_steps"),
        (["claim:cg-cifar10", "--training.steps", "9"], "give --budget gradients N, not the steps."),
        (["claim:gap-nsgan", "--arms", "of"], "Unknown arm of claim 'gap-nsgan' 'of'; did you mean 'off'?"),
    ],
)
def test_wrong_requests_are_a_sentence(words, sentence, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["study", "compare", *words]) == 2
    assert sentence in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_tables_say_what_they_hold():
    table = Table("Arms", ["arm", "FD"], [["a|b_c", 1234.5], ["d --e", None]])
    assert table.as_markdown().splitlines()[2:] == ["| arm | FD |", "|---|---|", r"| a\|b_c | 1,234 |", "| d --e |  |"]
    assert r"a\textbar{}b\_c & 1,234 \\" in table.as_latex()
    assert r"d -{}-{}e &  \\" in table.as_latex()
