"""What the gap-aware schedule costs a training round: the ratio of round times with and without it.

    python benchmarks/gap_aware_overhead.py [--rounds 200] [--repeats 30]

Two sessions of the same run, one with the schedule on, play blocks of rounds in turn, the order of the two changing
from block to block; the ratio is the median over pairs of neighbouring blocks, with its quartiles. The default is the
smallest of our runs, on which an overhead would show most. ``--large`` takes the digits recipe.
"""

import argparse
import statistics
import time

import torch

from equipoise.config import RunSettings, ScheduleSettings
from equipoise.recipes import RECIPES
from equipoise.training.session import Session


def session(recipe: str, gap: str, device: str) -> Session:
    """The recipe's run in memory, the discriminator's schedule set."""
    settings: RunSettings = RECIPES[recipe].settings()
    disc = settings.disc.model_copy(update={"schedule": ScheduleSettings(gap=gap)})
    return Session(settings.model_copy(update={"disc": disc, "threads": 1, "device": device}))


def seconds(player: Session, rounds: int) -> float:
    """Time of a block of rounds."""
    started = time.perf_counter()
    for _ in range(rounds):
        player.play_round()
    if player.device.type != "cpu":
        torch.accelerator.synchronize(player.device)
    return time.perf_counter() - started


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200, help="rounds in a block")
    parser.add_argument("--repeats", type=int, default=30, help="pairs of blocks")
    parser.add_argument("--large", action="store_true", help="the digits recipe in the place of the ring")
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    recipe = "digits" if arguments.large else "ring"
    off, on = (session(recipe, gap, arguments.device) for gap in ("none", "exponential"))
    for player in (off, on):
        seconds(player, arguments.rounds)
    ratios, times = [], []
    for number in range(arguments.repeats):
        pair = (off, on) if number % 2 else (on, off)
        taken = {id(player): seconds(player, arguments.rounds) for player in pair}
        ratios.append(taken[id(on)] / taken[id(off)])
        times.append(taken[id(off)] / arguments.rounds)
    low, middle, high = statistics.quantiles(ratios, n=4)
    print(f"{recipe}: {1e3 * statistics.median(times):.3f} ms a round without; with/without {middle:.4f} ", end="")
    print(f"[{low:.4f}, {high:.4f}] (median and quartiles of {arguments.repeats} pairs of {arguments.rounds} rounds)")


if __name__ == "__main__":
    main()
