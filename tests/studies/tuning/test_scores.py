"""From records to scores, finalists, heat maps, words, files and figures: synthetic runs with known answers."""

import csv
import json
import math
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from equipoise.config.files import read_run_settings
from equipoise.core.errors import UserError
from equipoise.reports.tuning import draw_tuning
from equipoise.studies.folder import Standing, Status
from equipoise.studies.interval import median_interval
from equipoise.studies.measured import Measured
from equipoise.studies.reaches import Curve
from equipoise.studies.tuning.findings import Finalist, Findings
from equipoise.studies.tuning.heat_map import heat_maps
from equipoise.studies.tuning.other_study import read_other
from equipoise.studies.tuning.plan import Arm, Trial, TunePlan
from equipoise.studies.tuning.pruning import Behind, behind_pilots
from equipoise.studies.tuning.results import as_json, write_results
from equipoise.studies.tuning.scores import RunScore, Scored, best_of, run_score, score_trials
from equipoise.studies.tuning.space import read_space
from equipoise.studies.tuning.words import _unequal_costs, sentences


@pytest.fixture
def arm(tiny):
    def make(name="arm", space=("disc.lr=log:1e-4:1e-1", "gen.lr=log:1e-4:1e-1"), **changes):
        return Arm(name, tiny(**changes), read_space(space))

    return make


def measured(run, values, status=Status.COMPLETE):
    steps = [10 * number for number in range(len(values))]
    return Measured(run, Standing(status), Curve(8, run.settings.seed, steps, values, 60), [], "mode_error")


def scored(trial, scores, first=50.0):
    """A trial whose seeds have these scores; an infinite one diverged."""
    runs = [
        RunScore(seed, Status.DIVERGED if math.isinf(score) else Status.COMPLETE, score, first, "fd")
        for seed, score in enumerate(scores)
    ]
    return Scored(trial, tuple(runs))


def test_a_run_is_worth_its_last_distance_or_its_least(arm):
    (run,) = Trial(arm(), 0, {"disc.lr": 1e-3, "gen.lr": 1e-3}).runs([4])
    found = run_score(measured(run, [9.0, 2.0, 3.0]), "final")
    assert (found.seed, found.score, found.first, found.judge) == (4, 3.0, 9.0, "mode_error")
    assert run_score(measured(run, [9.0, 2.0, 3.0]), "best").score == 2.0


@pytest.mark.parametrize("which", ["final", "best"])
@pytest.mark.parametrize(
    ("values", "status", "found"),
    [
        ([9.0, 2.0], Status.DIVERGED, Status.DIVERGED),
        ([9.0, 2.0], Status.PRUNED, Status.PRUNED),
        ([9.0, 2.0, math.nan], Status.COMPLETE, Status.DIVERGED),
    ],
)
def test_a_run_that_did_not_end_well_is_the_worst_whatever_it_had_reached(arm, which, values, status, found):
    (run,) = Trial(arm(), 0, {"disc.lr": 1e-3, "gen.lr": 1e-3}).runs([0])
    score = run_score(measured(run, values, status), which)
    assert (score.score, score.status) == (math.inf, found)


def test_a_trial_is_worth_the_median_of_its_seeds_once_all_have_ended(arm):
    trials = [Trial(arm(), number, {"disc.lr": 1e-3, "gen.lr": 10.0**-number}) for number in (2, 3)]
    runs = [run for trial in trials for run in trial.runs([0, 1, 2])]
    values = ([9.0, 1.0], [9.0, 7.0], [9.0, 3.0], [9.0, 1.0], [9.0, 1.0])
    known = {run.key: measured(run, value) for run, value in zip(runs, values, strict=False)}
    (found,) = score_trials(trials, [0, 1, 2], known, "final")
    assert (found.trial, found.score) == (trials[0], 3.0)


