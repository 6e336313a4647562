"""The batch-size study: its plan, its stopping rule, shared randomness, targets, words, files, figure and command."""

import csv
import json
import math
from dataclasses import replace

import pytest
import torch
from matplotlib.figure import Figure

from equipoise.cli.main import main
from equipoise.cli.studying import split_options
from equipoise.config import EvaluationSettings, RunSettings
from equipoise.config.files import merged, to_yaml
from equipoise.core.errors import UserError
from equipoise.core.files import read_json_lines, write_json
from equipoise.recipes import RECIPES
from equipoise.reports.batch_size import draw_batch_size
from equipoise.studies.batch_size.advice import advice
from equipoise.studies.batch_size.critical import analyse
from equipoise.studies.batch_size.noise_scale import at_target
from equipoise.studies.batch_size.plan import (
    TUNED_FACTORS,
    BatchSizePlan,
    TargetAnswer,
    TargetMet,
    answer,
    target_of_pilot,
)
from equipoise.studies.batch_size.results import as_json, write_results
from equipoise.studies.cost import cost, one_of_each_arm
from equipoise.studies.folder import Standing, Status
from equipoise.studies.measured import Measured, curve_of
from equipoise.studies.reaches import Curve, Reach, reach
from equipoise.training import RunFolder
from equipoise.training.session import Session


def evaluations(*values):
    return [
        {"step": 10 * number, "images": 80 * number, "seconds": 1.0 * number, "values": {"fd": value}}
        for number, value in enumerate(values)
    ]


def test_a_run_ends_a_few_evaluations_after_the_target():
    rule = TargetMet(2.0, evaluations_after=1)
    assert rule.verdict(evaluations(9.0, None, 3.0)) is None
    assert rule.verdict(evaluations(9.0, 2.0)) is None
    assert rule.verdict(evaluations(9.0, 2.0, 9.0)).status is Status.COMPLETE
    assert rule.verdict(evaluations(9.0, 2.0, 9.0, 9.0)).sentence == "Met 2 by step 10."


def test_the_value_that_a_record_is_judged_by_has_to_meet_the_target(tiny):
    records = [
        record | {"values": {"fd": 1.0, "mode_error": 1.0 - 0.25 * number}, "judge": "mode_error"}
        for number, record in enumerate(evaluations(None, None, None, None))
    ]
    assert TargetMet(0.5).verdict(records).sentence == "Met 0.5 by step 20."
    assert curve_of(tiny(), records).values == [1.0, 0.75, 0.5, 0.25]


def test_a_study_of_text_takes_the_divergence_of_its_words(capsys):
    words = ["--sizes", "4", "8", "--seeds", "1", "--evaluation.num-samples", "200", "--evaluation.batch-size", "200"]
    assert main(["study", "batch-size", "text-ttur-small", *words, "--dry-run"]) == 0
    assert "2 runs, 1 at a time" in capsys.readouterr().out


@pytest.mark.parametrize(("rates", "power"), [("fixed", 0.0), ("sqrt", 0.5), ("linear", 1.0)])
def test_rates_stay_or_follow_the_batch_size(tiny, rates, power):
    base = tiny(disc={"lr": 1e-3}, gen={"lr": 4e-3})
    runs = BatchSizePlan(base, (4, 64), num_seeds=3, rates=rates).runs()
    assert len(runs) == 6
    assert [run.labels["seed"] for run in runs] == [0, 0, 1, 1, 2, 2]
    for run in runs:
        scale = (run.labels["batch_size"] / 16) ** power
        assert run.settings.training.batch_size == run.labels["batch_size"]
        assert run.settings.disc.lr == pytest.approx(1e-3 * scale)
        assert run.settings.gen.lr == pytest.approx(4e-3 * scale)


