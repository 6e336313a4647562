"""What a budget buys: closed forms, all subsets counted by hand, and how often the intervals hold the truth."""

import itertools
import math
import statistics

import numpy as np
import pytest

from equipoise.studies.tuning.budget import budget_curve, budget_ratio, mean_best


def test_the_mean_best_is_that_of_all_subsets():
    scores = np.random.default_rng(0).lognormal(size=8).tolist()
    for k, mean in enumerate(mean_best(scores), start=1):
        subsets = [min(subset) for subset in itertools.combinations(scores, k)]
        assert mean == pytest.approx(statistics.fmean(subsets), rel=1e-12)


def test_the_ends_are_the_mean_and_the_least_at_any_size():
    scores = np.random.default_rng(1).exponential(size=1000)
    means = mean_best(scores)
    assert (means[0], means[-1]) == (pytest.approx(scores.mean()), pytest.approx(scores.min()))
    assert (np.diff(means) <= 1e-15).all()


def test_order_statistics_of_a_uniform_law_give_its_closed_form():
    """At the expected order statistics i / (n + 1) the sum is exactly E[min of k] = 1 / (k + 1)."""
    number = 40
    means = mean_best([i / (number + 1) for i in range(1, number + 1)])
    assert means == pytest.approx([1 / (k + 1) for k in range(1, number + 1)], rel=1e-10)


@pytest.mark.parametrize(
    ("draw", "truth"),
    [
        (lambda generator, number: generator.random(number), lambda k: 1 / (k + 1)),
        (lambda generator, number: generator.exponential(size=number), lambda k: 1 / k),
    ],
    ids=["uniform", "exponential"],
)
@pytest.mark.parametrize("number", [16, 32])
def test_intervals_hold_the_truth_up_to_half_of_the_trials(draw, truth, number):
    repetitions, budgets = 300, (1, number // 4, number // 2)
    held, estimates = np.zeros(len(budgets)), np.zeros((repetitions, len(budgets)))
    for repetition in range(repetitions):
        curve = budget_curve(draw(np.random.default_rng(repetition), number)).means
        found = [curve[k - 1] for k in budgets]
        held += [one.low <= truth(k) <= one.high for one, k in zip(found, budgets, strict=True)]
        estimates[repetition] = [one.value for one in found]
    assert (held / repetitions >= 0.9).all()
    assert (held / repetitions <= 0.99).all()
    # Unbiased: the mean over repetitions is the truth, within five standard errors.
    errors = estimates.mean(0) - [truth(k) for k in budgets]
    assert (abs(errors) < 5 * estimates.std(0) / math.sqrt(repetitions)).all()


def test_a_curve_has_intervals_up_to_half_of_the_trials_and_few_trials_have_none():
    means = budget_curve([float(score) for score in range(1, 10)]).means
    assert [one.low is not None for one in means] == [True] * 4 + [False] * 5
    assert all(one.low <= one.value <= one.high for one in means[:4])
    assert [one.low for one in budget_curve([1.0, 2.0, 3.0]).means] == [None] * 3
    assert budget_curve([2.0]).means[0].value == 2.0


def test_trials_that_are_all_alike_leave_no_doubt():
    for one in budget_curve([2.0] * 8).means[:4]:
        assert (one.low, one.high) == pytest.approx((2.0, 2.0))


def test_a_distance_of_zero_is_no_trouble():
    assert budget_curve([0.0, 0.0, 1.0, 2.0, 3.0]).means[-1].value == 0.0
    assert budget_ratio([0.0] * 4, [0.0] * 4, 2).ratio.value == 0.5


def test_the_ratio_of_an_arm_and_itself_is_one():
    scores = np.random.default_rng(0).lognormal(size=20).tolist()
    for budget in (5, 10):
        found = budget_ratio(scores, scores, budget)
        assert found.ratio.value == pytest.approx(1.0)
        assert found.reached == mean_best(scores)[budget - 1]


def test_the_ratio_has_its_closed_form():
    """Scores c times smaller need k trials with c / (k + 1) = 1 / (m + 1)."""
    number, budget = 60, 20
    slow = [i / (number + 1) for i in range(1, number + 1)]
    for factor, needed in ((0.5, 9.5), (1 / 3, 6.0)):
        found = budget_ratio([factor * score for score in slow], slow, budget)
        assert found.ratio.value == pytest.approx(needed / budget, rel=3e-3)  # interpolated between whole budgets
    assert budget_ratio([0.01 * score for score in slow], slow, budget).ratio.value == 1 / budget
    assert budget_ratio([9 * score for score in slow], slow, budget).ratio.value == math.inf


@pytest.mark.parametrize(("number", "factor", "shared"), [(16, 0.5, 0.9), (32, 0.25, 0.0)])
def test_the_interval_of_a_ratio_holds_the_truth(number, factor, shared):
    from scipy.stats import norm

    repetitions, budget, held = 300, number // 2, 0
    truth = (factor * (budget + 1) - 1) / budget
    for repetition in range(repetitions):
        generator = np.random.default_rng(repetition)
        common, own = generator.normal(size=(2, number))
        others = norm.cdf(common)
        scores = factor * norm.cdf(shared * common + math.sqrt(1 - shared**2) * own)
        found = budget_ratio(scores, others, budget).ratio
        held += (found.low or 0.0) <= truth <= (found.high or math.inf)
    assert held / repetitions >= 0.9


def test_an_arm_that_is_ten_times_better_is_seen_to_need_less():
    others = [i / 33 for i in range(1, 33)]
    found = budget_ratio([0.1 * score for score in others], others, 16).ratio
    assert found.high is not None
    assert found.value <= found.high < 1
    assert found.low is None