def test_a_trial_is_worth_at_least_an_untrained_generator(arm):
    trial = Trial(arm(), 0, {})
    assert (scored(trial, [3.0]).useful, scored(trial, [70.0]).useful, scored(trial, [math.inf]).useful) == (3, 50, 50)
    assert scored(trial, [3.0, math.inf]).score == math.inf
    assert scored(trial, [3.0, 4.0, math.inf]).score == 4.0
    assert scored(trial, [3.0, math.inf]).diverged == 0.5
    assert best_of([scored(trial, [math.inf])]) is None
    assert best_of([scored(trial, [math.inf]), scored(trial, [2.0]), scored(trial, [1.0])]).score == 1.0


def test_the_interval_of_a_median_holds_it_as_often_as_it_says():
    generator = np.random.default_rng(0)
    for number in (3, 5, 8, 15):
        held = 0
        for _ in range(2000):
            found = median_interval(generator.lognormal(size=number).tolist())
            held += found.interval.low <= 1.0 <= found.interval.high
        assert held / 2000 == pytest.approx(found.coverage, abs=0.02)
        assert found.coverage >= 0.95 or number < 6
    with_one_lost = median_interval([1.0, 2.0, 3.0, 4.0, math.inf])
    assert (with_one_lost.interval.value, with_one_lost.interval.high) == (3.0, math.inf)
    assert median_interval([1.0, 2.0]).interval.low is None


@pytest.mark.parametrize(
    ("lines", "gap"),
    [
        ([], math.nan),
        ([{"disc_loss": 1.0, "disc_gap": -0.4}, {"disc_loss": 1.3, "disc_gap": -0.1}], 0.1),
        ([{"disc_loss": 1.0, "disc_gap": -0.4}, {"disc_loss": None, "disc_gap": None}], math.inf),
        ([{"disc_loss": 1.0, "disc_gap": None}], math.nan),
    ],
)
def test_the_gap_of_a_run_is_that_of_its_last_line(arm, lines, gap):
    (run,) = Trial(arm(), 0, {"disc.lr": 1e-3, "gen.lr": 1e-3}).runs([0])
    found = run_score(replace(measured(run, [9.0]), metrics=lines), "final").gap
    assert found == pytest.approx(gap, nan_ok=True)


def test_the_gap_and_the_score_are_correlated_by_rank_with_diverged_trials_last(two_arms):
    gaps = {0: 0.5, 15: math.inf}
    with_gaps = [
        replace(one, runs=tuple(replace(run, gap=gaps.get(one.trial.number, one.trial.number)) for run in one.runs))
        for one in two_arms.scored
    ]
    found = replace(two_arms, scored=tuple(with_gaps))
    assert found.gap_correlations["slow"].rho == pytest.approx(1.0)
    assert any(word.startswith("slow: over 16 trials the discriminator's gap") for word in sentences(found))
    assert not two_arms.gap_correlations


def records(*values):
    return [{"step": 10 * number, "values": {"fd": value}} for number, value in enumerate(values)]


def test_a_run_is_given_up_when_it_stays_behind_the_middle_pilot_in_the_second_half():
    curves = [Curve(8, seed, [0, 10, 20, 30, 40], values, 40) for seed, values in enumerate(PILOTS)]
    rule = behind_pilots(curves)
    assert rule == Behind({0: 9.0, 10: 6.0, 20: 4.0, 30: 3.0, 40: 2.0}, after=20)
    assert rule.verdict(records(9.0, 99.0, 5.0)) is None
    assert rule.verdict(records(9.0, 99.0, 5.0, 4.0)).status is Status.PRUNED
    assert rule.verdict(records(9.0, 99.0, 5.0, 4.0, 0.1)).status is Status.PRUNED
    assert rule.verdict(records(9.0, 99.0, 5.0, 2.0, 8.0)) is None  # its least distance counts
    assert rule.verdict(records(9.0, None, 1.0, None, None)) is None
    assert rule.verdict(records(9.0, None, None, None)).status is Status.PRUNED


