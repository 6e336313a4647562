"""Time and error of the distances beside the usual ways to them, on synthetic features of the shape of Inception's.

    python benchmarks/metrics.py [--quick] [--parts frechet moments relatives accuracy text interval] [--repeats 5]

Features: a normal vector with a power-law spectrum, mixed by a fixed rotation, biased, rectified and averaged over four
places; so non-negative, correlated, a third of them near zero. The second set is disturbed at a few directions.

All candidates of a part take turns in one process, and ratios are of the turns, with median, least and largest. Every
line has its error beside its time: of a trace or distance against the most accurate way of that part, and for small
dimensions against 50 digits. ``--quick`` shrinks everything (d = 256) to see that it runs; its ratios mean nothing.

The other ways are written out here as the packages have them, since some no longer import:

    sqrtm          scipy.linalg.sqrtm of C1 C2, as pytorch-fid and clean-fid call it
    numpy eigvals  eigenvalues of C1 C2, complex roots, as torch-fidelity
    torch eigvals  the same in torch, as torchmetrics
"""

import argparse
import math
import resource
import statistics
import time
import warnings
from collections import defaultdict
from functools import partial

import mpmath
import numpy as np
import scipy.linalg
import torch
from sklearn.metrics import pairwise_distances

from equipoise.core.errors import SampleSizeWarning
from equipoise.metrics import (
    Moments,
    MomentsAccumulator,
    extrapolated_distance,
    frechet_distance,
    frechet_distance_from_features,
    frechet_interval,
    kernel_distance,
    neighbour_scores,
    ngram_divergence,
    subset_kernel_distance,
)


def features(count, dimension, seed, disturbed=False):
    """(count, dimension) float32."""
    law = np.random.default_rng(7)
    mixing = (
        np.linalg.qr(law.standard_normal((dimension, dimension)))[0] * (np.arange(1, dimension + 1) ** -0.6)[:, None]
    )
    mixing, bias = (22 * mixing).astype(np.float32), (0.3 * law.standard_normal(dimension)).astype(np.float32)
    if disturbed:
        mixing[:8] *= 1.2
        bias[:8] += 0.2
    draw, total = np.random.default_rng(seed), np.zeros((count, dimension), np.float32)
    for _ in range(4):
        total += np.maximum(draw.standard_normal((count, dimension), dtype=np.float32) @ mixing + bias, 0)
    return total / 4


def in_turns(candidates, num_repeats):
    """Seconds of every candidate, turn by turn, and what the last turn gave."""
    times: dict[str, list[float]] = {name: [] for name in candidates}
    results = {}
    for _ in range(num_repeats):
        for name, candidate in candidates.items():
            started = time.perf_counter()
            results[name] = candidate()
            times[name].append(time.perf_counter() - started)
    return times, results


def report(title, times, errors, ours):
    """A table: median seconds, how many times slower than ours, error."""
    print(f"\n{title}\n  {'':<42} {'seconds':>9}   {'over ours [least, largest]':<28} error")
    for name, seconds in times.items():
        ratios = sorted(a / b for a, b in zip(seconds, times[ours], strict=True))
        ratio = f"{statistics.median(ratios):6.2f} [{ratios[0]:.2f}, {ratios[-1]:.2f}]"
        print(f"  {name:<42} {statistics.median(seconds):9.4f}   {ratio:<28} {errors.get(name, '')}")


def by_sqrtm(mean_a, cov_a, mean_b, cov_b):
    """pytorch-fid's calculate_frechet_distance; newer SciPy has no second value to give."""
    root = scipy.linalg.sqrtm(cov_a.dot(cov_b))
    if not np.isfinite(root).all():
        offset = np.eye(len(cov_a)) * 1e-6
        root = scipy.linalg.sqrtm((cov_a + offset).dot(cov_b + offset))
    return _distance(mean_a, cov_a, mean_b, cov_b, np.trace(root.real))


def by_numpy_eigvals(mean_a, cov_a, mean_b, cov_b):
    """torch-fidelity's."""
    roots = np.sqrt(np.linalg.eigvals(cov_a.dot(cov_b)).astype(complex))
    return _distance(mean_a, cov_a, mean_b, cov_b, roots.real.sum())


