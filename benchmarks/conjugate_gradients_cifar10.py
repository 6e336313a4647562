"""A first look at conjugate gradients on CIFAR-10: Fletcher-Reeves, SGD at one and at two times the rate, and Adam.

    python benchmarks/conjugate_gradients_cifar10.py --data FOLDER [--steps 1500] [--seeds 3] [--width 16]

Clipped Fletcher-Reeves sits at beta 1/2 wherever gradient norms change slowly, which is momentum 1/2 and so twice the
rate: whatever it gains over SGD has to be gained over SGD at twice the rate as well before conjugacy is credited.

One sensible rate per arm, not tuned; small spectrally normalised DCGAN, hinge loss, simultaneous updates as in the
paper's Algorithm 1; FD in the features of the package's CIFAR-10 classifier, 10,000 against the test split. Arms share
seeds: first weights, data order and latents are the same. Runs are kept, and done ones are not run again.
"""

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

from equipoise.config import (
    DataSettings,
    EvaluationSettings,
    GameSettings,
    NetworkSettings,
    PlayerSettings,
    RunSettings,
    TrainingSettings,
)
from equipoise.training import train

RATE = 2e-2
ARMS = {
    "sgd": PlayerSettings(optimizer="sgd", lr=RATE),
    "sgd-2x": PlayerSettings(optimizer="sgd", lr=2 * RATE),
    "cg-fr": PlayerSettings(optimizer="cg-fr", lr=RATE),
    "adam": PlayerSettings(optimizer="adam", lr=2e-4, betas=(0.5, 0.999)),
}


def settings(arm: str, seed: int, arguments: argparse.Namespace) -> RunSettings:
    """One run of one arm."""
    return RunSettings(
        name=f"{arm}-{seed}",
        root=str(arguments.runs),
        seed=seed,
        threads=1,
        data=DataSettings(source="table", path=str(arguments.data)),
        network=NetworkSettings(architecture="dcgan", width=arguments.width, disc_norm="spectral", gen_norm="batch"),
        game=GameSettings(objective="hinge", latent_dim=64),
        disc=ARMS[arm],
        gen=ARMS[arm],
        training=TrainingSettings(
            steps=arguments.steps, order="simultaneous", sample_every=arguments.steps, checkpoint_every=arguments.steps
        ),
        evaluation=EvaluationSettings(
            features="cifar10", every=max(arguments.steps // 3, 1), num_samples=10_000, reference_split="test"
        ),
    )


def outcome(arm: str, seed: int, arguments: argparse.Namespace) -> dict[str, Any]:
    """How the run ended; it is run unless it was before."""
    file = arguments.runs / f"{arm}-{seed}" / "outcome.json"
    if not file.exists():
        train(settings(arm, seed, arguments))
    ending: dict[str, Any] = json.loads(file.read_text())
    return ending


def cap_fraction(arm: str, seed: int, arguments: argparse.Namespace) -> str:
    """Share of the discriminator's and the generator's steps whose beta stood at the cap."""
    last = json.loads((arguments.runs / f"{arm}-{seed}" / "metrics.jsonl").read_text().splitlines()[-1])
    names = [f"{player}_cap_fraction" for player in ("disc", "gen")]
    return " / ".join(f"{last[name]:.2f}" for name in names) if names[0] in last else ""


def main() -> None:
    """Run what is missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="parquet folder of CIFAR-10")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--runs", type=Path, default=Path("runs/cg-first-look"), help="where the runs are kept")
    arguments = parser.parse_args()
    arguments.runs.mkdir(parents=True, exist_ok=True)
    results: dict[str, list[dict[str, Any]]] = {arm: [] for arm in ARMS}
    for seed in range(arguments.seeds):
        for arm in ARMS:
            results[arm].append(outcome(arm, seed, arguments))
            print(f"{arm:<7} seed {seed}: {results[arm][-1]['values']}", flush=True)
    print(f"\nFD after {arguments.steps} steps, {arguments.seeds} seeds")
    for arm, endings in results.items():
        finals = [ending["values"]["latest"] for ending in endings if ending["outcome"] == "complete"]
        spread = f"[{min(finals):.2f}, {max(finals):.2f}]" if finals else ""
        mean = f"{statistics.fmean(finals):.2f}" if finals else "-"
        diverged = sum(ending["outcome"] == "diverged" for ending in endings)
        print(f"  {arm:<7} {mean:>7} {spread:<16} diverged {diverged}  at the cap {cap_fraction(arm, 0, arguments)}")


if __name__ == "__main__":
    main()
