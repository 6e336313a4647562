"""``equipoise study tune [RECIPE] --space NAME=log:LOW:HIGH ... --trials K --seeds S [--field value ...]``."""

import shlex
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro
from pydantic import BaseModel
from rich.console import Console

from equipoise.cli.numbers import write_number
from equipoise.cli.pages import say_page
from equipoise.cli.settings import parse_settings
from equipoise.cli.studying import Player, Playing, parse_study, say_tables, say_unfinished, split_options
from equipoise.config import RunSettings
from equipoise.config.schedules import ScheduledNumber
from equipoise.core.errors import IgnoredSettingWarning, UserError

if TYPE_CHECKING:
    from equipoise.studies.tuning.findings import Finalist
    from equipoise.studies.tuning.plan import Arm, TunePlan
    from equipoise.studies.tuning.study import TuneAnswers

PROG = "equipoise study tune [RECIPE]"
DESCRIPTION = "Search settings, run the best again on fresh seeds, and say what a search of so many trials buys."


@dataclass(frozen=True, kw_only=True)
class Arguments(Playing):
    """How to search; every setting of the recipe can be given besides, such as --training.steps."""

    space: tuple[str, ...] = ()
    """What to search, NAME=VALUES each: log:1e-5:1e-2, uniform:0:0.9, int:1:5, logint:16:512 (on a grid with the number
    of points behind: log:1e-5:1e-2:7), or a,b,c. NAME is a setting, such as disc.lr or disc.betas[0]; lr or betas[0]
    without a player is one value for both. (default: both learning rates, a factor of ten around the recipe's)"""
    trials: int | None = None
    """Configurations to try, of each arm (default: 16; all points of a grid)."""
    seeds: int = 3
    """Runs of each trial, whose median is its score; a diverged run counts as the worst."""
    sampler: Literal["random", "grid", "tpe", "cmaes", "gp", "qmc"] = "random"
    """random; grid; or one of Optuna's: tpe, cmaes, gp (a Gaussian process), qmc (evenly spread)."""
    sample_seed: int = 0
    """From which trials are drawn. At random, trial k depends on this, its number and a setting's name alone."""
    fresh_seeds: int = 5
    """Runs of the best configuration on seeds that no trial has seen: the number to report."""
    score: Literal["final", "best"] = "final"
    """Of a run: its final distance, or its best one."""
    arms: tuple[str, ...] = ()
    """Several searches with the same draws, "NAME: --field value ..." each; an arm may have a --space of its own."""
    against: Path | None = None
    """Folder of another search to compare with: the same recipe's, with other settings."""
    prune: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Give up runs that stay behind the first eight trials in the second half of their rounds."""
    out: Path = Path("studies/tune")
    """The study's folder; what it holds is not run again."""


def main(arguments: list[str]) -> int:
    """Search, analyse, draw and advise; returns the exit code."""
    given, rest = parse_study(Arguments, arguments, PROG, DESCRIPTION)
    words = _words_of_arms(given.arms, rest)
    base = parse_settings(rest)
    from equipoise.studies.tuning.other_study import read_other
    from equipoise.studies.tuning.study import TuneStudy

    plan = _plan(given, words, base)
    if given.against and given.against.resolve() == given.out.resolve():
        raise UserError(f"--against '{given.against}' is this search itself; give the folder of another one.")
    against = read_other(given.against) if given.against else None
    study = TuneStudy(plan, given.workers, against)
    player = Player(given, base.threads or 1, base.device, Console())
    if given.dry_run:
        return _dry(player, plan)
    study.check()
    answers = study.run(given.out, player)
    return _say(answers, words, given.out, player.console)


@dataclass(frozen=True)
class ArmWords:
    """What was typed of one arm: its settings, and its space if it has one of its own."""

    settings: list[str]
    space: list[str]


def _words_of_arms(arms: Sequence[str], rest: list[str]) -> dict[str, ArmWords]:
    """By name; one nameless arm where none were asked for."""
    if not arms:
        return {"": ArmWords(rest, [])}
    found = {}
    for arm in arms:
        name, colon, text = arm.partition(":")
        if not colon or not name.strip():
            raise UserError(f'--arms was given {arm!r}; write "NAME: --field value ...", with quotes.')
        own, settings = split_options(_split(text, arm), ["space"])
        space = [word.removeprefix("--space=") for word in own if word != "--space"]
        if name.strip() in found:
            raise UserError(f"Two arms are called {name.strip()!r}; give each a name of its own.")
        found[name.strip()] = ArmWords([*rest, *settings], space)
    return found


