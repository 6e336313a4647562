"""``equipoise evaluate RUN [--step N] [--num-samples N]``."""

import json
from dataclasses import dataclass
from pathlib import Path

from tyro.conf import Positional

from equipoise.cli.parsing import parse
from equipoise.core.errors import UserError

MOST = 10**8


@dataclass(frozen=True)
class Arguments:
    """What to measure, and how."""

    run: Positional[Path]
    """The run's folder, such as runs/digits."""
    step: int | None = None
    """Checkpoint to take (default: the newest)."""
    num_samples: int | None = None
    """Generated examples (default: as in the run's settings)."""
    seed: int | None = None
    """Seed of the latents (default: the run's, which repeats what was measured in training)."""
    json: bool = False
    """Print one JSON object instead of lines."""


def main(arguments: list[str]) -> int:
    """Measure a trained generator; returns the exit code."""
    given = parse(Arguments, arguments, prog="equipoise evaluate", description="Measure a trained generator again.")
    if given.num_samples is not None and not 2 <= given.num_samples <= MOST:
        raise UserError(f"--num-samples was given as {given.num_samples}, but must be at least 2 and at most {MOST:,}.")
    from equipoise.training import TrainedGenerator, measure

    trained = TrainedGenerator.load(given.run, given.step)
    measured = measure(trained, given.num_samples, given.seed)
    if given.json:
        print(json.dumps(measured))
        return 0
    print(f"step {measured['step']:,} of {given.run}")
    for group in ("values", "protocol"):
        for name, value in measured[group].items():
            print(f"  {name:<18} {value}")
    return 0
