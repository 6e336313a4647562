"""``equipoise study compare ARM ARM ... [--budget UNIT AMOUNT] [--seeds N] [--field value ...]``."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rich.console import Console

from equipoise.cli.arms import CLAIM, claims_help, given_names, parse_arm, parse_claim, split_arms
from equipoise.cli.pages import say_page
from equipoise.cli.studying import Player, Playing, parse_study, say_tables, say_unfinished
from equipoise.config import RunSettings
from equipoise.core.errors import UserError, unknown
from equipoise.recipes import RECIPES
from equipoise.recipes.claims import CLAIMS

if TYPE_CHECKING:
    from equipoise.studies.comparison.arms import Arm
    from equipoise.studies.comparison.budget import Budget
    from equipoise.studies.comparison.comparison import Pair
    from equipoise.studies.engine import Standings

PROG = "equipoise study compare ARM ARM ..."
DESCRIPTION = """Which is better, at the same budget and on the same seeds? An arm is a recipe, or a recipe with
options in quotes, with a name before it or not:

  equipoise study compare digits "digits --gen.lr 1e-3" slow="digits --disc.lr 1e-4" --seeds 6 --training.steps 1000

Options after the arms are for all of them."""
SEEDS = 5
NUM_SAID = {"compare": 2, "claim": 4}
"""Tables that are printed, of those in ``analysis.json``."""
UNITS = ("steps", "gradients", "images", "seconds")
"""As `equipoise.studies.comparison.budget.UNITS`, which needs torch."""


@dataclass(frozen=True, kw_only=True)
class Arguments(Playing):
    """How to run the comparison; every setting of the recipes can be given besides, such as --training.batch-size."""

    budget: tuple[str, ...] = ()
    """What every run may spend: steps, gradients, images or seconds, and how many, as in --budget gradients 3000
    (default: the steps of the arms, which must then agree)."""
    seeds: int | None = None
    """Runs of each arm, on common seeds (default: 5, or what a claim asks for). Five can give no p below 0.06; six can.
    """
    score: Literal["final", "best", "area"] = "final"
    """What the verdict goes by: the distance at the end, the least one, or the mean on the way."""
    target: float | None = None
    """A distance whose cost is compared too (default: what half of the runs of the worst arm reach)."""
    pairs: Literal["all", "first"] = "all"
    """Which arms are compared: all with each other, or each with the first. More pairs need smaller p-values."""
    arms: tuple[str, ...] = ()
    """Of a claim: the arms to play (default: all of them)."""
    out: Path = Path("studies/compare")
    """The study's folder; what it holds is not run again."""


def main(arguments: list[str]) -> int:
    """Run, analyse, draw and judge; returns the exit code."""
    words, options = split_arms(arguments)
    if not words and (late := [word for word in options if word in RECIPES or word.startswith(CLAIM)]):
        raise UserError(f"Arms come first, before every option: equipoise study compare {' '.join(late)} ...")
    given, common = parse_study(Arguments, options, PROG, f"{DESCRIPTION}\n\n{claims_help()}")
    if words and words[0].startswith(CLAIM):
        return judge_claim(words, common, given)
    if given.arms:
        raise UserError(f"--arms chooses among the arms of a claim; name one, as in {CLAIM}{next(iter(CLAIMS))}.")
    settings = [parse_arm(word, common) for word in words]
    from equipoise.studies.comparison.arms import Arm, check_arms
    from equipoise.studies.comparison.study import CompareStudy

    arms = tuple(Arm(name, one) for name, one in settings)
    check_arms(arms)
    budget, seeds = budget_of(given.budget, arms), SEEDS if given.seeds is None else given.seeds
    if (
        given.budget
        and budget.unit != "seconds"
        and "training.steps" in given_names([*common, *" ".join(words).split()])
    ):
        raise UserError(f"--budget {budget} sets how many steps each arm plays; leave out --training.steps.")
    study = CompareStudy(arms, budget, seeds, given.score, given.target, _pairs(given.pairs, arms))
    player = Player(given, arms[0].settings.threads or 1, arms[0].settings.device, Console())
    if given.dry_run:
        return player.dry(study.runs)
    answers = study.run(given.out, player)
    return say(answers.results, answers.standings, answers.num_left, given.out, player.console)


