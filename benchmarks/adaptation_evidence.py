"""MNIST -> MNIST-M over seeds: source-only, DANN, DANN under the gap-aware schedule, and the strong recipe.

    python benchmarks/adaptation_evidence.py --mnist FOLDER --photographs FOLDER [--seeds 5] [--out FOLDER] [--arms A B]

Every run is a run folder below --out (runs/adaptation-evidence by default), played by the training loop as the command
line plays it, with one thread. Seeds are the outer loop, so that arms can be compared whenever the script is stopped; a
run that is complete is not played again and one that was killed is resumed, so the same command goes on where it stood.
The images are decoded once per process. --budget N starts no run after N seconds. --table prints the table alone.

The table has, for each arm and each rule of choosing a checkpoint: mean accuracy on the 5,000 test images of MNIST-M
with its 95 % t-interval over seeds, the standard deviation, the least, the quartiles' range, and the part of the gap to
--target-only (100 % if not given) that is closed. Diverged runs count with their last accuracy.
"""

import argparse
import functools
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from scipy import stats

from equipoise.config import DataSettings, RunSettings
from equipoise.core.files import read_json_lines
from equipoise.core.outcomes import Outcome
from equipoise.data import Source, build_source, domains
from equipoise.recipes import RECIPES
from equipoise.studies.adaptation.choices import Bounds, baseline_settings, choices
from equipoise.training import resume, train

DANN, STRONG = "adapt-mnist-mnistm-small", "adapt-mnist-mnistm-strong"
TARGET_ONLY = "target-only"


def _source_only() -> RunSettings:
    return baseline_settings(RECIPES[DANN].settings(), "source-only")


def _target_only() -> RunSettings:
    return baseline_settings(RECIPES[DANN].settings(), "target-only")


ARMS: dict[str, Callable[[], RunSettings]] = {
    "source-only": _source_only,
    "dann": RECIPES[DANN].settings,
    "dann-gap-aware": functools.partial(RECIPES[DANN].settings, "gap-aware"),
    "strong": RECIPES[STRONG].settings,
    TARGET_ONLY: _target_only,
}


def settings_for(arm: str, seed: int, given: argparse.Namespace) -> RunSettings:
    """The run of an arm with a seed, on the data given."""
    settings = ARMS[arm]()
    training = settings.training
    if given.steps:
        training = training.model_copy(update={"steps": given.steps})
    return settings.model_copy(
        update={
            "name": f"{arm}-{seed}",
            "root": given.out,
            "seed": seed,
            "threads": 1,
            "data": settings.data.model_copy(update={"path": given.mnist}),
            "target": settings.target.model_copy(update={"path": given.mnist, "texture": given.photographs}),
            "training": training,
        }
    )


def keep_decoded() -> None:
    """Decode each set once for all runs of this process; nothing writes to a source."""
    build = functools.lru_cache(maxsize=None)(build_source)

    def quietly(
        settings: DataSettings, device: torch.device, split: str | None = None, on_progress: object = None
    ) -> Source:
        return build(settings, device, split)

    mock.patch.object(domains, "build_source", quietly).start()


def play(arm: str, seed: int, given: argparse.Namespace) -> None:
    """Start one run, go on with it, or leave it where it is complete."""
    settings = settings_for(arm, seed, given)
    path = Path(settings.root) / settings.name
    if (path / "outcome.json").exists() and f'"{Outcome.STOPPED.value}"' not in (path / "outcome.json").read_text():
        return
    started = time.perf_counter()
    ending = resume(path) if path.exists() else train(settings)
    values = read_json_lines(path / "evaluations.jsonl")[-1]["values"]
    print(
        f"{arm} seed {seed}: {time.perf_counter() - started:.0f} s, {ending.outcome}, source "
        f"{values.get('source_accuracy', float('nan')):.4f}, target {values.get('oracle_target_accuracy', 0):.4f}",
        flush=True,
    )


def table(given: argparse.Namespace) -> None:
    """Print what the finished runs say."""
    found: dict[tuple[str, str], list[float]] = {}
    for arm in ARMS:
        for path in sorted(Path(given.out).glob(f"{arm}-[0-9]*")):
            if (path / "outcome.json").exists():
                for choice in choices(read_json_lines(path / "evaluations.jsonl"), Bounds()):
                    found.setdefault((arm, choice.rule), []).append(100 * (choice.target or 0.0))
    last = {arm: statistics.mean(found[arm, "last step"]) for arm in ARMS if (arm, "last step") in found}
    lower, upper = last.get("source-only"), given.target_only or last.get(TARGET_ONLY)
    print("| arm | rule | seeds | mean | 95 % interval | sd | least | quartiles' range | gap closed |")
    print("|---|---|---|---|---|---|---|---|---|")
    for (arm, rule), values in found.items():
        closed = "-" if lower is None or upper is None else f"{(statistics.mean(values) - lower) / (upper - lower):.0%}"
        print(f"| {arm} | {rule} | {len(values)} | {_summary(values)} | {closed} |")


def _summary(values: list[float]) -> str:
    mean = statistics.mean(values)
    low, high = np.percentile(values, [25, 75])
    if len(values) < 2:
        return f"{mean:.2f} | - | - | {min(values):.2f} | -"
    deviation = statistics.stdev(values)
    half = stats.t.ppf(0.975, len(values) - 1) * deviation / len(values) ** 0.5
    return (
        f"{mean:.2f} | {mean - half:.2f} to {mean + half:.2f} | {deviation:.2f} | {min(values):.2f} | {high - low:.2f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mnist", required=True)
    parser.add_argument("--photographs", required=True)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=[arm for arm in ARMS if arm != TARGET_ONLY])
    parser.add_argument("--steps", type=int, help="another length than the recipes', to try the script")
    parser.add_argument("--budget", type=float, default=float("inf"))
    parser.add_argument("--target-only", type=float, help="accuracy in %% of the upper bound, where it is known")
    parser.add_argument("--out", default="runs/adaptation-evidence")
    parser.add_argument("--table", action="store_true")
    given = parser.parse_args()
    started = time.perf_counter()
    keep_decoded()
    for seed in range(0 if given.table else given.seeds):
        for arm in given.arms:
            if time.perf_counter() - started < given.budget:
                play(arm, seed, given)
    table(given)


if __name__ == "__main__":
    main()
