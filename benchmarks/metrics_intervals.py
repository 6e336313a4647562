"""How often the intervals of the Frechet distance hold what they should, for laws whose distance is known.

    python benchmarks/metrics_intervals.py [--repeats 200] [--dimensions 4 16 64] [--ratios 2 5 20 100]

Two normal laws (equal, apart in covariance, apart in mean too) or laws with heavy tails, N = ratio x d examples of
each, sets drawn anew with seeds 0, 1, ...: bias and standard error as estimated and as found over the sets, and the
fraction of 95 % intervals that hold the mean over such sets, and of corrected ones that hold the true distance.
"""

import argparse
import warnings

import numpy as np

from equipoise.core.errors import SampleSizeWarning
from equipoise.metrics import Moments, frechet_distance, frechet_interval

CASES = {
    "equal": (0.0, False, False),
    "turned": (0.0, True, False),
    "turned, shifted": (1.0, True, False),
    "turned, heavy tails": (0.0, True, True),
}


def laws(dimension, shift, turned):
    """Roots of both covariances and the second mean."""
    spread = np.linspace(0.3, 1.5, dimension)
    rotation = np.linalg.qr(np.random.default_rng(7).standard_normal((dimension, dimension)))[0]
    return np.diag(spread), rotation * spread if turned else np.diag(spread), np.full(dimension, shift / dimension**0.5)


def one_set(draw, root, mean, count, heavy):
    """(count, d) examples with the given mean and covariance."""
    shape = (count, len(root))
    noise = draw.standard_t(6, shape) / np.sqrt(1.5) if heavy else draw.standard_normal(shape)
    return mean + noise @ root.T


def line(dimension, ratio, case, repeats):
    """A row of the table."""
    shift, turned, heavy = CASES[case]
    first, second, mean = laws(dimension, shift, turned)
    truth = frechet_distance(Moments(np.zeros(dimension), first @ first.T), Moments(mean, second @ second.T))
    found = []
    for seed in range(repeats):
        draw = np.random.default_rng(seed)
        a = one_set(draw, first, np.zeros(dimension), ratio * dimension, heavy)
        b = one_set(draw, second, mean, ratio * dimension, heavy)
        found.append(frechet_interval(Moments.from_features(a), Moments.from_features(b), a, b))
    rows = [(each.value, each.low, each.high, each.bias, each.standard_error) for each in found]
    values, low, high, biases, errors = np.array(rows, dtype=float).T
    holds_mean = np.mean((low <= values.mean()) & (values.mean() <= high))
    holds_truth = np.mean((low <= truth + biases) & (truth + biases <= high))
    return (
        f"  {dimension:>3} {ratio:>5}  {case:<20} {truth:8.3f} {values.mean() - truth:9.4f} {biases.mean():9.4f} "
        f"{values.std():8.4f} {errors.mean():8.4f} {holds_mean:8.0%} {holds_truth:8.0%}"
    )


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--dimensions", type=int, nargs="+", default=[4, 16, 64])
    parser.add_argument("--ratios", type=int, nargs="+", default=[2, 5, 20, 100])
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", SampleSizeWarning)
    print("    d   N/d  laws                    truth      bias  (estim.)   spread (estim.)   mean in  truth in")
    for dimension in arguments.dimensions:
        for ratio in arguments.ratios:
            for case in CASES:
                print(line(dimension, ratio, case, arguments.repeats), flush=True)


if __name__ == "__main__":
    main()