def _split(text: str, arm: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise UserError(f"--arms was given {arm!r}, whose quotes do not match; close them.") from error


def _plan(given: Arguments, words: dict[str, ArmWords], base: RunSettings) -> "TunePlan":
    from equipoise.studies.tuning.plan import NUM_TRIALS, Arm, TunePlan
    from equipoise.studies.tuning.space import default_space, read_space

    arms: list[Arm] = []
    for name, one in words.items():
        settings, space = parse_settings(one.settings), one.space or given.space
        arms.append(Arm(name or base.name, settings, read_space(space) if space else default_space(settings)))
        if space:
            _warn_of_overridden(arms[-1], one.settings)
    trials = NUM_TRIALS if given.trials is None else given.trials
    if given.trials is None and given.sampler == "grid":
        trials = arms[0].space.size
    return TunePlan(
        tuple(arms),
        trials,
        given.seeds,
        given.sampler,
        given.sample_seed,
        given.fresh_seeds,
        given.score,
        given.prune,
    )


def _warn_of_overridden(arm: "Arm", words: list[str]) -> None:
    """Warn of settings that were typed and are searched as well."""
    from equipoise.studies.tuning.space import paths

    typed = {word.split("=")[0].replace("-", "_") for word in words if word.startswith("--")}
    for name in arm.space.dimensions:
        for path in paths(name):
            field = ".".join(map(str, path))
            if f"__{field}" in typed:
                message = f"{field} is searched, so that --{field.replace('_', '-')} is ignored."
                warnings.warn(message, IgnoredSettingWarning, stacklevel=2)


def _dry(player: Player, plan: "TunePlan") -> int:
    """The plan with its cost; that of a sampler of Optuna is taken from random draws."""
    from dataclasses import replace

    from equipoise.studies.tuning.heat_map import RATES

    trials = (plan if plan.known else replace(plan, sampler="random")).planned()
    searched = [run for trial in trials for run in trial.runs(plan.seeds)]
    fresh = [run for trial in trials[: len(plan.arms)] for run in trial.runs(plan.fresh_seeds)]
    is_map = plan.sampler == "grid" and all(set(RATES) <= arm.space.dimensions.keys() for arm in plan.arms)
    again = ", and as many of the best with one rate for both players" if is_map else ""
    print(f"{len(searched)} runs of the search, then {len(fresh)} of the best on fresh seeds{again}.")
    # One trial of each arm is timed, and stands for the others.
    return player.dry(
        [replace(run, labels={name: run.labels[name] for name in ("arm", "seed")}) for run in searched + fresh]
    )


def _say(answers: "TuneAnswers", words: dict[str, ArmWords], folder: Path, console: Console) -> int:
    from equipoise.reports.tuning import draw_tuning

    say_tables(answers.results["tables"], console)
    print("\n".join(answers.results["sentences"]))
    for finalist in answers.findings.finalists:
        typed = words.get(finalist.searched.trial.arm.name) or next(iter(words.values()))
        print(f"\n{finalist.name}, to train it:\n  {command(finalist, typed)}")
    code = say_unfinished(answers.standings, answers.num_left)
    figures = ", ".join(str(path) for path in draw_tuning(folder))
    print(f"\nFigures in {figures}; numbers in {folder}/analysis.json, trials.csv and runs.csv")
    say_page(folder)
    return code


def command(finalist: "Finalist", typed: ArmWords) -> str:
    """What to type to train the winner: the words of its arm, and the values that were found."""
    trial = finalist.searched.trial
    return shlex.join(["equipoise", "train", *typed.settings, *_options(trial.arm, trial.settings)])


def _options(arm: "Arm", settings: RunSettings) -> list[str]:
    from equipoise.studies.tuning.space import paths

    fields = [path for name in arm.space.dimensions for path in paths(name)]
    words: dict[str, list[str]] = {}  # by flag: a player's options, or both averaging constants, come once
    for path in fields:
        holder: Any = settings
        names = [part for part in path if isinstance(part, str)]
        names = names[:2] if names[1:2] == ["options"] else names  # options are given together
        for part in names:
            holder = getattr(holder, part)
        flag, values = _flag(names, holder)
        words[flag] = values
    return [word for flag, values in words.items() for word in (flag, *values)]


def _flag(names: list[str], value: Any) -> tuple[str, list[str]]:
    *rooms, name = (one.replace("_", "-") for one in names)
    if isinstance(value, bool):
        return f"--{'.'.join([*rooms, name if value else f'no-{name}'])}", []
    return f"--{'.'.join([*rooms, name])}", _spelled(value)


def _spelled(value: Any) -> list[str]:
    """A setting in the words of the command line."""
    if isinstance(value, dict):
        return [word for key, one in value.items() for word in (key, str(one))]
    if isinstance(value, tuple):
        return [word for one in value for word in _spelled(one)]
    if isinstance(value, BaseModel):
        assert isinstance(value, ScheduledNumber), value
    return [write_number(value) if isinstance(value, float | ScheduledNumber) else str(value)]
