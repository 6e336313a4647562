"""The word game of the TTUR paper in small: two time scales against one, at equal time, over several seeds.

    python benchmarks/text_ttur.py --data FOLDER [--seconds 240] [--seeds 3] [--out text_ttur.jsonl]

Arms are the recipes text-ttur-small (one critic step a round, 1.5e-3 / 5e-4) and text-single-small (ten, both 5e-4),
which are the paper's rates times five: --rate-scale 0.2 gives the paper's. Time is the processor time of the rounds in
this process, which another load on the machine stretches much less than the wall's. Evaluations are left out of it, and
taken at equal fractions of it. One JSON line is appended per run; runs that are in the file already are not repeated,
so that a killed script goes on where it stood. The summary is printed at the end: means over seeds with 95 %
t-intervals, the paired difference of the arms, what real text gets (floor), and what independent characters of the
right frequencies get (unigram).
"""

import argparse
import math
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy import stats

from equipoise.config import RunSettings
from equipoise.core.files import append_json_line, read_json_lines
from equipoise.data import TextSource
from equipoise.recipes import RECIPES
from equipoise.training.measuring.text_evaluator import TextEvaluator, divergences
from equipoise.training.session import Session

ARMS = {"ttur": "text-ttur-small", "single": "text-single-small"}
ORDERS = ("jsd1", "jsd2", "jsd4", "jsd6")


def settings_for(arm: str, seed: int, given: argparse.Namespace) -> RunSettings:
    """The recipe of an arm on the data given."""
    settings = RECIPES[ARMS[arm]].settings()
    rates = {name: getattr(settings, name).lr * given.rate_scale for name in ("disc", "gen")}
    return settings.model_copy(
        update={
            "seed": seed,
            "threads": 1,
            "data": settings.data.model_copy(update={"path": given.data}),
            "network": settings.network.model_copy(update={"width": given.width, "depth": given.depth}),
            **{name: getattr(settings, name).model_copy(update={"lr": rate}) for name, rate in rates.items()},
        }
    )


def play(arm: str, seed: int, given: argparse.Namespace) -> dict[str, Any]:
    """One run: its divergences at equal fractions of the time, and how many rounds it played."""
    session = Session(settings_for(arm, seed, given))
    source = session.board.source
    assert isinstance(source, TextSource)
    evaluator = TextEvaluator(session.settings, source, session.device)
    curve, spent, finite, found = [], 0.0, True, {}
    for point in range(given.points + 1):
        while spent < given.seconds * point / given.points:
            started = time.process_time()
            session.play_round()
            spent += time.process_time() - started
        found = evaluator.evaluate(session.generate)
        finite = all(bool(torch.isfinite(one).all()) for one in session.board.game.gen.parameters())
        curve.append({"seconds": spent, "step": session.step, **found["values"]})
        print(f"{arm} seed {seed}: {spent:.0f} s, step {session.step}, jsd4 {found['values']['jsd4']:.4f}", flush=True)
        if not finite:
            break
    return {
        **{"arm": arm, "seed": seed, "seconds": given.seconds, "width": given.width, "depth": given.depth},
        **{"rate_scale": given.rate_scale, "steps": session.step, "diverged": not finite, "curve": curve},
        **{"lines": found.get("lines"), "protocol": found["protocol"], "unigram": unigram(source, evaluator)},
    }


def unigram(source: TextSource, evaluator: TextEvaluator) -> dict[str, float]:
    """Divergences of lines of independent symbols, each as frequent as in the training text."""
    codes = source.codes.cpu().numpy()
    frequencies = np.bincount(codes.ravel(), minlength=len(source.vocabulary)) / codes.size
    shape = (evaluator.settings.num_samples, codes.shape[1])
    lines = np.random.default_rng(0).choice(len(frequencies), size=shape, p=frequencies)
    return divergences(lines, evaluator._reference)


def interval(values: list[float]) -> str:
    """Mean and 95 % t-interval."""
    mean = statistics.fmean(values)
    if len(values) < 2:
        return f"{mean:.4f}"
    half = stats.t.ppf(0.975, len(values) - 1) * statistics.stdev(values) / math.sqrt(len(values))
    return f"{mean:.4f} [{mean - half:.4f}, {mean + half:.4f}]"


def summarise(runs: list[dict[str, Any]]) -> None:
    """Print a table of final and best values by arm, and the paired differences."""
    if not runs:
        return
    floor, baseline = runs[0]["protocol"]["floor"], runs[0]["unigram"]
    for name in ORDERS:
        print(f"{name}: floor {floor[name]:.4f}, unigram {baseline[name]:.4f}")
        for arm in ARMS:
            mine = [run for run in runs if run["arm"] == arm and not run["diverged"]]
            if mine:
                final = interval([run["curve"][-1][name] for run in mine])
                best = interval([min(point[name] for point in run["curve"]) for run in mine])
                print(f"  {arm:<7} final {final}, best {best}, {len(mine)} runs, {mine[0]['steps']} rounds")
        pairs = [[run["curve"][-1][name] for run in runs if (run["arm"], run["seed"]) == key] for key in keys(runs)]
        differences = [pairs[k][0] - pairs[k + 1][0] for k in range(0, len(pairs), 2) if pairs[k] and pairs[k + 1]]
        if differences:
            print(f"  ttur less single, final: {interval(differences)}")
    diverged = sum(run["diverged"] for run in runs)
    print(f"diverged: {diverged} of {len(runs)}")


def keys(runs: list[dict[str, Any]]) -> list[tuple[str, int]]:
    """Arm and seed of every pair of runs, the arms in order."""
    return [(arm, seed) for seed in sorted({run["seed"] for run in runs}) for arm in ARMS]


def main() -> None:
    """Play what is missing, then print the summary."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", help="text file, or folder with train.txt and test.txt (default: the small grammar)")
    parser.add_argument("--seconds", type=float, default=240, help="processor seconds of the rounds of a run")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--arms", nargs="+", default=list(ARMS), choices=list(ARMS))
    parser.add_argument("--points", type=int, default=8, help="evaluations of a run")
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--depth", type=int, default=2)
    parser.add_argument("--rate-scale", type=float, default=1.0, help="multiplies all learning rates")
    parser.add_argument("--out", type=Path, default=Path("text_ttur.jsonl"))
    given = parser.parse_args()
    asked = ("seconds", "width", "depth", "rate_scale")
    for seed in range(given.seeds):
        for arm in given.arms:
            done = [
                run for run in read_json_lines(given.out) if all(run[name] == getattr(given, name) for name in asked)
            ]
            if (arm, seed) not in {(run["arm"], run["seed"]) for run in done}:
                append_json_line(given.out, play(arm, seed, given))
    summarise([run for run in read_json_lines(given.out) if all(run[name] == getattr(given, name) for name in asked)])


if __name__ == "__main__":
    main()