def by_torch_eigvals(mean_a, cov_a, mean_b, cov_b):
    """torchmetrics'."""
    product = torch.from_numpy(cov_a) @ torch.from_numpy(cov_b)
    return _distance(mean_a, cov_a, mean_b, cov_b, float(torch.linalg.eigvals(product).sqrt().real.sum()))


def _distance(mean_a, cov_a, mean_b, cov_b, root):
    return float(np.square(mean_a - mean_b).sum() + np.trace(cov_a) + np.trace(cov_b) - 2 * root)


USUAL = {"sqrtm": by_sqrtm, "numpy eigvals": by_numpy_eigvals, "torch eigvals": by_torch_eigvals}


def plain(moments):
    """Mean and covariance as arrays that may be written to, as other packages hold them."""
    return moments.mean.copy(), moments.covariance.copy()


def of_moments(way, a, b):
    """A usual way's distance between two sets of moments."""
    return way(*plain(a), *plain(b))


def of_features(way, a, b):
    """A usual way's distance between two sets of features."""
    return way(*statistics_of(a), *statistics_of(b))


def fresh(moments):
    """The same moments without the factors they keep."""
    return Moments(moments.mean, moments.covariance, moments.count)


def frechet(size, repeats):
    """The distance from full-rank moments, from few examples, and of a set to itself."""
    d, many, few = size["dimension"], size["many"], size["few"]
    a, b = features(many, d, 1), features(many, d, 2, disturbed=True)
    ours, theirs = Moments.from_features(a), Moments.from_features(b)
    theirs.cholesky  # noqa: B018 - kept with the reference
    candidates = {
        "ours": lambda: frechet_distance(fresh(ours), fresh(theirs)),
        "ours, reference factor cached": lambda: frechet_distance(fresh(ours), theirs),
    }
    candidates |= {name: partial(of_moments, way, ours, theirs) for name, way in USUAL.items()}
    times, values = in_turns(candidates, repeats)
    exact = accurate(ours, theirs)
    _frechet_report(f"Frechet distance, d = {d}, N = {many:,} (value {exact:.6f})", times, values, exact)
    _self_report(f"a set against itself, d = {d}, N = {many:,}", ours)

    small_a, small_b = a[:few], b[:few]
    ours, theirs = Moments.from_features(small_a), Moments.from_features(small_b)
    candidates = {"ours": lambda: frechet_distance(fresh(ours), fresh(theirs))}
    candidates |= {name: partial(of_moments, way, ours, theirs) for name, way in USUAL.items()}
    times, values = in_turns(candidates, repeats)
    exact = frechet_distance_from_features(small_a.astype(float), small_b.astype(float))
    _frechet_report(f"below full rank, from moments, N = {few:,} (value {exact:.6f})", times, values, exact)
    candidates = {"ours": lambda: frechet_distance_from_features(small_a, small_b)}
    candidates |= {name: partial(of_features, way, small_a, small_b) for name, way in USUAL.items()}
    times, values = in_turns(candidates, repeats)
    _frechet_report(f"below full rank, from features, N = {few:,}", times, values, exact)
    _self_report(f"a set against itself, d = {d}, N = {few:,}", ours)


def accurate(a, b):
    """By singular values of pivoted factors, whatever the rank."""
    roots = np.linalg.svd(a.factor.T @ b.factor, compute_uv=False)
    return _distance(a.mean, a.covariance, b.mean, b.covariance, roots.sum())


def statistics_of(rows):
    """As clean-fid and torch-fidelity make them."""
    return np.mean(rows, axis=0).astype(float), np.cov(rows, rowvar=False)


def _frechet_report(title, times, values, exact):
    errors = {
        name: f"{value - exact:+.1e} ({abs(value / exact - 1):.1e} of the value)" for name, value in values.items()
    }
    report(title, times, errors, "ours")


