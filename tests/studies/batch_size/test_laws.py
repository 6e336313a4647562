"""Both laws: exact on exact data, closed forms of b*, censored runs, which fits better, coverage."""

import itertools
import math

import numpy as np
import pytest
from scipy import optimize, stats

from equipoise.core.errors import UserError
from equipoise.studies.batch_size.critical import analyse
from equipoise.studies.batch_size.fitting import Likelihood, fit, lack_of_fit, line
from equipoise.studies.batch_size.hyperparameters import Bound, sgd_bound, unverified_adam_coefficient
from equipoise.studies.batch_size.laws import Exponential, Hyperbola
from equipoise.studies.batch_size.profile import (
    critical_batch_influence,
    critical_batch_interval,
    degrees_of_freedom,
    leverages,
    robustness,
)
from equipoise.studies.reaches import Reach

SIZES = (4, 8, 16, 32, 64, 128, 256, 512)


def hyperbola(size, limit=500.0, smallest=3.0):
    return limit / (1 - smallest / size) if size > smallest else math.inf


def exponential(size, scale=300.0, distance=20.0, smallest=3.0):
    return scale * math.log((distance - smallest / size) / (1 - smallest / size)) if size > smallest else math.inf


def runs(law, scatter=0.0, budget=math.inf, seeds=5, seed=0, **parameters):
    generator = np.random.default_rng(seed)
    found = []
    for size in SIZES:
        for number in range(seeds):
            steps = law(size, **parameters) * math.exp(scatter * generator.normal())
            met = steps <= budget
            found.append(Reach(size, number, steps if met else budget, met=met, shrinkage=20.0))
    return found


def test_the_line_gives_back_the_bound_that_made_the_steps():
    bound, epsilon = Bound(a=40.0, b=2.0, c=0.1), 0.9
    p, q = line([Reach(size, 0, bound.steps(size, epsilon)) for size in SIZES])
    assert p == pytest.approx((epsilon**2 - bound.c) / bound.a)
    assert q == pytest.approx(bound.b / bound.a)
    assert 2 * q / p == pytest.approx(bound.critical_batch(epsilon))


def test_the_bound_is_least_costly_at_its_critical_batch():
    bound = sgd_bound(rate=0.1, variance=30.0, squared_distance=9.0, squared_gradient=2.0)
    assert (bound.a, bound.b, bound.c) == pytest.approx((45.0, 1.5, 0.1))
    cheapest = optimize.minimize_scalar(lambda size: size * bound.steps(size, 1.0), bounds=(2, 50), method="bounded").x
    assert bound.critical_batch(1.0) == pytest.approx(cheapest, rel=1e-4)
    assert bound.steps(bound.critical_batch(1.0), 1.0) == pytest.approx(2 * bound.a / (1 - bound.c))
    assert bound.steps(bound.critical_batch(1.0) / 2, 1.0) == math.inf
    with pytest.raises(UserError, match="No batch size"):
        bound.critical_batch(0.1)


def test_the_unverified_coefficient_is_that_of_the_two_set_ups_worked_out_by_hand():
    assert unverified_adam_coefficient(1e-4, 0.5, 0.999, 3_576_704, 162_770) == pytest.approx(2.94e-4, rel=2e-3)


@pytest.mark.parametrize(("law", "truth"), [(Hyperbola(), hyperbola), (Exponential(20.0), exponential)])
def test_a_law_gives_back_the_curve_that_it_made(law, truth):
    fitted = fit(law, runs(truth))
    assert fitted.steps(SIZES) == pytest.approx([truth(size) for size in SIZES], rel=0.01)
    fine = np.geomspace(3.01, 500, 20_000)
    cheapest = fine[np.argmin([size * truth(size) for size in fine])]
    assert fitted.critical_batch == pytest.approx(cheapest, rel=0.05)


@pytest.mark.parametrize(("name", "truth"), [("hyperbola", hyperbola), ("exponential", exponential)])
def test_the_law_that_made_the_runs_is_said_to_fit_better(name, truth):
    # At 3 above b_min the two differ in shape by more than the scatter, and the parameter more is paid for.
    finding = analyse(1.0, runs(truth, scatter=0.02, smallest=3.9), num_resamples=20)
    assert finding.better == name
    assert finding.laws[name].lack_of_fit > 0.05
    if name == "exponential":
        assert finding.laws["hyperbola"].lack_of_fit < 0.05


