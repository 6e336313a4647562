"""``equipoise evaluate RUN [--step N] [--num-samples N] [--measures kid ...]``."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tyro.conf import Positional

from equipoise.cli.live import shown
from equipoise.cli.output import number
from equipoise.cli.parsing import parse
from equipoise.config.evaluation import MeasureName
from equipoise.core.errors import UserError
from equipoise.core.files import without_nan

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
    measures: tuple[MeasureName, ...] | None = None
    """Further measures beside the Frechet distance (default: as in the run's settings)."""
    intervals: bool = False
    """Give an interval with every value that has one, as is done where the run's settings say so."""
    json: bool = False
    """Print one JSON object instead of lines."""


def main(arguments: list[str]) -> int:
    """Measure a trained generator; returns the exit code."""
    given = parse(
        Arguments,
        arguments,
        prog="equipoise evaluate",
        description="Measure a trained generator, or an adapted classifier, again.",
    )
    if given.num_samples is not None and not 2 <= given.num_samples <= MOST:
        raise UserError(f"--num-samples was given as {given.num_samples}, but must be at least 2 and at most {MOST:,}.")
    measured = _measured(given)
    if given.json:
        print(json.dumps(without_nan(measured)))
        return 0
    print(f"step {measured['step']:,} of {given.run}")
    for name, value in measured["values"].items():
        print(f"  {name:<26} {number(value)}{_interval(measured.get('intervals', {}).get(name))}")
    for name, value in measured["protocol"].items():
        print(f"  {name:<26} {_shown(value)}")
    for line in shown(measured):
        print(f"  | {line}")
    return 0


def _measured(given: Arguments) -> dict[str, Any]:
    from equipoise.training import RunFolder, TrainedClassifier, TrainedGenerator, measure

    if RunFolder.open(given.run).settings.game.adapts:
        if (given.num_samples, given.seed, given.measures, given.intervals) != (None, None, None, False):
            raise UserError("An adapted classifier is measured as in its training; leave out all options but --step.")
        return TrainedClassifier.load(given.run, given.step).measure()
    trained = TrainedGenerator.load(given.run, given.step)
    return measure(trained, given.num_samples, given.seed, given.measures, intervals=given.intervals or None)


def _interval(found: dict[str, Any] | None) -> str:
    return f"   ({found['level']:.0%} interval {found['low']:.6g} to {found['high']:.6g})" if found else ""


def _shown(value: object) -> str:
    """A value in words; a group of them in one line."""
    if isinstance(value, dict) and all(isinstance(each, float) for each in value.values()):
        return ", ".join(f"{name} {each:.4g}" for name, each in value.items())
    return str(value)
