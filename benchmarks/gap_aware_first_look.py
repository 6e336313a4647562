"""A first look at the gap-aware scheduler on MNIST: random configurations, each with and without it.

    python benchmarks/gap_aware_first_look.py --data FOLDER [--configurations 6] [--steps 1000] [--width 8]

The search space of Hazimeh & Ponomareva 2023, setting (i): one learning rate for both players, log-uniform on
[1e-5, 1e-3]; beta1 uniform on [0, 1); for WGAN the clipping bound, log-uniform on [1e-3, 1]. Both arms get the same
draws and the same seed: first weights, data order, latents and dropout are the same. Simultaneous Adam, the paper's
nets at reduced width, constant rates, no averaging of the generator.

FD is in the features of the package's MNIST classifier, generated examples against the test split. The gap is
|loss - ideal| of the discriminator's mean loss over the last tenth of the run. One JSON line per finished run is kept
in RUNS/results.jsonl; a second call runs what is missing and prints the table.
"""

import argparse
import json
import math
import random
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
    ScheduleSettings,
    TrainingSettings,
)
from equipoise.core.files import append_json_line, read_json_lines
from equipoise.core.outcomes import Outcome
from equipoise.training import resume, train

OBJECTIVES = {"nsgan": "nonsaturating", "wgan": "wasserstein"}
ARMS = {"off": "none", "on": "exponential"}


def drawn(number: int) -> dict[str, float]:
    """The draws of one configuration."""
    generator = random.Random(number)
    return {
        "lr": 10 ** generator.uniform(-5, -3),
        "beta1": generator.uniform(0, 1),
        "clip": 10 ** generator.uniform(-3, 0),
    }


def settings(gan: str, number: int, arm: str, arguments: argparse.Namespace) -> RunSettings:
    """One run."""
    draws, every = drawn(number), max(arguments.steps // 2, 1)
    player = PlayerSettings(lr=draws["lr"], betas=(draws["beta1"], 0.999))
    return RunSettings(
        name=f"{gan}-{number}-{arm}",
        root=str(arguments.runs),
        seed=number,
        threads=1,
        data=DataSettings(source="table", path=str(arguments.data)),
        network=NetworkSettings(architecture="dcgan-5x5", width=arguments.width, dropout=0.3),
        game=GameSettings(objective=OBJECTIVES[gan], latent_dim=128, clip=draws["clip"] if gan == "wgan" else None),
        disc=player.model_copy(update={"schedule": ScheduleSettings(gap=ARMS[arm])}),
        gen=player,
        training=TrainingSettings(
            steps=arguments.steps,
            batch_size=arguments.batch_size,
            order="simultaneous",
            ema=0.0,
            log_every=max(arguments.steps // 100, 1),
            sample_every=arguments.steps,
            checkpoint_every=arguments.steps,
        ),
        evaluation=EvaluationSettings(
            features="mnist", every=every, num_samples=arguments.samples, reference_split="test"
        ),
    )


def played(gan: str, number: int, arm: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """The line of one run, which is played now."""
    run = settings(gan, number, arm, arguments)
    folder = arguments.runs / run.name
    ending = resume(folder) if folder.exists() else train(run)
    metrics = read_json_lines(folder / "metrics.jsonl")
    late = [line for line in metrics if line["step"] > 0.9 * arguments.steps]
    distances = [line["values"]["fd"] for line in read_json_lines(folder / "evaluations.jsonl") if line["step"]]
    gaps = [abs(line["disc_gap"]) for line in late if line["disc_gap"] is not None]
    return {
        "gan": gan,
        "configuration": number,
        "arm": arm,
        **drawn(number),
        "steps": arguments.steps,
        "width": arguments.width,
        "batch_size": arguments.batch_size,
        "samples": arguments.samples,
        "outcome": ending.outcome.value,
        "final": distances[-1] if distances and ending.outcome is Outcome.COMPLETE else None,
        "best": min(distances, default=None),
        "gap": statistics.fmean(gaps) if gaps else None,
        "factor": statistics.fmean(line.get("disc_gap_factor", 1.0) for line in late) if late else None,
        "seconds": metrics[-1]["seconds"] if metrics else None,
    }


def show(lines: list[dict[str, Any]]) -> None:
    """Every run, and the two arms side by side."""
    for gan in OBJECTIVES:
        mine = {(line["configuration"], line["arm"]): line for line in lines if line["gan"] == gan}
        numbers = sorted({number for number, _ in mine if all((number, arm) in mine for arm in ARMS)})
        if not numbers:
            continue
        print(f"\n{gan}: {'lr':>9} {'beta1':>6} {'clip':>7} | final FD off / on | best FD | gap | factor on")
        for number in numbers:
            off, on = (mine[number, arm] for arm in ARMS)
            clip = f"{off['clip']:.1e}" if gan == "wgan" else "-"
            pairs = " | ".join(f"{words(off[name])} / {words(on[name])}" for name in ("final", "best", "gap"))
            print(f"  {number:>3}  {off['lr']:>9.1e} {off['beta1']:>6.2f} {clip:>7} | {pairs} | {words(on['factor'])}")
        for name in ("final", "best", "gap"):
            print(f"  {name}: {compared([(mine[n, 'off'][name], mine[n, 'on'][name]) for n in numbers])}")
        for arm in ARMS:
            print(f"  {arm}: diverged {sum(mine[number, arm]['outcome'] == 'diverged' for number in numbers)}")


def compared(pairs: list[tuple[float | None, float | None]]) -> str:
    """Best of all configurations in either arm, and in how many the scheduler is ahead; a missing number is behind."""
    worst = math.inf
    off, on = ([worst if value is None else value for value in arm] for arm in zip(*pairs, strict=True))
    ahead = sum(with_it < without for without, with_it in zip(off, on, strict=True))
    ratios = [math.log(b / a) for a, b in zip(off, on, strict=True) if 0 < a < worst and 0 < b < worst]
    ratio = f"{math.exp(statistics.fmean(ratios)):.2f}" if ratios else "-"
    smallest = f"smallest {min(off):.3g} / {min(on):.3g}"
    return f"{smallest}; on is smaller in {ahead} of {len(off)}; geometric mean of on/off {ratio}"


def words(value: float | None) -> str:
    """A number, or a dash where there is none."""
    return "-" if value is None else f"{value:.3g}"


def main() -> None:
    """Run what is missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="parquet folder of MNIST")
    parser.add_argument("--configurations", type=int, default=6)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--width", type=int, default=8, help="channels next to the image (the paper: 64)")
    parser.add_argument("--batch-size", type=int, default=64, help="(the paper: 256)")
    parser.add_argument("--samples", type=int, default=5000, help="generated examples per evaluation")
    parser.add_argument("--runs", type=Path, default=Path("runs/gap-first-look"), help="where the runs are kept")
    arguments = parser.parse_args()
    arguments.runs.mkdir(parents=True, exist_ok=True)
    file = arguments.runs / "results.jsonl"
    for number in range(arguments.configurations):
        for gan in OBJECTIVES:
            for arm in ARMS:
                done = {(line["gan"], line["configuration"], line["arm"]) for line in read_json_lines(file)}
                if (gan, number, arm) not in done:
                    line = played(gan, number, arm, arguments)
                    append_json_line(file, line)
                    print(json.dumps(line), flush=True)
    show([line for line in read_json_lines(file) if line["configuration"] < arguments.configurations])


if __name__ == "__main__":
    main()