def test_laws_that_the_runs_cannot_tell_apart_are_not_told_apart():
    assert analyse(1.0, runs(hyperbola, scatter=0.3, smallest=1.0), num_resamples=20).better in (None, "hyperbola")


def test_a_censored_run_counts_as_late_and_not_as_absent():
    every = runs(hyperbola, scatter=0.3, smallest=3.5, seeds=20)
    found = [one if one.steps <= 4000 else Reach(one.batch_size, one.seed, 4000, met=False) for one in every]
    assert 5 < sum(not one.met for one in found) < 15
    whole, with_late, without_late = (
        fit(Hyperbola(), some).critical_batch for some in (every, found, [one for one in found if one.met])
    )
    assert abs(math.log(with_late / whole)) < 0.02
    assert without_late < with_late - 0.05  # dropping the late ones makes small batches look cheaper than they are


def test_the_likelihood_is_that_of_normal_residuals_where_nothing_is_censored():
    found = runs(hyperbola, scatter=0.2)
    fitted = fit(Hyperbola(), found)
    expected = fitted.steps([one.batch_size for one in found])
    residuals = [math.log(one.steps / steps) for one, steps in zip(found, expected, strict=True)]
    variance = np.mean(np.square(residuals))
    assert fitted.scatter == pytest.approx(math.sqrt(variance), rel=1e-3)
    assert fitted.log_likelihood == pytest.approx(-len(found) / 2 * (math.log(2 * math.pi * variance) + 1), abs=1e-3)


def test_a_coarse_cadence_adds_to_the_scatter_of_its_run():
    one, other = runs(hyperbola, scatter=0.05), runs(hyperbola, scatter=0.05)
    coarse = [Reach(run.batch_size, run.seed, run.steps, half_width=0.05 * run.steps) for run in other]
    assert fit(Hyperbola(), coarse).scatter < fit(Hyperbola(), one).scatter


def test_the_lack_of_fit_is_uniform_under_the_law():
    values = [
        lack_of_fit(fit(Hyperbola(), found), found) for found in (runs(hyperbola, 0.1, seed=n) for n in range(60))
    ]
    assert 0.3 < np.mean(values) < 0.7
    assert np.mean(np.array(values) < 0.2) < 0.4


def test_without_repetitions_or_with_late_runs_there_is_no_f_test():
    single, late = runs(hyperbola, 0.1, seeds=1), runs(hyperbola, 0.1, budget=1500.0)
    assert lack_of_fit(fit(Hyperbola(), single), single) is None
    assert lack_of_fit(fit(Hyperbola(), late), late) is None


def test_one_batch_size_that_arrives_makes_no_law():
    with pytest.raises(UserError, match="two at least"):
        fit(Hyperbola(), [Reach(8, 0, 100.0), Reach(4, 0, 1000.0, met=False)])


@pytest.mark.parametrize(("smallest", "scatter", "budget"), [(3.0, 0.15, math.inf), (10.0, 0.15, 3000.0)])
def test_the_interval_covers_the_truth(smallest, scatter, budget):
    """The short version of `benchmarks/studies.py coverage`, which asks for 90 to 99 % of 500 repetitions."""
    found = [runs(hyperbola, scatter, budget, seed=number, smallest=smallest) for number in range(60)]
    intervals = [critical_batch_interval(fit(Hyperbola(), one), one) for one in found]
    covered = sum(interval.low <= 2 * smallest <= interval.high for interval in intervals)
    assert covered >= 54
    assert np.median([interval.value for interval in intervals]) == pytest.approx(2 * smallest, rel=0.1)
    assert np.median([interval.high / interval.low for interval in intervals]) < 1.6