def _self_report(title, moments):
    trace = np.trace(moments.covariance)
    print(f"\n{title}, over its trace {trace:.4g}")
    print(f"  {'ours':<42} {frechet_distance(moments, fresh(moments)) / trace:.1e}")
    for name, way in USUAL.items():
        print(f"  {name:<42} {of_moments(way, moments, moments) / trace:+.1e}")


def accuracy(size, repeats):
    """Against 50 digits at small dimensions, full rank and below."""
    print(f"\nagainst 50 digits, d = {size['digits']}, worst of 3 seeds, relative error of the distance")
    d = size["digits"]
    for title, count, decades in (("well conditioned", 20 * d, 0), ("12 decades", 20 * d, 6), ("N = d / 2", d // 2, 0)):
        worst: defaultdict[str, float] = defaultdict(float)
        for seed in range(3):
            draw = np.random.default_rng(seed)
            spread = np.logspace(0, -decades, d)
            a, b = (draw.standard_normal((count, d)) * spread + shift for shift in (0, 0.1))
            exact = fifty_digits(a, b)
            ways = {"ours": frechet_distance(Moments.from_features(a), Moments.from_features(b))}
            ways |= {name: of_features(way, a, b) for name, way in USUAL.items()}
            for name, value in ways.items():
                worst[name] = max(worst[name], abs(value / exact - 1))
        print(f"  {title:<18}" + "   ".join(f"{name} {error:.1e}" for name, error in worst.items()))


def fifty_digits(a, b):
    """The distance of two sets of features in mpmath."""
    with mpmath.workdps(50):
        (mean_a, cov_a), (mean_b, cov_b) = (_exact_moments(each) for each in (a, b))
        values, vectors = mpmath.eigsy(cov_a)
        root = vectors * mpmath.diag([mpmath.sqrt(max(value, 0)) for value in values])
        middle = root.T * cov_b * root
        roots = mpmath.fsum(mpmath.sqrt(max(v, 0)) for v in mpmath.eigsy((middle + middle.T) / 2, eigvals_only=True))
        diagonals = mpmath.fsum(cov_a[i, i] + cov_b[i, i] for i in range(cov_a.rows))
        return float(mpmath.norm(mean_a - mean_b) ** 2 + diagonals - 2 * roots)


def _exact_moments(rows):
    rows = mpmath.matrix(rows.tolist())
    mean = mpmath.matrix([mpmath.fsum(rows[:, column]) / rows.rows for column in range(rows.cols)])
    centred = mpmath.matrix([[rows[i, j] - mean[j] for j in range(rows.cols)] for i in range(rows.rows)])
    return mean, centred.T * centred / (rows.rows - 1)


def moments(size, repeats):
    """Mean and covariance: time, memory, batch sizes, and what float32 products do to a distance."""
    count, d = size["many"], size["dimension"]
    a, b = features(count, d, 1), features(count, d, 2, disturbed=True)

    def streamed(rows, batch_size, **settings):
        accumulator = MomentsAccumulator(**settings)
        for start in range(0, len(rows), batch_size):
            accumulator.update(rows[start : start + batch_size])
        return accumulator.finish()

    # Before numpy's copy of everything has raised the high-water mark.
    before = peak_megabytes()
    reference = streamed(b, 256)
    ours_memory = peak_megabytes() - before
    candidates = {
        "ours, whole": lambda: streamed(a, count),
        "ours, float32 products": lambda: streamed(a, count, float32_products=True),
        "numpy.cov in float64": lambda: np.cov(a.astype(np.float64), rowvar=False),
    }
    sizes = [each for each in (1, 16, 64, 256, 1024, 4096) if each < count]
    candidates |= {f"ours, batches of {each:,}": partial(streamed, a, each) for each in sizes}
    times, results = in_turns(candidates, repeats)
    exact = results["ours, whole"]
    results["numpy.cov in float64"] = Moments(a.mean(axis=0, dtype=np.float64), results["numpy.cov in float64"], count)
    distance = frechet_distance(exact, reference)
    quick = streamed(b, count, float32_products=True)
    errors = {
        name: f"{frechet_distance(each, quick if 'float32' in name else reference) / distance - 1:+.1e} of the distance"
        for name, each in results.items()
    }
    report(f"moments of {count:,} x {d} float32 features", times, errors, "ours, whole")
    same = all(np.array_equal(results[f"ours, batches of {each:,}"].covariance, exact.covariance) for each in sizes)
    print(f"  every batch size gives the same bits: {same}; memory beyond the features: {ours_memory:.0f} MB (ours)")
    before = peak_megabytes()
    np.cov(a.astype(np.float64), rowvar=False)
    print(f"  numpy.cov's further memory: at least {peak_megabytes() - before:.0f} MB, on top of earlier turns' mark")


def peak_megabytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def relatives(size, repeats):
    """Kernel distance, neighbours and extrapolation."""
    count, d = size["relatives"], size["dimension"]
    a, b = features(count, d, 1), features(count, d, 2, disturbed=True)
    subset = min(1000, count // 2)
    candidates = {
        "ours, all pairs": lambda: kernel_distance(a, b),
        f"ours, 100 subsets of {subset}": lambda: subset_kernel_distance(a, b, 100, subset),
        f"numpy, 100 subsets of {subset}": lambda: numpy_subsets(a, b, 100, subset),
    }
    times, results = in_turns(candidates, repeats)
    exact = kernel_distance(a.astype(np.float64), b.astype(np.float64)).value
    errors = {name: f"{getattr(each, 'value', each) - exact:+.1e} of {exact:.3e}" for name, each in results.items()}
    report(f"kernel distance, N = {count:,}, d = {d}", times, errors, "ours, all pairs")

    candidates = {"ours": lambda: neighbour_scores(a, b), "full matrices (prdc)": lambda: full_matrices(a, b, 5)}
    times, results = in_turns(candidates, repeats)
    expected = results["full matrices (prdc)"]
    found = [getattr(results["ours"], name) for name in ("precision", "recall", "density", "coverage")]
    largest = max(abs(one - other) for one, other in zip(found, expected, strict=True))
    report("precision, recall, density, coverage", times, {"ours": f"largest difference {largest:.1e}"}, "ours")

    reference = Moments.from_features(b)
    sizes = np.linspace(count // 2, count, 15).astype(int)
    candidates = {
        "ours, 15 sizes": lambda: extrapolated_distance(a, fresh(reference), 15, count // 2),
        "fresh subsets, numpy.cov, sqrtm": lambda: fresh_subsets(a, reference, sizes),
    }
    times, results = in_turns(candidates, 1)
    error = f"{results['fresh subsets, numpy.cov, sqrtm']:.4f}; ours {results['ours, 15 sizes'].value:.4f}"
    report("distance at infinite N", times, {"fresh subsets, numpy.cov, sqrtm": error}, "ours, 15 sizes")


def numpy_subsets(a, b, num_subsets, subset):
    """The kernel distance as most packages compute it."""
    draw, values = np.random.default_rng(0), []
    for _ in range(num_subsets):
        x, y = (each[draw.choice(len(each), subset, replace=False)] for each in (a, b))
        within = (x @ x.T / x.shape[1] + 1) ** 3 + (y @ y.T / x.shape[1] + 1) ** 3
        across = ((x @ y.T / x.shape[1] + 1) ** 3).sum()
        values.append((within.sum() - np.diag(within).sum()) / (subset - 1) / subset - 2 * across / subset**2)
    return float(np.mean(values))


def full_matrices(x, y, k):
    """prdc's way: three matrices of all pairs."""
    real, fake, across = pairwise_distances(y), pairwise_distances(x), pairwise_distances(y, x)
    real_radii, fake_radii = (np.partition(each, k, axis=1)[:, k] for each in (real, fake))
    inside = across <= real_radii[:, None]
    recall = (across <= fake_radii).any(axis=1).mean()
    return inside.any(axis=0).mean(), recall, inside.sum(axis=0).mean() / k, inside.any(axis=1).mean()


def fresh_subsets(rows, reference, sizes):
    """FID-infinity as published: a subset, a covariance and a matrix root for each size."""
    draw = np.random.default_rng(0)
    subsets = (rows[draw.choice(len(rows), size, replace=False)] for size in sizes)
    values = [by_sqrtm(*statistics_of(each), *plain(reference)) for each in subsets]
    return np.polyfit(1 / sizes, values, 1)[1]


def text(size, repeats):
    """n-gram divergence against dictionaries."""
    ours, theirs = (words(size["lines"], seed) for seed in (0, 1))
    for order in range(1, 7):
        candidates = {
            "ours": lambda order=order: ngram_divergence(ours, theirs, order, with_floor=False).value,
            "ours, with its floor": lambda order=order: ngram_divergence(ours, theirs, order).value,
            "dictionaries": lambda order=order: by_dictionaries(ours.tolist(), theirs.tolist(), order),
        }
        times, values = in_turns(candidates, min(repeats, 3))
        error = {"ours": f"{values['ours'] - values['dictionaries']:+.1e}"}
        report(f"{order}-gram divergence, {size['lines']:,} lines a side", times, error, "ours")


def words(num_lines, seed):
    """Lines (N, 32) of made-up words whose frequencies fall as those of English do, from 60 characters."""
    law, draw = np.random.default_rng(7), np.random.default_rng(seed)
    letters = 1 / np.arange(1, 60)
    vocabulary = [law.choice(59, law.integers(1, 10), p=letters / letters.sum()).tolist() for _ in range(5000)]
    chances = 1 / np.arange(1, 5001)
    picks = draw.choice(5000, (num_lines, 32), p=chances / chances.sum())
    lines = ([each for pick in line for each in (*vocabulary[pick], 59)][:32] for line in picks)
    return np.array(list(lines))


def by_dictionaries(ours, theirs, order):
    """As the published language-model code counts: one by one."""

    def frequencies(lines):
        counts: defaultdict[tuple[int, ...], int] = defaultdict(int)
        total = 0
        for line in lines:
            for at in range(len(line) - order + 1):
                counts[tuple(line[at : at + order])] += 1
                total += 1
        return {gram: count / total for gram, count in counts.items()}

    p, q = frequencies(ours), frequencies(theirs)
    sides = ((p, q), (q, p))
    return (
        math.fsum(each * math.log2(2 * each / (each + b.get(gram, 0))) for a, b in sides for gram, each in a.items())
        / 2
    )


def interval(size, repeats):
    """What an interval costs beside its distance."""
    count, d = size["many"], size["dimension"]
    a, b = features(count, d, 1), features(count, d, 2, disturbed=True)
    ours, theirs = Moments.from_features(a), Moments.from_features(b)
    candidates = {
        "distance": lambda: frechet_distance(fresh(ours), fresh(theirs)),
        "interval from features": lambda: frechet_interval(fresh(ours), fresh(theirs), a, b),
        "interval from moments": lambda: frechet_interval(fresh(ours), fresh(theirs)),
    }
    times, results = in_turns(candidates, repeats)
    notes = {
        name: f"[{each.low:.4f}, {each.high:.4f}], standard error {each.standard_error:.4f}, bias {each.bias:.4f}"
        for name, each in results.items()
        if name != "distance"
    }
    report(f"Frechet distance with its interval, d = {d}, N = {count:,}", times, notes, "distance")


PARTS = {
    "moments": moments,
    "frechet": frechet,
    "accuracy": accuracy,
    "relatives": relatives,
    "text": text,
    "interval": interval,
}
FULL = {"dimension": 2048, "many": 50_000, "few": 1000, "digits": 48, "relatives": 10_000, "lines": 30_000}
QUICK = {"dimension": 256, "many": 3000, "few": 100, "digits": 12, "relatives": 600, "lines": 2000}


def main():
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it runs")
    parser.add_argument("--parts", nargs="+", default=list(PARTS), choices=list(PARTS))
    parser.add_argument("--repeats", type=int, default=5, help="turns of every candidate")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", SampleSizeWarning)
    print(
        f"numpy {np.__version__}, scipy {scipy.__version__}, torch {torch.__version__}, "
        f"{torch.get_num_threads()} threads"
    )
    for name in arguments.parts:
        PARTS[name](QUICK if arguments.quick else FULL, arguments.repeats)


if __name__ == "__main__":
    main()
