"""The analysis of a comparison on made-up records whose answers are known."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from equipoise.core.errors import UserError
from equipoise.studies.comparison.budget import Budget
from equipoise.studies.comparison.comparison import compare
from equipoise.studies.comparison.paired import infinite_interval, mean_interval, paired
from equipoise.studies.comparison.power import detectable, power, seeds_needed
from equipoise.studies.comparison.scores import SCORES, WORDS, score
from equipoise.studies.comparison.significance import holm, pairs_for_p, sign_flip_p, signed_ranks, smallest_p
from equipoise.studies.comparison.trajectory import Trajectory, shared_budget, trajectory
from equipoise.studies.comparison.words import decision, pair_sentence, sentences
from equipoise.studies.interval import median_interval

INF = math.inf


def record(step, fd, **more):
    costs = {"images": 64 * step, "seconds": 0.5 * step + 1, "disc_gradients": 5 * step, "gen_gradients": step}
    return {"step": step, **costs, "values": {"fd": fd}, **more}


# From records to scores.


@pytest.mark.parametrize(
    ("unit", "costs"), [("steps", [0, 10]), ("gradients", [0, 60]), ("images", [0, 640]), ("seconds", [1, 6])]
)
def test_the_cost_of_a_run_is_read_in_every_unit(unit, costs):
    assert list(trajectory("a", 0, [record(0, 9.0), record(10, 1.0)], unit, diverged=False).costs) == costs


def test_records_without_the_unit_are_refused():
    old = {"step": 0, "images": 0, "seconds": 0.0, "values": {"fd": 1.0}}
    with pytest.raises(UserError, match=r"Runs of arm 'a' do not record their gradients"):
        trajectory("a", 0, [old], "gradients", diverged=False)


def test_scores_are_those_within_the_budget():
    run = Trajectory("a", 0, [0, 10, 20, 30], [8.0, 2.0, 4.0, 0.0])
    at_20 = score(run, 20.0, target=5.0)
    assert (at_20.final, at_20.best, at_20.area) == (4.0, 2.0, (50 + 30) / 20)
    # Geometric between evaluations, as in the batch-size study: 8 -> 2 passes 5 at log(8/5) / log(8/2) of the way.
    assert at_20.target.steps == pytest.approx(10 * math.log(8 / 5) / math.log(4))
    assert score(run, 25.0).final == 2.0  # half-way between two evaluations
    assert score(run, 25.0).best == 2.0


def test_the_area_of_a_run_that_is_first_measured_late_begins_at_nothing_spent():
    assert score(Trajectory("a", 0, [2, 10], [6.0, 2.0]), 10.0).area == pytest.approx((2 * 6 + 8 * 4) / 10)


@pytest.mark.parametrize(
    "run",
    [
        Trajectory("a", 0, [0, 10], [8.0, 2.0], diverged=True),
        Trajectory("a", 0, [0, 10, 20], [8.0, 2.0, math.nan]),
        Trajectory("a", 0, [0, 10, 20, 30], [8.0, 2.0, math.nan, math.nan]),
    ],
)
def test_a_run_that_diverged_is_infinitely_bad_but_keeps_its_best(run):
    found = score(run, 30.0, target=1.0)
    assert (found.final, found.best, found.area, found.target.met) == (INF, 2.0, INF, False)
    assert run.is_lost(30.0)
    assert not run.is_lost(10.0)


def test_a_run_that_recovered_is_not_lost():
    run = Trajectory("a", 0, [0, 10, 20], [8.0, math.nan, 2.0])
    assert (score(run, 20.0).final, score(run, 20.0).area, run.is_lost(20.0)) == (2.0, 5.0, False)


def test_a_run_without_any_measurement_is_infinitely_bad_everywhere():
    found = score(Trajectory("a", 0, [], [], diverged=True), 30.0)
    assert (found.final, found.best, found.area) == (INF, INF, INF)


def test_the_shared_budget_is_what_all_but_diverged_runs_have_spent():
    runs = [
        Trajectory("a", 0, [0, 50], [2, 1]),
        Trajectory("b", 0, [0, 80], [2, 1]),
        Trajectory("b", 1, [0], [2], True),
    ]
    assert shared_budget(runs, 100.0) == 50.0
    assert shared_budget(runs, 40.0) == 40.0


# Intervals.


@pytest.mark.parametrize(("number", "least"), [(3, 0.93), (5, 0.92), (8, 0.92)])
@pytest.mark.parametrize("law", ["normal", "laplace", "standard_t"])
def test_the_interval_of_the_mean_covers_near_its_nominal_share(number, least, law):
    generator = np.random.default_rng(5)
    draw = {"standard_t": lambda: generator.standard_t(4, number)}.get(
        law, lambda: getattr(generator, law)(size=number)
    )
    found = [mean_interval(draw()) for _ in range(400)]
    share = np.mean([one.low <= 0 <= one.high for one in found])
    assert least <= share <= 0.995


def test_plain_percentiles_would_not():
    generator = np.random.default_rng(5)
    samples = generator.normal(size=(400, 5))
    found = [
        stats.bootstrap((one,), np.mean, method="BCa", n_resamples=999, random_state=generator).confidence_interval
        for one in samples
    ]
    assert np.mean([one.low <= 0 <= one.high for one in found]) < 0.9


@pytest.mark.parametrize(("number", "kept"), [(3, (0, 2)), (5, (0, 4)), (6, (0, 5)), (9, (1, 7)), (20, (5, 14))])
def test_the_interval_of_a_median_is_made_of_order_statistics(number, kept):
    found = median_interval([float(value) for value in range(number)]).interval
    assert (found.low, found.high) == kept
    assert number < 6 or 2 * stats.binom.cdf(kept[0], number, 0.5) <= 0.05  # of all samples, it misses so many
    assert 2 * stats.binom.cdf(kept[0] + 1, number, 0.5) > 0.05  # and a narrower one more


def test_medians_may_be_infinite():
    assert infinite_interval([-INF, 0.0, INF]).value == 0.0
    assert infinite_interval([-INF, INF, INF, -INF]).value == 0.0
    assert infinite_interval([1.0, INF, INF]).value == INF


def test_a_median_of_fewer_than_five_has_no_interval_of_95_percent():
    assert infinite_interval([1.0, 2.0, 3.0, INF]).low is None
    assert infinite_interval([1.0, 2.0, 3.0, 4.0, INF]).high == INF


# Tests.


def test_the_sign_flip_test_counts_signs():
    assert sign_flip_p([1.0, 2.0, 3.0]) == 0.25
    assert sign_flip_p([3.0, 2.0, -1.0]) == 0.5  # of 8 sums -6 -4 -2 0 0 2 4 6, four are as far from 0 as 4
    assert sign_flip_p([3.0, 2.0, -1.0], "greater") == 0.25
    assert sign_flip_p([0.0, 0.0, 0.0]) == 1.0
    assert [sign_flip_p([-2.0], alternative) for alternative in ("two-sided", "less", "greater")] == [1.0, 0.5, 1.0]


def test_infinite_differences_count_as_the_highest_ranks():
    assert signed_ranks([1.0, -INF, INF, -2.0]).tolist() == [1.0, -3.5, 3.5, -2.0]
    assert sign_flip_p([INF, INF, 1.0, 2.0, 3.0]) == smallest_p(5)
    assert sign_flip_p([INF, -INF, 1.0]) == 1.0  # signed ranks 2.5 -2.5 1: every sum is as far from 0 as 1


def test_signed_ranks_agree_with_wilcoxon():
    values = np.random.default_rng(0).normal(0.5, 1.0, 9)
    assert sign_flip_p(signed_ranks(values)) == pytest.approx(stats.wilcoxon(values, method="exact").pvalue)


@pytest.mark.parametrize(
    ("number", "level"), [(3, 0.0), (5, 0.0), (6, 2 / 64), (7, 6 / 128), (8, 12 / 256), (9, 24 / 512)]
)
def test_false_positives_are_as_many_as_the_discrete_test_allows(number, level):
    """At nominal 5 %: none with 3 and 5 seeds, which can give no p so small; 3.1 % with 6; 4.7 % and more from 7."""
    generator = np.random.default_rng(11)
    samples = generator.standard_t(5, (800, number))
    share = np.mean([sign_flip_p(one) <= 0.05 for one in samples])
    assert share == pytest.approx(level, abs=3 * math.sqrt(level * (1 - level) / 800))
    assert share == 0 if number < pairs_for_p(0.05) else 0.01 < share < 0.07


@pytest.mark.parametrize("number", [7, 9])
def test_false_positives_stay_at_the_level_where_runs_diverge(number):
    generator = np.random.default_rng(3)
    num_false = 0
    for _ in range(500):
        arms = generator.normal(size=(2, number))
        arms[generator.random((2, number)) < 0.2] = INF
        pair = paired(("a", dict(enumerate(arms[0]))), ("b", dict(enumerate(arms[1]))))
        num_false += pair.p <= 0.05
    assert num_false / 500 < 0.07


def test_looking_after_every_seed_errs_more_often():
    """What the advice on more seeds warns of: from 6 to 12 seeds, stopping where p is at most 5 %."""
    samples = np.random.default_rng(6).normal(size=(400, 12))
    stopped = [any(sign_flip_p(one[:number]) <= 0.05 for number in range(6, 13)) for one in samples]
    assert 0.07 < np.mean(stopped) < 0.15


def test_many_pairs_are_tested_by_drawn_signs_the_same_each_time():
    values = np.random.default_rng(0).normal(0.4, 1.0, 20)
    exact_by_t = stats.ttest_1samp(values, 0).pvalue
    assert sign_flip_p(values) == sign_flip_p(values) == pytest.approx(exact_by_t, abs=0.02)


@pytest.mark.parametrize(
    ("given", "adjusted"),
    [
        ([0.05], [0.05]),
        ([0.01, 0.04, 0.03], [0.03, 0.06, 0.06]),
        ([0.5, 0.9, 0.001], [1.0, 1.0, 0.003]),
        ([0.01, 0.01, 0.01], [0.03, 0.03, 0.03]),
        ([0.02, 0.021, 0.9, 0.0001], [0.06, 0.06, 0.9, 0.0004]),  # computed by hand from Holm 1979
    ],
)
def test_holm(given, adjusted):
    assert holm(given) == pytest.approx(adjusted)
    assert holm([]) == []


def test_holm_errs_in_a_twentieth_of_studies():
    generator = np.random.default_rng(2)
    families = generator.random((4000, 6))
    assert np.mean([min(holm(family)) <= 0.05 for family in families]) == pytest.approx(0.05, abs=0.012)


# Power.


@pytest.mark.parametrize(("effect", "number", "level"), [(1.8, 6, 0.05), (0.9, 8, 0.05), (1.9, 8, 0.05 / 3)])
def test_power_is_that_of_simulated_studies(effect, number, level):
    generator = np.random.default_rng(0)
    shown = [sign_flip_p(one) <= level for one in generator.normal(effect, 1.0, (800, number))]
    assert power(effect, number, level) == pytest.approx(np.mean(shown), abs=0.045)


def test_few_pairs_have_less_power_than_students():
    limit = stats.t.ppf(0.975, 5)
    of_t = stats.nct.sf(limit, 5, 1.435 * math.sqrt(6))
    assert of_t == pytest.approx(0.8, abs=0.01)
    assert power(1.435, 6) == pytest.approx(0.63, abs=0.03)
    assert power(1.435, 5) == 0  # five pairs give no p below 0.06
    assert power(0.8055, 14) == pytest.approx(
        stats.nct.sf(stats.t.ppf(0.975, 13), 13, 0.8055 * math.sqrt(14)), abs=0.04
    )


@pytest.mark.parametrize(("effect", "number", "level"), [(0.0, 15, 0.05), (0.5, 34, 0.05), (-0.9, 16, 0.01)])
def test_power_of_many_pairs_is_that_of_the_noncentral_t(effect, number, level):
    limit, shift = stats.t.ppf(1 - level / 2, number - 1), effect * math.sqrt(number)
    exact = stats.nct.sf(limit, number - 1, shift) + stats.nct.cdf(-limit, number - 1, shift)
    assert power(effect, number, level) == pytest.approx(exact, abs=2e-3)


def test_seeds_needed_are_those_of_the_textbook_and_never_fewer_than_can_give_the_p():
    assert seeds_needed(0.5, 1.0) == 34  # Cohen 1988, paired t test, d = 0.5, power 0.8, two-sided 0.05
    assert seeds_needed(0.8, 1.0) == 15
    assert seeds_needed(100.0, 1.0) == 6
    assert seeds_needed(100.0, 1.0, level=0.05 / 21) == 10
    assert seeds_needed(1.0, 0.0) == 6
    assert seeds_needed(0.0, 1.0) is None
    assert seeds_needed(1e-3, 1.0) is None


def test_the_detectable_difference_is_the_one_whose_seeds_are_there():
    assert detectable(1.0, 34) == pytest.approx(0.5, abs=0.01)
    assert detectable(3.0, 34) == pytest.approx(3 * detectable(1.0, 34))
    assert detectable(1.0, 5) is None
    for number in (6, 8):
        assert power(detectable(1.0, number), number) == pytest.approx(0.8, abs=0.005)
        assert seeds_needed(1.01 * detectable(1.0, number), 1.0) == number


# All together.


def made(name, finals, first=100.0, **more):
    return [Trajectory(name, seed, [0, 50, 100], [first, 20.0, value], **more) for seed, value in enumerate(finals)]


def test_a_comparison_by_hand():
    runs = made("one", [5.0, 6.0, 7.0, 8.0, 9.0]) + made("two", [4.0, 5.2, 5.8, 7.0, 8.0])
    found = compare(runs, Budget("steps", 100))
    (pair,) = found.pairs["final"]
    assert pair.differences == pytest.approx((1.0, 0.8, 1.2, 1.0, 1.0))
    assert pair.difference.value == pytest.approx(1.0)
    assert 0.75 < pair.difference.low < pair.difference.high < 1.25
    assert (pair.p, pair.adjusted_p, decision(pair)) == (0.0625, 0.0625, "ahead")
    assert found.target == 7.0  # the median final of the worse arm
    assert [(arm.num_met, arm.num_diverged) for arm in found.arms] == [(3, 0), (4, 0)]
    sentence = pair_sentence(pair, "final FD")
    assert sentence.startswith("two is ahead of one in final FD, which the test alone does not settle: by 1 on average")
    assert "exact sign-flip p = 0.062, the smallest that 5 seeds can give" in sentence
    assert "6 seeds would show it with a power of 80 %; fewer than 6 can show none." in sentences(found, "FD")[0]


def test_common_seeds_cancel_what_a_seed_makes_hard():
    generator = np.random.default_rng(0)
    hard = generator.normal(0, 10, 8)
    runs = made("one", 50 + hard + generator.normal(0, 0.1, 8)) + made("two", 49 + hard + generator.normal(0, 0.1, 8))
    (pair,) = compare(runs, Budget("steps", 100)).pairs["final"]
    assert decision(pair) == "settled"
    assert pair_sentence(pair, "final FD").startswith("two has a lower final FD than one: by ")


def test_a_diverged_run_is_the_worst_and_is_counted():
    runs = made("one", [5.0, 6.0, 7.0]) + made("two", [4.0, 5.0])
    runs.append(Trajectory("two", 2, [0, 50], [100.0, 3.0], diverged=True))
    found = compare(runs, Budget("steps", 100))
    (pair,) = found.pairs["final"]
    assert pair.differences == (1.0, 1.0, -INF)
    assert (pair.is_mean, pair.difference.value) == (False, 1.0)
    assert found.arms[1].num_diverged == 1
    assert (found.arms[1].scores["final"].value, found.arms[1].scores["best"].value) == (5.0, 5.0)
    assert found.arms[0].scores["final"].value == 6.0  # a median as well
    assert decision(pair) == "open"
    assert "no interval of a median with so few seeds" in pair_sentence(pair, "final FD")
    said = sentences(found, "FD")
    assert said[0] == "Runs that diverged, counted as worse than any other: 1 of 3 of two."
    assert "signed-rank p = " in said[1]


@pytest.mark.parametrize("by", SCORES)
def test_an_arm_that_always_diverges_loses_infinitely_by_every_score(by):
    lost = [Trajectory("two", seed, [0, 50], [100.0, 100.0], diverged=True) for seed in range(6)]
    runs = made("one", [5.0] * 6) + [replace(one, values=[100.0, 100.0 - 98 * (by == "best")]) for one in lost]
    found = compare(runs, Budget("steps", 100), by=by, target=1.0)
    (pair,) = found.pairs[by]
    assert (decision(pair), pair.p) == ("settled", 2 / 64)
    assert f"one has a lower {WORDS[by]} FD than two: infinitely (runs diverged)" in " ".join(sentences(found, "FD"))


def test_no_target_is_taken_from_an_arm_that_comes_down_to_nothing():
    runs = made("one", [5.0] * 6) + [Trajectory("two", seed, [0], [100.0], diverged=True) for seed in range(6)]
    found = compare(runs, Budget("steps", 100))
    assert found.target is None  # the worse arm came down to nothing


def test_ranks_and_median_that_disagree_settle_nothing():
    """13 of 27 runs of one diverge, which ranks count as the worst; the other 14 are a little better."""
    generator = np.random.default_rng(0)
    finals = 5 + generator.random(27)
    better = np.where(np.arange(27) < 14, finals - 0.1, INF)
    (pair,) = [paired(("one", dict(enumerate(better))), ("two", dict(enumerate(finals))))]
    pair = replace(pair, adjusted_p=pair.p)
    assert pair.p <= 0.05
    assert pair.difference.value < 0
    assert decision(pair) == "open"
    assert pair_sentence(pair, "final FD").startswith("Nothing is shown between one and two in final FD")
    assert "; but ranks and median do not agree)" in pair_sentence(pair, "final FD")


@pytest.mark.parametrize("number", [3, 4, 5, 6, 8])
@pytest.mark.parametrize("lost", [0.0, 0.2])
def test_of_arms_that_do_equally_well_one_is_seldom_called_better(number, lost):
    generator, called = np.random.default_rng(8), 0
    for _ in range(400):
        arms = generator.normal(size=(2, number))
        arms[generator.random((2, number)) < lost] = INF
        pair = paired(("a", dict(enumerate(arms[0]))), ("b", dict(enumerate(arms[1]))))
        called += decision(replace(pair, adjusted_p=pair.p)) in ("settled", "ahead")
    assert called / 400 < 0.085


def test_fewer_than_three_seeds_are_compared_but_not_tested():
    found = compare(made("one", [5.0, 6.0]) + made("two", [4.0, 5.0]), Budget("steps", 100))
    (pair,) = found.pairs["final"]
    assert (pair.p, pair.difference.low, decision(pair)) == (None, None, "untested")
    said = " ".join(sentences(found, "FD"))
    assert "two is lower than one in final FD by 1 on average (2 seeds, no test)." in said
    assert "No test is made with fewer than 3 seeds" in said
    assert "p =" not in said


def test_many_pairs_are_corrected_and_chosen_ones_less():
    generator = np.random.default_rng(0)
    arms = {name: generator.normal(10, 1, 7) for name in "abcd"}
    runs = [run for name, finals in arms.items() for run in made(name, finals)]
    every = compare(runs, Budget("steps", 100))
    assert len(every.pairs["final"]) == 6
    assert [one.adjusted_p for one in every.pairs["final"]] == holm([one.p for one in every.pairs["final"]])
    (chosen,) = compare(runs, Budget("steps", 100), pairs=[("c", "a")]).pairs["final"]
    assert (chosen.first, chosen.adjusted_p) == ("c", chosen.p)


def test_of_many_pairs_those_are_told_that_show_something():
    arms, noise = {"a": 5.0, "b": 5.0, "c": 9.0, "d": 9.0}, [0.0, 0.1, -0.2, 0.3, -0.1, 0.2, 0.4, -0.3]
    runs = [run for name, value in arms.items() for run in made(name, [value + each for each in noise])]
    said = sentences(compare(runs, Budget("steps", 100)), "FD")
    assert [sentence.split(" in final")[0].split(" than ")[0] for sentence in said[:4]] == [
        f"{better} has a lower final FD" for better in "aabb"
    ]
    assert said[4] == "Nothing is shown between a and b, c and d; the table has their differences."
    assert len(said) == 5


def test_arms_that_were_measured_less_often_are_named():
    often = [Trajectory("often", seed, [0, 25, 50, 75, 100], [9.0, 5.0, 4.0, 3.0, 2.0 + seed]) for seed in range(3)]
    said = sentences(compare(often + made("seldom", [3.0, 4.0, 5.0]), Budget("steps", 100)), "FD")
    assert said[0].startswith("often was measured 5 times within the budget and seldom 3 times, so that best and mean")
    assert "was measured" not in " ".join(
        sentences(compare(made("a", [1.0]) + made("b", [2.0]), Budget("steps", 100)), "FD")
    )


def test_of_many_pairs_none_is_ahead_by_its_own_interval():
    arms = {"a": 5.0, "b": 5.0, "c": 9.0, "d": 9.0}
    runs = [run for name, value in arms.items() for run in made(name, [value, value + 0.1, value - 0.2])]
    found = compare(runs, Budget("steps", 100))
    apart = found.pairs["final"][1]
    assert apart.difference.high < 0
    assert {decision(pair) for pair in found.pairs["final"]} == {"open"}
    said = sentences(found, "FD")
    assert said[0].startswith("Nothing is shown between a and b, a and c, ")
    assert said[1].startswith("Of 6 pairs none can be settled with fewer than 8 seeds")
    assert decision(compare(runs, Budget("steps", 100), pairs=[("a", "c")]).pairs["final"][0]) == "ahead"


def test_arms_of_unequal_length_are_compared_at_what_both_have_spent():
    short = [Trajectory("short", seed, [0, 60], [9.0, 3.0]) for seed in range(3)]
    found = compare(made("long", [1.0, 2.0, 3.0]) + short, Budget("seconds", 100))
    assert found.budget == Budget("seconds", 60)
    assert "The arms are compared at 60 seconds, because a run ended there" in sentences(found, "FD")[0]


def test_only_common_seeds_are_paired():
    runs = made("one", [5.0, 6.0, 7.0, 8.0]) + made("two", [4.0, 5.0, 6.0])
    (pair,) = compare(runs, Budget("steps", 100)).pairs["final"]
    assert pair.seeds == (0, 1, 2)


def test_a_target_that_is_met_at_the_start_is_refused():
    with pytest.raises(UserError, match=r"The target 200 is met at the first evaluation already"):
        compare(made("one", [5.0]), Budget("steps", 100), target=200.0)


def test_bands_hold_the_middle_and_the_ends():
    found = compare(made("one", [1.0, 2.0, 3.0]), Budget("steps", 100)).bands["one"]
    assert (found.median[-1], found.ends[0][-1], found.ends[1][-1]) == (2.0, 1.0, 3.0)
    assert found.costs[0] == 0.0
    assert found.costs[-1] == 100.0
    lost = compare([*made("one", [1.0]), Trajectory("one", 1, [0], [9.0], True)], Budget("steps", 100)).bands["one"]
    assert (lost.ends[0][-1], lost.median[-1], lost.ends[1][-1]) == (1.0, INF, INF)
    even = compare(made("one", [1.0, 2.0, 4.0, 8.0]), Budget("steps", 100)).bands["one"]
    assert (even.quartiles[0][-1], even.median[-1], even.quartiles[1][-1]) == (1.75, 3.0, 5.0)  # as numpy has them
