"""How often the intervals and tests of a comparison are right, on differences whose truth is known.

    python benchmarks/comparison.py [--samples 600]

Coverage of the interval of a mean at 95 %, beside SciPy's BCa, Student's t and the studentised bootstrap, with the
median length; and the share of null studies in which the sign-flip test gives p <= 0.05, without and with runs that
diverge (a fifth of them).
"""

import argparse
import math
from collections.abc import Callable

import numpy as np
from scipy import stats

from equipoise.studies.comparison.paired import mean_interval, paired

Draw = Callable[[np.random.Generator, int], np.ndarray]
LAWS: dict[str, tuple[Draw, float]] = {
    "normal": (lambda generator, size: generator.normal(size=size), 0.0),
    "Laplace": (lambda generator, size: generator.laplace(size=size), 0.0),
    "Student, 3": (lambda generator, size: generator.standard_t(3, size=size), 0.0),
    "difference of log-normals": (
        lambda generator, size: generator.lognormal(size=size) - generator.lognormal(size=size),
        0.0,
    ),
    "exponential": (lambda generator, size: generator.exponential(size=size), 1.0),
}


def ours(values: np.ndarray, generator: np.random.Generator) -> tuple[float, float]:
    """The interval of `equipoise.studies.comparison.paired`."""
    found = mean_interval(values.tolist(), int(generator.integers(2**31)))
    assert found.low is not None
    assert found.high is not None
    return found.low, found.high


def bca(values: np.ndarray, generator: np.random.Generator) -> tuple[float, float]:
    """SciPy's bias-corrected and accelerated bootstrap."""
    found = stats.bootstrap((values,), np.mean, n_resamples=1000, method="BCa", random_state=generator)
    return found.confidence_interval.low, found.confidence_interval.high


def student(values: np.ndarray, generator: np.random.Generator) -> tuple[float, float]:
    """The t interval."""
    half = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    return values.mean() - half, values.mean() + half


def studentised(values: np.ndarray, generator: np.random.Generator) -> tuple[float, float]:
    """The bootstrap of the t statistic; resamples without any spread are left out."""
    drawn = generator.choice(values, (2000, len(values)))
    spread = drawn.std(1, ddof=1)
    kept = spread > 0
    t = (drawn.mean(1)[kept] - values.mean()) / (spread[kept] / math.sqrt(len(values)))
    low, high = np.quantile(t, [0.025, 0.975]) * stats.sem(values)
    return values.mean() - high, values.mean() - low


def coverage(num_samples: int) -> None:
    """The first table."""
    methods = {"ours": ours, "t": student, "studentised": studentised, "BCa": bca}
    print(f"| n | differences | {' | '.join(methods)} |\n|---|---|{'---|' * len(methods)}")
    for number in (3, 5, 8, 10):
        for name, (draw, truth) in LAWS.items():
            generator = np.random.default_rng(0)
            samples = [draw(generator, number) for _ in range(num_samples)]
            cells = []
            for method in methods.values():
                ends = np.array([method(sample, generator) for sample in samples])
                held = np.mean((ends[:, 0] <= truth) & (truth <= ends[:, 1]))
                cells.append(f"{held:.3f} ({np.median(ends[:, 1] - ends[:, 0]):.2f})")
            print(f"| {number} | {name} | {' | '.join(cells)} |", flush=True)


def false_positives(num_samples: int) -> None:
    """The second table."""
    print("\n| n | p <= 0.05 in null studies | where a fifth of the runs diverge |\n|---|---|---|")
    for number in (3, 4, 5, 6, 7, 8, 9, 10):
        generator = np.random.default_rng(1)
        shares = []
        for lost in (0.0, 0.2):
            arms = generator.normal(size=(num_samples, 2, number))
            arms[generator.random(arms.shape) < lost] = math.inf
            ps = [paired(("a", dict(enumerate(one))), ("a", dict(enumerate(other)))).p for one, other in arms]
            shares.append(np.mean([p is not None and p <= 0.05 for p in ps]))
        print(f"| {number} | {shares[0]:.3f} | {shares[1]:.3f} |", flush=True)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=600)
    arguments = parser.parse_args()
    coverage(arguments.samples)
    false_positives(arguments.samples)


if __name__ == "__main__":
    main()