def test_the_interval_is_where_the_deviance_meets_its_quantile(monkeypatch):
    """Against a grid over b*, the other parameters searched on a grid of their own."""
    monkeypatch.setattr("equipoise.studies.batch_size.profile.robustness", lambda *_: 1.0)
    found = runs(hyperbola, 0.1)
    fitted = fit(Hyperbola(), found)
    interval = critical_batch_interval(fitted, found)
    logs, sizes = np.log([run.steps for run in found]), np.array([run.batch_size for run in found])

    def deviance(critical):
        residual = logs + np.log1p(-critical / 2 / sizes)
        return len(found) * math.log(np.var(residual) / fitted.scatter**2)

    quantile = stats.f.ppf(0.95, 1, degrees_of_freedom(fitted, found))
    assert [deviance(end) for end in (interval.low, interval.high)] == pytest.approx([quantile] * 2, rel=1e-2)


def test_scatter_that_is_larger_at_small_batches_widens_the_interval():
    """Under scatter that is the law's, the runs' scores say what the likelihood says; else more."""
    generator, factors = np.random.default_rng(0), {False: [], True: []}
    for uneven, _ in itertools.product(factors, range(20)):
        spread = {size: 0.3 if uneven and size < 16 else 0.05 for size in SIZES}
        noise = generator.normal(size=5 * len(SIZES))
        found = [
            Reach(run.batch_size, run.seed, run.steps * math.exp(spread[run.batch_size] * draw))
            for run, draw in zip(runs(hyperbola, 0.0), noise, strict=True)
        ]
        fitted = fit(Hyperbola(), found)
        factors[uneven].append(robustness(fitted, Likelihood(found, fitted.law, fitted.smallest)))
    assert np.median(factors[False]) < 1.2
    assert np.median(factors[True]) > 1.5


@pytest.mark.parametrize("budget", [math.inf, 1500.0])
def test_leverages_say_how_far_a_fit_follows_a_run(budget):
    """They sum to the number of parameters; moving one run shows its own."""
    found = runs(hyperbola, 0.05, budget=budget)
    fitted = fit(Hyperbola(), found)
    leverage = leverages(fitted, Likelihood(found, fitted.law, fitted.smallest))
    assert leverage.sum() == pytest.approx(2, rel=1e-6)
    if math.isinf(budget):
        place = 7
        moved = [*found]
        moved[place] = Reach(found[place].batch_size, 0, found[place].steps * 1.002)
        change = math.log(fit(Hyperbola(), moved).steps([8])[0] / fitted.steps([8])[0]) / math.log(1.002)
        assert change == pytest.approx(leverage[place], abs=0.02)


def test_information_is_the_curvature_of_each_runs_likelihood():
    found = runs(hyperbola, 0.3, budget=1500.0)
    fitted = fit(Hyperbola(), found)
    likelihood = Likelihood(found, fitted.law, fitted.smallest)

    def shifted(by):  # the law's ln N, for every run alike
        return likelihood.of_each(np.append(fitted.parameters + np.array([by, 0.0]), math.log(fitted.scatter)))

    step = 1e-3
    curvature = (shifted(step) - 2 * shifted(0.0) + shifted(-step)) / step**2
    assert not all(run.met for run in found)
    assert likelihood.information(fitted.parameters, fitted.scatter) == pytest.approx(curvature, rel=1e-4, abs=1e-4)


def test_too_few_runs_give_no_interval():
    found = runs(hyperbola, 0.1, seeds=1)[:3]
    assert critical_batch_interval(fit(Hyperbola(), found), found).low is None


def test_influence_is_the_slope_of_the_fit():
    """Moving all runs of one size a little moves b* as the influence says, per run times the root of their number."""
    found = runs(hyperbola, 0.05)
    fitted = fit(Hyperbola(), found)
    sizes = sorted({run.batch_size for run in found})
    influence = critical_batch_influence(fitted, dict.fromkeys(sizes, 5))
    for size, expected in zip(sizes, influence, strict=True):
        moved = [
            Reach(run.batch_size, run.seed, run.steps * (1.002 if run.batch_size == size else 1.0)) for run in found
        ]
        change = math.log(fit(Hyperbola(), moved).critical_batch / fitted.critical_batch) / math.log(1.002)
        assert change / math.sqrt(5) == pytest.approx(expected, abs=0.02)
