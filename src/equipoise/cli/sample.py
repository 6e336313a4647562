"""``equipoise sample RUN [--num 64] [--out FOLDER]``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from tyro.conf import Positional

from equipoise.cli.parsing import parse
from equipoise.core.errors import UserError

MOST = 10**7


@dataclass(frozen=True)
class Arguments:
    """What to sample, and where to put it."""

    run: Positional[Path]
    """The run's folder, such as runs/digits."""
    num: Annotated[int, tyro.conf.arg(metavar="N")] = 64
    """Examples to make."""
    step: int | None = None
    """Checkpoint to take (default: the newest)."""
    seed: int = 0
    """Seed of the latents."""
    out: Path | None = None
    """Folder to make, for one PNG per image, one CSV of points or one file of lines (default: RUN/generated-N)."""


def main(arguments: list[str]) -> int:
    """Write samples of a trained generator; returns the exit code."""
    given = parse(Arguments, arguments, prog="equipoise sample", description="Write what a trained generator makes.")
    if not 1 <= given.num <= MOST:
        raise UserError(f"--num was given as {given.num}, but must be at least 1 and at most {MOST:,}.")
    from equipoise.training import TrainedGenerator
    from equipoise.training.pictures import save_samples

    trained = TrainedGenerator.load(given.run, given.step)
    out = given.out or given.run / f"generated-{given.num}"
    save_samples(out, trained.sample(given.num, given.seed), trained.vocabulary)
    print(f"Wrote {given.num:,} examples of step {trained.state['step']:,} to {out}")
    return 0
