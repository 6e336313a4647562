"""``equipoise study batch-size [RECIPE] --sizes 8 16 ... --target DISTANCE [--seeds N] [--field value ...]``."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rich.console import Console
from rich.table import Table

from equipoise.cli.pages import say_page
from equipoise.cli.settings import parse_settings
from equipoise.cli.studying import Player, Playing, parse_study, say_unfinished
from equipoise.config import RunSettings
from equipoise.config.files import validated
from equipoise.core.errors import UserError
from equipoise.core.judges import JUDGES

if TYPE_CHECKING:
    from equipoise.studies.batch_size.study import BatchSizeAnswers

PROG = "equipoise study batch-size [RECIPE]"
DESCRIPTION = "Steps to a target distance against the batch size, and the size that reaches it at the least cost."
DEFAULT_RECIPE = "batch-size-digits"


@dataclass(frozen=True, kw_only=True)
class Arguments(Playing):
    """How to run the study; every setting of the recipe can be given besides, such as --disc.lr."""

    sizes: tuple[int, ...] = (4, 8, 16, 32, 64, 128, 256, 512)
    """Batch sizes."""
    target: tuple[str, ...] = ("auto",)
    """Distances to reach, the hardest of which ends a run; or auto: what a pilot run reaches in a quarter of its
    steps. A distance is what the recipe's evaluations judge by: FD, the mode error on mixtures, JSD-4 of text."""
    seeds: int = 5
    """Runs of each batch size."""
    rates: Literal["fixed", "sqrt", "linear", "tuned"] = "fixed"
    """Learning rates: as they are (the paper), by the root of the batch size, in proportion to it, or the best of a
    half, one and two times the recipe's for each batch size."""
    max_steps: int | None = None
    """Rounds after which a run is given up (default: the recipe's steps)."""
    noise_every: int = 200
    """Rounds between two measurements of the gradient noise (0: none)."""
    out: Path = Path("studies/batch-size")
    """The study's folder; what it holds is not run again."""


def main(arguments: list[str]) -> int:
    """Run, analyse, draw and advise; returns the exit code."""
    given, rest = parse_study(Arguments, arguments, PROG, DESCRIPTION)
    targets = _targets(given.target)
    settings = parse_settings(rest, default=DEFAULT_RECIPE)
    from equipoise.studies.batch_size.plan import BatchSizePlan, require_distance
    from equipoise.studies.batch_size.study import BatchSizeStudy

    require_distance(settings)
    plan = BatchSizePlan(_base(settings, given), given.sizes, given.seeds, given.rates)
    player = Player(given, plan.base.threads or 1, plan.base.device, Console())
    if given.dry_run:
        return player.dry(plan.runs())
    study = BatchSizeStudy(plan, targets, player.threads)
    study.check()
    return _say(study.run(given.out, player), given.out, player.console)


def _targets(words: Sequence[str]) -> tuple[float, ...] | None:
    """Distances, hardest last; None for auto."""
    if list(words) == ["auto"]:
        return None
    try:
        targets = sorted({float(word) for word in words}, reverse=True)
    except ValueError:
        raise UserError(f"--target was given as {' '.join(words)!r}, but takes distances, or auto.") from None
    if not all(0 < target < float("inf") for target in targets):
        raise UserError(f"--target was given as {' '.join(words)!r}, but a distance is above 0.")
    return tuple(targets)


def _base(settings: RunSettings, given: Arguments) -> RunSettings:
    changes: dict[str, Any] = {"measure_noise_every": given.noise_every}
    if given.max_steps is not None:
        changes["steps"] = given.max_steps
    values = settings.model_dump()
    values["training"] |= changes
    return validated(values, "by --max-steps or --noise-every")


def _say(answers: "BatchSizeAnswers", folder: Path, console: Console) -> int:
    from equipoise.reports.batch_size import draw_batch_size

    for target in answers.results["targets"]:
        _say_target(target, console)
    for refusal in answers.refusals:
        print(refusal)
    code = say_unfinished(answers.standings, answers.num_left)
    print(f"Figure in {draw_batch_size(folder)}, numbers in {folder}/analysis.json and runs.csv")
    say_page(folder)
    return code


def _say_target(target: dict[str, Any], console: Console) -> None:
    table = Table("batch size", "met", "steps", "95 %", "SFO", "images", "seconds", box=None)
    for one in target["sizes"]:
        steps, ends = one["steps"], ""
        if steps["low"] is not None:
            ends = f"{_count(steps['low'])}-{_count(steps['high'])}"
        values = (steps["value"], one["sfo"]["value"], one["images"], one["seconds"])
        steps_text, sfo, images, seconds = map(_count, values)
        met = f"{one['num_met']}/{one['num_runs']}"
        table.add_row(str(one["batch_size"]), met, steps_text, ends, sfo, images, seconds)
    print(f"\n{JUDGES[target['judge']]} {target['target']:g}")
    console.print(table)
    for player, scale in target["noise_scales"].items():
        if scale is not None:
            ends = f" (95 % interval {scale['low']:.3g}-{scale['high']:.3g})" if scale["low"] is not None else ""
            print(f"Gradient noise scale of {player} where runs met it: {scale['value']:.3g}{ends}.")
    print("\n".join(target["advice"]))


def _count(value: float) -> str:
    return "never" if value == float("inf") else f"{value:,.0f}"
