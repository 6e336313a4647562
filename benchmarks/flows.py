"""Time of one step of the MMD-GAN particle flow, by number of particles, exact kernel against random features.

    python benchmarks/flows.py --threads 2
    python benchmarks/flows.py --particles 200 400 --exact-up-to 400 --repeats 2      # a look in a second

Each line: particles, seconds of a step (the median of the repeats, warmed up), the error of the features' kernel, and
the exponent p of time ~ particles^p from the line before. The quality beside the speed is the kernel's error.
"""

import argparse
import math
import statistics
import time

import torch

from equipoise.flows import build_scheme
from equipoise.flows.particles import KernelSpace, ParticleFlow, RandomFeatures


def step_seconds(space, num_particles, num_data, dtype, repeats):
    generator = torch.Generator().manual_seed(0)
    data, points = (torch.randn(n, 2, generator=generator, dtype=dtype) for n in (num_data, num_particles))
    flow, scheme = ParticleFlow(space, data, points, damping=0.1), build_scheme("explicit")
    state = scheme.step(flow, flow.start, 0.1)
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        scheme.step(flow, state, 0.1)
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--particles", type=int, nargs="+", default=[1000, 3000, 10_000, 30_000, 100_000])
    parser.add_argument("--exact-up-to", type=int, default=10_000)
    parser.add_argument("--data", type=int, default=2000)
    parser.add_argument("--frequencies", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float64")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    dtype = getattr(torch, given.dtype)
    features = RandomFeatures(2, given.frequencies, (1.0,), torch.Generator().manual_seed(1), dtype)
    error = features.error(torch.randn(500, 2, generator=torch.Generator().manual_seed(2), dtype=dtype))
    print(f"{given.dtype}, {given.threads} threads, {given.data:,} data points, {given.frequencies} frequencies")
    print(f"kernel error of the features: root mean square {error[0]:.4f}, largest {error[1]:.4f}")
    for name, space in (("features", features), ("exact", KernelSpace((1.0,)))):
        before = None
        for number in given.particles:
            if name == "exact" and number > given.exact_up_to:
                continue
            seconds = step_seconds(space, number, given.data, dtype, given.repeats)
            power = "" if before is None else math.log(seconds / before[1]) / math.log(number / before[0])
            exponent = f"  exponent {power:.2f}" if before else ""
            print(f"{name:<9} {number:>8,} particles  {1000 * seconds:9.2f} ms{exponent}", flush=True)
            before = (number, seconds)


if __name__ == "__main__":
    main()
