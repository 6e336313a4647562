"""Faults on purpose, and what is left after them: the long version of tests/faults, as one table.

    python benchmarks/faults.py [--kills 200] [--fuzz 500] [--inputs 150] [--steps 20000] [--seed 0]

Kills: real SIGKILLs of real processes at random times, before random file-system calls, and in the middle of a line
of a record, over small versions of the recipes `ring` and `digits`; each run goes on until it ends and is compared,
file by file and byte by byte, with one that was never killed. Fuzz: damaged checkpoints. Inputs: malformed requests.
Divergences: faults put into a run, each under each policy. Long run: growth of memory, open files and threads.
"""

import argparse
import os
import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "faults"))

from faultlab.damage import damages
from faultlab.divergences import CASES, diverge
from faultlab.inputs import refused, requests
from faultlab.kills import kills
from faultlab.lab import SCENES, Lab, small
from faultlab.longrun import growth, measure

from equipoise.training import train

POLICIES = ("ignore", "warn", "stop", "rollback")
Row = tuple[str, str, str]


def kill_rows(number: int, seed: int, folder: Path) -> list[Row]:
    """Kills by scene and way."""
    rows = []
    with Lab() as lab:
        for scene in SCENES:
            done: Counter[str] = Counter()
            wrong = 0
            for way, num_kills, differs in kills(lab, scene, number // len(SCENES), folder / scene, seed):
                done[way] += num_kills
                wrong += bool(differs)
                if differs:
                    print(f"{scene} {way}: {differs}", file=sys.stderr)
            ways = ", ".join(f"{count} by {way}" for way, count in sorted(done.items()))
            rows.append((f"kills of {scene} ({ways})", str(done.total()), f"{wrong} ends differ"))
    return rows


def damage_row(number: int, seed: int, folder: Path) -> Row:
    """Damaged checkpoints."""
    train(small("ring", folder))
    wrong = Counter(name for name, is_right in damages(folder / "run", number, seed) if not is_right)
    return "damaged checkpoints", str(number), f"{wrong.total()} loaded or missed {dict(wrong) or ''}"


def input_row(number: int, seed: int, folder: Path) -> Row:
    """Malformed requests."""
    train(small("ring", folder / "whole"))
    wrong = 0
    for name, request in requests(folder / "requests", folder / "whole" / "run", number, seed):
        if answer := refused(request, folder / "requests"):
            wrong += 1
            print(f"{name}: {answer}", file=sys.stderr)
    return "malformed requests", str(number), f"{wrong} not refused in one sentence"


def divergence_rows(folder: Path) -> list[Row]:
    """Found after how many rounds, and what each policy did."""
    rows = []
    for case in CASES:
        results = {policy: diverge(case, policy, folder / case.name / case.detector / policy) for policy in POLICIES}
        stop = results["stop"]
        did = ", ".join(
            f"{policy}: {result.ending.outcome} ({', '.join(event['done'] for event in result.events) or 'nothing'})"
            for policy, result in results.items()
        )
        delay = f"{stop.ending.step - stop.shows_at} rounds (stated: {case.delay})"
        rows.append((f"{case.name}, {case.detector}", delay, did))
    return rows


def long_row(num_steps: int, folder: Path) -> Row:
    """Growth over a long run."""
    found = measure(folder, num_steps)
    words = ", ".join(f"{name} {growth(values):+.3g}" for name, values in found.items())
    return "one run, evaluations and checkpoints on", f"{num_steps:,} steps", f"growth: {words}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("kills", 200), ("fuzz", 500), ("inputs", 150), ("steps", 20_000), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    table = Table("fault", "number or delay", "outcome")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["EQUIPOISE_CACHE"] = str(folder / "cache")
        rows = [damage_row(given.fuzz, given.seed, folder / "damage")]
        rows.append(input_row(given.inputs, given.seed, folder / "inputs"))
        rows += divergence_rows(folder / "divergences")
        rows.append(long_row(given.steps, folder / "long"))
        rows += kill_rows(given.kills, given.seed, folder / "kills")
    for row in rows:
        table.add_row(*row)
    Console(width=160).print(table)


if __name__ == "__main__":
    main()
