"""How often the intervals of budget curves and of budget ratios hold the truth.

    python benchmarks/tuning.py coverage [--repetitions 1000]

Scores are drawn from laws whose mean best of k is known: uniform on [0, 1] (1 / (k + 1)), exponential (1 / k), 1 +
exponential (a search with a floor), and a mixture in which three trials of ten diverge and are worth 100. Wanted: 95 %;
a column for each budget. Ratios: one arm's scores are c times as large, and the two share their draws in part (Gaussian
copula), so that c / (k + 1) = 1 / (m + 1) gives the true ratio k / m at m = n/2; *open* is the share of intervals
without an upper end.
"""

import argparse
import math
from collections.abc import Callable

import numpy as np
from scipy.stats import norm

from equipoise.studies.interval import Interval
from equipoise.studies.tuning.budget import budget_curve, budget_ratio

Draw = Callable[[np.random.Generator, int], np.ndarray]
NUM_TRIALS = (8, 16, 32, 64)


def mixture(generator: np.random.Generator, number: int) -> np.ndarray:
    """1 to 10, or 100 where the trial diverged."""
    return np.where(generator.random(number) < 0.3, 100.0, 1 + 9 * generator.random(number))


def mean_best_of_mixture(k: int) -> float:
    """Closed form: the integral of P(least > y), which is (1 - 0.7 u)^k at y = 1 + 9 u, and 0.3^k from 10 to 100."""
    return 1 + 9 * (1 - 0.3 ** (k + 1)) / (0.7 * (k + 1)) + 90 * 0.3**k


LAWS: dict[str, tuple[Draw, Callable[[int], float]]] = {
    "uniform": (lambda generator, number: generator.random(number), lambda k: 1 / (k + 1)),
    "exponential": (lambda generator, number: generator.exponential(size=number), lambda k: 1 / k),
    "1 + exponential": (lambda generator, number: 1 + generator.exponential(size=number), lambda k: 1 + 1 / k),
    "30 % diverge": (mixture, mean_best_of_mixture),
}


def holds(interval: Interval, truth: float) -> bool:
    """Whether the truth lies between the ends, which every budget up to half of the trials has."""
    assert interval.low is not None
    assert interval.high is not None
    return interval.low <= truth <= interval.high


def coverage(repetitions: int) -> None:
    """Print the shares."""
    for number in NUM_TRIALS:
        budgets = sorted({1, max(1, number // 8), number // 4, number // 2})
        for name, (draw, truth) in LAWS.items():
            held = np.zeros(len(budgets))
            for repetition in range(repetitions):
                means = budget_curve(draw(np.random.default_rng(repetition), number).tolist()).means
                held += [holds(means[k - 1], truth(k)) for k in budgets]
            shares = ", ".join(f"k = {k}: {share:.1%}" for k, share in zip(budgets, held / repetitions, strict=True))
            print(f"curve, {number} trials, {name}: {shares}", flush=True)
        for factor, shared in ((1.0, 0.9), (0.5, 0.9), (0.5, 0.0), (0.2, 0.5)):
            ratios(number, factor, shared, repetitions)


def ratios(number: int, factor: float, shared: float, repetitions: int) -> None:
    """Print the share of intervals that hold the ratio of two budgets."""
    budget, held, num_open = number // 2, 0, 0
    truth = max(factor * (budget + 1) - 1, 1) / budget
    for repetition in range(repetitions):
        common, own = np.random.default_rng(repetition).normal(size=(2, number))
        scores = factor * norm.cdf(shared * common + math.sqrt(1 - shared**2) * own)
        found = budget_ratio(scores.tolist(), norm.cdf(common).tolist(), budget).ratio
        held += (found.low or 0.0) <= truth <= (found.high or math.inf)
        num_open += found.high is None
    print(
        f"ratio, {number} trials, c = {factor:g}, correlation {shared:g}, true {truth:.2f}: {held / repetitions:.1%}, "
        f"open {num_open / repetitions:.0%}",
        flush=True,
    )


def main() -> None:
    """Read the arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["coverage"])
    parser.add_argument("--repetitions", type=int, default=1000)
    coverage(parser.parse_args().repetitions)


if __name__ == "__main__":
    main()