def test_tuned_rates_take_the_best_multiple_at_each_size(tiny):
    plan = BatchSizePlan(tiny(), (4, 8, 16), num_seeds=2, rates="tuned")
    assert len(plan.runs()) == 3 * 2 * len(TUNED_FACTORS)
    measured = []
    for run in plan.runs():
        size, factor = run.labels["batch_size"], run.labels["factor"]
        steps = 100 / size * (1 if factor == {4: 0.5, 8: 1.0, 16: 2.0}[size] else 3)
        curve = Curve(size, run.settings.seed, [0, 2 * steps], [4.0, 1.0], 1000)
        measured.append(Measured(run, Standing(Status.COMPLETE), curve, []))
    found = answer(2.0, measured, num_resamples=10).reaches
    assert [(one.batch_size, one.steps) for one in found] == [(size, 100 / size) for size in (4, 4, 8, 8, 16, 16)]


def test_the_spreadsheet_holds_every_multiple_of_the_rates_by_itself(tiny, tmp_path):
    plan = BatchSizePlan(tiny(), (4, 8), num_seeds=1, rates="tuned").runs()
    measured = [
        Measured(
            run,
            Standing(Status.COMPLETE),
            Curve(run.settings.training.batch_size, 0, [0, steps], [4.0, last], 1000),
            [],
        )
        for run, steps, last in zip(plan, (100, 200, 300, 400, 500, 600), (2.0, 2.0, 9.0, 2.0, 2.0, 2.0), strict=True)
    ]
    standings = {run.key: Standing(Status.COMPLETE) for run in plan}
    answers = [answer(2.0, measured, num_resamples=10)]
    write_results(tmp_path, as_json(answers, 6, 6, "tuned"), plan, standings, measured, answers)
    with (tmp_path / "runs.csv").open() as file:
        rows = {row["run"]: row["steps_to_2"] for row in csv.DictReader(file)}
    assert [rows[run.key] for run in plan] == ["100.0", "200.0", "", "400.0", "500.0", "600.0"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"sizes": (8, 8)}, "two different batch sizes"),
        ({"sizes": ()}, "given as none"),
        ({"sizes": (1, 8)}, "begin at 2"),
        ({"sizes": (4, 8), "num_seeds": 0}, "at least 1"),
    ],
)
def test_plans_that_make_no_sense_are_refused(tiny, arguments, words):
    with pytest.raises(UserError, match=words):
        BatchSizePlan(tiny(), **arguments)


def test_a_recipe_that_measures_nothing_is_refused(tiny):
    with pytest.raises(UserError, match="measures no distance"):
        BatchSizePlan(tiny().model_copy(update={"evaluation": EvaluationSettings()}), (4, 8))