PILOTS = ([9.0, 6.0, 4.0, 3.0, 2.0], [9.0, 7.0, 7.0, 7.0, 7.0], [9.0, 3.0, 2.0, 1.0, 1.0])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"num_trials": 0}, "--trials was given as 0, but must be from 1"),
        ({"num_seeds": 0}, "--seeds was given as 0, but must be from 1"),
        ({"num_seeds": 1001}, "from 1 to 1,000"),
        ({"num_fresh": -1}, "--fresh-seeds was given as -1"),
        ({"sample_seed": -1}, "--sample-seed"),
        ({"sampler": "grid", "num_trials": 3}, "the grid has 25 points"),
    ],
)
def test_plans_that_make_no_sense_are_refused(arm, changes, words):
    with pytest.raises(UserError, match=words):
        TunePlan((arm(),), **changes)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"name": "one"}, "Two arms are called 'one'"),
        ({"name": "one!"}, "Two arms are called 'one', or nearly so"),
        ({"name": "two"}, "differ in nothing"),
        ({"name": "two", "evaluation": {"num_samples": 65}}, "differ in evaluation"),
        ({"name": "two", "training": {"steps": 61}}, "have 60 and 61 steps"),
    ],
)
def test_arms_that_cannot_be_compared_are_refused(arm, other, words):
    with pytest.raises(UserError, match=words):
        TunePlan((arm("one"), arm(**other)))


def test_arms_share_their_draws_and_fresh_seeds_are_fresh(arm):
    arms = (arm("one"), arm("two", space=("gen.lr=log:1e-4:1e-1",), game={"objective": "hinge"}))
    plan = TunePlan(arms, num_trials=4, num_seeds=2)
    trials = plan.planned()
    assert [(trial.number, trial.arm.name) for trial in trials[:3]] == [(0, "one"), (0, "two"), (1, "one")]
    assert [one.values["gen.lr"] for one in trials[::2]] == [two.values["gen.lr"] for two in trials[1::2]]
    assert not set(plan.seeds) & set(plan.fresh_seeds)
    longer = replace(plan, num_trials=9, num_seeds=5)
    assert longer.planned()[:8] == trials
    assert longer.identity == plan.identity
    assert replace(plan, sample_seed=1).identity != plan.identity


def findings_of(arms, scores, sampler="random", against=None):
    """Findings from the score of each trial (three seeds around it); the best of each arm runs on fresh seeds."""
    count = len(next(iter(scores.values())))
    plan = TunePlan(tuple(arms), num_trials=count, sampler=sampler)
    found = [
        scored(trial, [0.9 * value, value, 1.1 * value])
        for trial in plan.planned()
        for value in [scores[trial.arm.name][trial.number]]
    ]
    finalists = []
    for one in arms:
        best = best_of([each for each in found if each.trial.arm == one])
        if best:
            runs = tuple(RunScore(1000 + n, Status.COMPLETE, best.score + 1 + n, 50.0) for n in range(5))
            finalists.append(Finalist(one.name, best, runs))
    return Findings(plan, tuple(found), tuple(finalists), heat_maps(plan, found), against)


@pytest.fixture
def two_arms(arm):
    slow = [float(number) for number in range(1, 17)]
    fast = arm("fast", game={"objective": "hinge"})
    return findings_of([arm("slow"), fast], {"slow": slow, "fast": [0.5 * one for one in slow]})


def test_the_searched_value_is_called_optimistic_and_the_fresh_one_is_reported(two_arms):
    words = sentences(two_arms)
    assert words[0].startswith("slow: best is trial 0 (disc.lr ")
    assert "FD 4 on 5 fresh seeds (median; 2 to 6 holds it in 94% of cases); 1 in the search, which is opti" in words[0]
    assert any(word == "slow: 0% of 48 runs of 16 trials diverged; they count as the worst." for word in words)


def test_the_better_arm_is_said_to_need_fewer_trials(two_arms):
    quarter, half = [word for word in sentences(two_arms) if " needs " in word]
    assert quarter.startswith(
        "fast needs 0.37 of the trials of slow: 1.5 for the mean best FD 3.4 that slow has from 4 ("
    )
    assert half.startswith(
        "fast needs 0.44 of the trials of slow: 3.5 for the mean best FD 1.889 that slow has from 8 ("
    )
    assert "95 % interval" in quarter
    ratios = [(one.arm, one.other, one.ratio.num_trials) for one in two_arms.ratios]
    assert ratios == [("slow", "fast", 4), ("slow", "fast", 8), ("fast", "slow", 4), ("fast", "slow", 8)]