def judge_claim(words: Sequence[str], common: Sequence[str], given: Arguments) -> int:
    """Put a claim to the test; returns the exit code."""
    if len(words) > 1:
        raise UserError(f"A claim brings its own arms, but {words[1]!r} was given beside it; leave it out.")
    for name in ("score", "target", "pairs"):
        if getattr(given, name) != getattr(Arguments, name):
            raise UserError(f"A claim says itself what is compared, by the final distance; leave out --{name}.")
    asked = _gradients(given.budget)
    claim, arms = parse_claim(words[0], common, asked, given.arms)
    from equipoise.studies.comparison.claim import ClaimStudy
    from equipoise.studies.plan import distinct

    seeds = claim.seeds if given.seeds is None else given.seeds
    study = ClaimStudy.of(claim, arms, asked or claim.gradients, seeds)
    settings = next(iter(next(iter(arms.values())).values()))
    player = Player(given, settings.threads or 1, settings.device, Console())
    if given.dry_run:
        code = player.dry(distinct(study.search_runs()))
        print(
            f"These are the search; then at most {len(arms) * seeds} fresh runs of what it chooses, as long as these."
        )
        return code
    answers = study.run(given.out, player)
    return say(answers.results, answers.standings, answers.num_left, given.out, player.console)


def budget_of(words: Sequence[str], arms: Sequence["Arm"]) -> "Budget":
    """The budget that was asked for, or the common number of steps.

    Raises:
        UserError: the words are no budget, or the arms' steps differ.
    """
    from equipoise.studies.comparison.budget import Budget

    if not words:
        return Budget("steps", _common_steps([(arm.name, arm.settings) for arm in arms]))
    if words[0] not in UNITS:
        raise unknown("unit of --budget", words[0], UNITS)
    try:
        (amount,) = map(float, words[1:])
    except ValueError:
        amount = math.nan
    if not 0 < amount < math.inf:
        raise UserError(
            f"--budget was given as {' '.join(words)!r}, but takes a unit and a number above 0, as in "
            f"--budget {words[0]} 3000."
        )
    return Budget(words[0], amount)  # type: ignore[arg-type]


def _gradients(words: Sequence[str]) -> int | None:
    """What a claim's runs may spend, if it was said."""
    if not words:
        return None
    if len(words) != 2 or words[0] != "gradients" or not words[1].isdecimal() or not int(words[1]):
        raise UserError(
            f"--budget was given as {' '.join(words)!r}, but a claim is tested at a number of gradients, as in "
            f"--budget gradients 3000."
        )
    return int(words[1])


def say(results: dict[str, Any], standings: "Standings", num_left: int, folder: Path, console: Console) -> int:
    """Print the tables and the verdict, and draw the figure; returns the exit code."""
    from equipoise.reports.comparison import draw_comparison

    say_tables(results["tables"][: NUM_SAID[results["kind"]]], console)
    print("\n".join(results["sentences"]))
    code = say_unfinished(standings, num_left)
    figures = ", ".join(map(str, draw_comparison(folder)))
    print(f"Figures in {figures}; analysis.json, runs.csv, table.md and table.tex beside it")
    say_page(folder)
    return code


def _pairs(which: str, arms: Sequence["Arm"]) -> "tuple[Pair, ...] | None":
    return tuple((arm.name, arms[0].name) for arm in arms[1:]) if which == "first" else None


def _common_steps(arms: Sequence[tuple[str, RunSettings]]) -> int:
    steps = {settings.training.steps: name for name, settings in arms}
    if len(steps) > 1:
        (one, name), (two, other) = list(steps.items())[:2]
        raise UserError(
            f"Arms {name!r} and {other!r} play {one:,} and {two:,} steps, so that they share no budget; give --budget, "
            f"as in --budget steps {min(one, two)}."
        )
    return next(iter(steps), 1)