def test_runs_of_one_seed_share_first_weights_data_order_and_latents():
    sizes = (4, 8, 32)
    base = RECIPES["batch-size-digits"].settings()
    settings = [run.settings for run in BatchSizePlan(base, sizes, num_seeds=1).runs()][::-1]
    sessions = [Session(one) for one in settings]
    weights = [session.board.game.gen.state_dict() for session in sessions]
    assert all(torch.equal(weights[0][name], other[name]) for other in weights[1:] for name in other)
    total = 64
    streams = []
    for size, session in zip(sizes, sessions, strict=True):
        examples = torch.cat([next(session.board.loader).examples for _ in range(total // size)])
        game, generator = session.board.game, session.streams["latents"]
        streams.append((examples, torch.cat([game.sample_latents(size, generator) for _ in range(total // size)])))
    assert all(torch.equal(streams[0][part], other[part]) for other in streams[1:] for part in (0, 1))


def test_optimisers_at_one_batch_size_see_the_same_batches(tiny):
    one, other = (Session(tiny(disc={"optimizer": name}, gen={"optimizer": name})) for name in ("adam", "rmsprop"))
    for session in (one, other):
        session.play_round()
    assert torch.equal(next(one.board.loader).examples, next(other.board.loader).examples)
    assert torch.equal(one.streams["latents"].get_state(), other.streams["latents"].get_state())


def test_a_target_is_what_the_pilot_had_reached_in_a_quarter_of_its_steps():
    assert target_of_pilot(Curve(8, 0, [0, 10, 20, 30, 40], [9.0, 5.0, 6.0, 1.0, 0.5], 80)) == 5.0
    for values in ([9.0, 10.0, 11.0, 1.0, 1.0], [9.0, math.nan, math.nan, math.nan, math.nan]):
        with pytest.raises(UserError, match="did not improve within a quarter"):
            target_of_pilot(Curve(8, 0, [0, 10, 20, 30, 40], values, 40))


def test_the_noise_scale_is_read_where_the_target_was_met():
    records = [{"step": step, "disc_noise": 10.0 * step, "disc_signal": 2.0} for step in (10, 20, 30)]
    assert at_target([records], [15.0], "disc").value == 100.0
    assert at_target([records], [99.0], "disc").value == 150.0
    assert at_target([[{"step": 10, "disc_noise": None, "disc_signal": None}]], [5.0], "disc") is None


def finding(late=False):
    steps = {4: 4000.0, 8: 1000.0, 16: 667.0, 64: 533.0}
    found = [
        Reach(size, seed, value * (1 + 0.01 * seed), met=not (late and size == 4), shrinkage=20.0)
        for size, value in steps.items()
        for seed in range(3)
    ]
    return analyse(5.0, found, num_resamples=50)


def test_the_advice_names_size_interval_trade_and_late_runs():
    sentences = advice(finding(late=True), "FD")
    assert sentences[0] == "Batch 8 reaches FD 5 at the least gradient cost (95 % interval 8-8)."
    assert sentences[1] == "Batch 64 is 1.9x faster in steps at 4.3x the cost."
    assert any(sentence.startswith("The hyperbola puts the critical batch at") for sentence in sentences)
    assert sentences[-1] == "Runs that never met the target, counted as censored: 3 of 3 at 4."


def test_a_minimum_at_the_end_of_the_sweep_is_said_to_be_open():
    found = [Reach(size, seed, 100.0 + seed) for size in (8, 16, 32) for seed in range(2)]
    assert "smallest of the sweep, so that a smaller one may cost less" in advice(analyse(5.0, found, 20), "FD")[0]


@pytest.mark.parametrize(
    ("budget", "sizes", "words"),
    [(100.0, [4, 8], "Batches 4 and 8 were"), (200.0, [4], "Batch 4 was"), (300.0, [], None)],
)
def test_sizes_that_were_given_up_too_early_to_be_dearer_are_named(budget, sizes, words):
    late = [Reach(size, seed, budget, met=False) for size in (4, 8) for seed in range(3)]
    found = analyse(1.0, [*late, *(Reach(size, seed, 60.0) for size in (16, 32) for seed in range(3))], 20)
    assert found.given_up == sizes
    said = [sentence for sentence in advice(found, "FD") if "given up before that cost was spent" in sentence]
    assert (not said) if words is None else said[0].startswith(words)


def runs_that_met(counts, num_runs=3):
    """Reaches of ``num_runs`` runs a size, as many of which as ``counts`` says met the target."""
    return [
        Reach(size, n, 100.0 + n, met=n < met, shrinkage=20.0) for size, met in counts.items() for n in range(num_runs)
    ]


@pytest.mark.parametrize(
    ("counts", "num_runs"), [({4: 0, 8: 0, 16: 1}, 3), ({4: 1, 8: 1, 16: 1}, 3), ({4: 2, 8: 2}, 4)]
)
def test_no_batch_size_is_named_where_most_runs_never_arrive(counts, num_runs):
    found = analyse(1.0, runs_that_met(counts, num_runs), num_resamples=20)
    assert (found.measured, found.at_edge, found.laws) == (None, None, {})
    sentences = advice(found, "FD")
    assert sentences[0].startswith("No batch size can be named for FD 1: at no size did more than half of the runs")
    assert len(sentences) == 2


def test_the_cheapest_size_is_among_those_that_most_runs_arrived_at():
    found = analyse(1.0, runs_that_met({4: 1, 8: 0, 16: 2}), num_resamples=50)
    assert found.measured.value == 16
    assert found.measured.low >= 4
    assert not analyse(1.0, runs_that_met({4: 1, 8: 1, 16: 3}), num_resamples=20).laws
    assert set(analyse(1.0, runs_that_met({4: 1, 8: 2, 16: 3}), num_resamples=20).laws) == {"hyperbola", "exponential"}


def drawn(folder, monkeypatch, *findings):
    """Legends of both panels of the figure of ``findings``."""
    answers = [TargetAnswer(each, [], {"disc": None, "gen": None}, "mode_error") for each in findings]
    write_json(folder / "analysis.json", as_json(answers, 9, 9, "fixed"))
    legends, save = [], Figure.savefig

    def saving(figure, *arguments, **options):
        legends.extend([text.get_text() for text in axes.get_legend().get_texts()] for axes in figure.axes)
        save(figure, *arguments, **options)

    monkeypatch.setattr(Figure, "savefig", saving)
    draw_batch_size(folder)
    return legends


def test_a_figure_names_each_target_and_each_law_once(tmp_path, monkeypatch):
    legends = drawn(tmp_path, monkeypatch, finding(), replace(finding(late=True), target=4.0))
    for legend in legends:
        assert sorted(legend) == ["exponential", "hyperbola", "mode error 4", "mode error 5", "spent in vain"]


def test_a_figure_of_runs_that_never_arrive_is_drawn(tmp_path, monkeypatch):
    found = analyse(1.0, runs_that_met({4: 0, 8: 0, 16: 1}), num_resamples=20)
    assert drawn(tmp_path, monkeypatch, found) == [["spent in vain", "mode error 1"]] * 2


def test_no_run_that_arrives_and_a_single_size_are_refused():
    with pytest.raises(UserError, match="No run met the target 5 within 100 steps"):
        analyse(5.0, [Reach(size, 0, 100.0, met=False) for size in (4, 8)])
    with pytest.raises(UserError, match="One batch size"):
        analyse(5.0, [Reach(8, 0, 100.0)])


def test_the_cost_of_each_arm_is_timed_and_nothing_written(tiny, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plan = BatchSizePlan(tiny(), (4, 8), num_seeds=2)
    arms = one_of_each_arm(plan.runs())
    assert [run.labels["batch_size"] for run in arms] == [8, 4]
    found = cost(arms[0])
    assert found.round_seconds > 0
    assert found.seconds >= 60 * found.round_seconds + 7 * found.evaluation_seconds
    assert found.first_distance > 0
    assert not list(tmp_path.iterdir())


def test_options_of_the_study_and_of_the_run_are_told_apart():
    words = ["ring", "--sizes", "4", "8", "--disc.lr", "1e-3", "--dry-run", "--target=3", "--name", "x"]
    assert split_options(words, ["sizes", "dry_run", "target"]) == (
        ["--sizes", "4", "8", "--dry-run", "--target=3"],
        ["ring", "--disc.lr", "1e-3", "--name", "x"],
    )


LEARNING = {
    "data": {"std": 0.3},
    "network": {"width": 24, "depth": 2},
    "disc": {"lr": 5e-3},
    "gen": {"lr": 5e-3},
    "training": {"steps": 160, "ema": 0.9, "log_every": 20, "sample_every": 160, "checkpoint_every": 80},
    "evaluation": {"every": 20, "num_samples": 500, "batch_size": 500},
}


@pytest.fixture
def command(tmp_path):
    """`equipoise study batch-size` on runs of the ring that take a second each, into the test's folder."""
    settings = RunSettings.model_validate(merged(RECIPES["ring"].settings().model_dump(), LEARNING))
    (tmp_path / "tiny.yaml").write_text(to_yaml(settings))

    def call(*words):
        return main(
            ["study", "batch-size", "--config", str(tmp_path / "tiny.yaml"), "--out", str(tmp_path / "study"), *words]
        )

    return call


def test_the_command_runs_draws_advises_and_goes_on(command, tmp_path, capsys):
    study = tmp_path / "study"
    assert command("--sizes", "8", "32", "128", "--target", "0.8", "0.7", "--seeds", "2", "--noise-every", "20") == 0
    text = capsys.readouterr().out
    assert "reaches mode error 0.7 at the least gradient cost" in text
    assert "Gradient noise scale of disc where runs met it" in text
    results = json.loads((study / "analysis.json").read_text())
    assert [target["target"] for target in results["targets"]] == [0.8, 0.7]
    assert results["num_finished"] == results["num_planned"] == 6
    with (study / "runs.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6
    assert {row["status"] for row in rows} == {"complete"}
    assert float(rows[0]["sfo_to_0.8"]) == pytest.approx(float(rows[0]["steps_to_0.8"]) * int(rows[0]["batch_size"]))
    assert draw_batch_size(study).stat().st_size > 10_000
    before = {path: path.stat().st_mtime_ns for path in study.glob("runs/*/metrics.jsonl")}
    assert command("--sizes", "8", "32", "128", "--target", "0.8", "--seeds", "2", "--noise-every", "20") == 0
    assert {path: path.stat().st_mtime_ns for path in study.glob("runs/*/metrics.jsonl")} == before
    evaluated = read_json_lines(study / "runs" / rows[0]["run"] / "evaluations.jsonl")
    curve = curve_of(RunFolder.open(study / "runs" / rows[0]["run"]).settings, evaluated)
    assert (curve.budget, curve.steps[:2]) == (160, [0, 20])
    assert reach(curve, 0.8).steps == pytest.approx(float(rows[0]["steps_to_0.8"]))


def test_a_target_is_frozen_by_a_pilot(command, capsys):
    assert command("--sizes", "8", "16", "--seeds", "1", "--noise-every", "0") == 0
    assert "what batch size 16 reached in a quarter of its steps" in capsys.readouterr().out


def test_a_dry_run_prints_the_plan_and_runs_nothing(command, tmp_path, capsys):
    assert command("--sizes", "8", "16", "--dry-run") == 0
    assert "10 runs, 1 at a time" in capsys.readouterr().out
    assert not (tmp_path / "study").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--sizes", "8"), "two different batch sizes"),
        (("--target", "1e9", "--sizes", "8", "16"), "already met at step 0"),
        (("--target", "1e-9", "--sizes", "8", "16", "--seeds", "1"), "No run met the target 1e-09"),
        (("--target", "low"), "takes distances, or auto"),
        (("--target", "-3"), "above 0"),
        (("--workers", "0", "--sizes", "8", "16", "--target", "0.5"), "at least 1"),
        (("--workers", "2", "--backend", "here", "--sizes", "8", "16", "--target", "0.5"), "one run at a time"),
        (("--backend", "slurm"), "slurm"),
        (("--sise", "8"), "Unknown option"),
        (("--max-steps", "0"), "training.steps was given as 0, but must be greater than 0 (by --max-steps"),
        (("--noise-every", "-1"), "training.measure_noise_every was given as -1, but must be"),
    ],
)
def test_wrong_requests_are_answered_in_a_sentence(command, capsys, words, sentence):
    assert command(*words) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1


def test_a_game_without_a_distance_is_refused_before_its_settings_are_looked_at(capsys):
    assert main(["study", "batch-size", "saddle-cg", "--sizes", "4", "8", "--dry-run"]) == 2
    assert "Recipe 'saddle-cg' measures no distance" in capsys.readouterr().err


def test_sizes_above_the_data_set_and_another_study_are_refused(command, tmp_path, capsys):
    arguments = ["study", "batch-size", "batch-size-digits", "--sizes", "8", "4096", "--out", str(tmp_path / "study")]
    assert main([*arguments, "--target", "3"]) == 2
    assert "has 1797 examples" in capsys.readouterr().err
    assert not (tmp_path / "study").exists()
    assert command("--sizes", "8", "16", "--target", "0.8", "--seeds", "1") in (0, 2)
    assert command("--sizes", "8", "16", "--target", "0.8", "--seeds", "1", "--max-steps", "90") == 2
    assert "holds another study (settings.training.steps is 160 there and 90 here)" in capsys.readouterr().err


def test_kinds_of_studies_are_listed_and_unknown_ones_refused(capsys):
    assert main(["study"]) == 0
    assert "batch-size" in capsys.readouterr().out
    assert main(["study", "batchsize"]) == 2
    assert "did you mean 'batch-size'" in capsys.readouterr().err