def test_trials_of_unequal_cost_are_said_to_be(two_arms):
    assert not any("Trials differ in" in word for word in sentences(two_arms))
    first, second = two_arms.plan.arms
    training = second.settings.training.model_copy(update={"disc_steps": 5})
    costly = replace(second, settings=second.settings.model_copy(update={"training": training}))
    found = _unequal_costs(replace(two_arms, plan=replace(two_arms.plan, arms=(first, costly))))
    assert found[0].startswith("Trials differ in training.disc_steps, so that the same steps cost them different")


def test_differences_on_fresh_seeds_are_paired(two_arms):
    ((one, other, found),) = two_arms.differences()
    assert (one, other, found.interval.value) == ("slow", "fast", -0.5)
    assert any(
        "fast has FD 0.5 less than slow in the median (-0.5 to -0.5 holds it in 94% of cases, without 0)." in word
        for word in sentences(two_arms)
    )


def test_a_winner_that_diverges_on_fresh_seeds_is_said_to(two_arms):
    slow, fast = two_arms.finalists
    lost = replace(slow, fresh=tuple(replace(run, score=math.inf, status=Status.DIVERGED) for run in slow.fresh))
    words = sentences(replace(two_arms, finalists=(lost, fast)))
    assert "FD diverged on 5 fresh seeds" in words[0]
    assert "5 of them diverged" in words[0]
    assert (
        "On the same fresh seeds fast has FD infinitely less than slow in the median (runs diverged) (-infinite to "
        "-infinite holds it in 94% of cases, without 0)." in words
    )


def test_winners_that_diverge_on_different_fresh_seeds_are_not_told_apart(two_arms):
    def losing(finalist, place):
        """Two fresh runs, of which the one at ``place`` diverged."""
        fresh = [replace(run, score=math.inf if at == place else run.score) for at, run in enumerate(finalist.fresh)]
        return replace(finalist, fresh=tuple(fresh[:2]))

    finalists = tuple(losing(one, place) for place, one in enumerate(two_arms.finalists))
    words = sentences(replace(two_arms, finalists=finalists))
    assert any("fast has the same FD as slow in the median; too few seeds to say" in word for word in words)


def test_trials_that_follow_from_one_another_have_neither_mean_nor_ratio(arm):
    found = findings_of([arm("one")], {"one": [3.0, 1.0, 2.0]})
    searched = replace(found, plan=replace(found.plan, sampler="tpe"))
    assert [one.value for one in searched.curves["one"].means] == [3.0, 1.0, 1.0]
    assert not searched.ratios


def test_everything_diverged_is_said_and_drawn(arm, tmp_path):
    found = findings_of([arm("one")], {"one": [math.inf] * 3})
    assert "one: of every trial half of the runs or more diverged, so that none is best" in sentences(found)[0]
    write_results(tmp_path, as_json(found), found)
    assert draw_tuning(tmp_path)[0].stat().st_size > 5000


@pytest.fixture
def grid(arm):
    """Five by five rates: the distance grows away from (1e-3, 1e-2), and the largest generator rate diverges."""
    one = arm("grid", space=("disc.lr=log:1e-4:1:5", "gen.lr=log:1e-4:1:5"))
    scores = []
    for point in one.space.grid():
        off = abs(math.log10(point["disc.lr"]) + 3) + abs(math.log10(point["gen.lr"]) + 2)
        scores.append(math.inf if point["gen.lr"] == 1 else 2.0 ** round(off))
    return findings_of([one], {"grid": scores}, sampler="grid")


def test_a_grid_over_both_rates_gives_a_heat_map(grid):
    found = grid.maps["grid"]
    assert found.rates == ([1e-4, 1e-3, 1e-2, 1e-1, 1.0],) * 2
    assert (found.best.disc, found.best.gen, found.best.score) == (1e-3, 1e-2, 1.0)
    assert (found.best_of_diagonal.disc, found.best_of_diagonal.score) == (1e-3, 2.0)
    assert sum(cell.diverged for cell in found.cells) == 5
    assert len(found.diagonal(grid.scored)) == 5
    worth = sorted(one.useful for one in grid.scored)
    drawn = [min(np.random.default_rng(k).choice(worth, 5, replace=False)) for k in range(4000)]
    assert found.as_lucky_as_diagonal == pytest.approx(np.mean(drawn), rel=0.03)
    words = " ".join(sentences(grid))
    assert "the best pair of rates is disc.lr 0.001, gen.lr 0.01 with FD 1, the best single rate 0.001 with 2" in words
    assert "5 random pairs of rates would have had FD" in words


def test_the_heat_map_is_drawn_with_every_number_and_diverged_cells_hatched(grid, tmp_path, monkeypatch):
    figures, save = [], Figure.savefig
    monkeypatch.setattr(Figure, "savefig", lambda figure, *a, **k: (figures.append(figure), save(figure, *a, **k)))
    write_results(tmp_path, as_json(grid), grid)
    paths = draw_tuning(tmp_path)
    assert [path.name for path in paths] == ["budget.png", "rates-grid.png"]
    axes = figures[1].axes[0]
    texts = [text.get_text() for text in axes.texts]
    assert (len(texts), texts.count("diverged\n100% div."), texts.count("1")) == (25, 5, 1)
    hatched = [patch for patch in axes.patches if isinstance(patch, Rectangle) and patch.get_hatch()]
    assert len(hatched) == 5
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")


def test_the_files_hold_what_was_found(two_arms, tmp_path):
    results = as_json(two_arms)
    write_results(tmp_path, results, two_arms)
    assert {"title", "sentences", "tables", "figures"} <= results.keys()
    for table in json.loads((tmp_path / "analysis.json").read_text())["tables"]:
        assert all(len(row) == len(table["columns"]) for row in table["rows"])
        assert all(isinstance(cell, str | int | float | None) for row in table["rows"] for cell in row)
    with (tmp_path / "trials.csv").open() as file:
        trials = list(csv.DictReader(file))
    assert len(trials) == 32
    with (tmp_path / "runs.csv").open() as file:
        runs = list(csv.DictReader(file))
    assert len(runs) == 32 * 3 + 10
    assert sum(run["fresh"] == "True" for run in runs) == 10
    best = read_run_settings(tmp_path / "best-fast.yaml")
    assert best.disc.lr == float(trials[1]["disc.lr"])
    assert {figure["file"] for figure in results["figures"]} == {path.name for path in draw_tuning(tmp_path)}


def test_another_search_is_compared_with(two_arms, arm, tmp_path):
    write_results(tmp_path, as_json(two_arms), two_arms)
    other = read_other(tmp_path)
    mine = findings_of([arm("mine")], {"mine": [2.0 * number for number in range(1, 17)]}, against=other)
    assert list(mine.curves) == ["mine", f"slow ({tmp_path.name})", f"fast ({tmp_path.name})"]
    assert any(word.startswith(f"slow ({tmp_path.name}) needs 0.44 of the trials of mine") for word in sentences(mine))
    pruned = replace(mine, against=replace(other, prune=True))  # worth of runs that were given up is not known
    assert not pruned.ratios
    assert pruned.curves["mine"].means[3].low is None
    assert f"Runs of {tmp_path.name} were given up by --prune: no interval, no ratio." in sentences(pruned)
    other.refuse_unlike(mine.plan.alike | {"judge": "fd"})
    with pytest.raises(UserError, match="judge is 'fd' there and 'jsd4' here"):
        other.refuse_unlike({"judge": "jsd4"})
    unlike = replace(mine.plan, arms=(arm("mine", evaluation={"num_samples": 65}),))
    with pytest.raises(UserError, match=r"evaluation.num_samples is 64 there and 65 here"):
        other.refuse_unlike(unlike.alike)


def test_what_is_no_search_cannot_be_compared_with(tmp_path):
    with pytest.raises(UserError, match="holds no answers of a search"):
        read_other(tmp_path)
    for text, words in (("{", "no answers"), ('{"kind": "batch-size"}', "of kind 'batch-size'"), ("[]", "no answers")):
        (tmp_path / "analysis.json").write_text(text)
        with pytest.raises(UserError, match=words):
            read_other(tmp_path)
