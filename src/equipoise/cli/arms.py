"""Arms on the command line: each is what one would type after ``equipoise train``, in quotes, with or without a name.

    digits "digits --gen.lr 1e-3"  slow="digits --disc.lr 1e-4" --seeds 5 --training.steps 1000

Options after the arms are for all of them; an arm's own options go before. One word, ``claim:NAME``, stands for all
arms of a claim (`equipoise.recipes.claims`).
"""

import re
import shlex
from collections.abc import Sequence

from equipoise.cli.parsing import parse
from equipoise.cli.settings import parse_settings
from equipoise.config import RunSettings
from equipoise.config.files import differing, merged, validated
from equipoise.core.errors import UserError, unknown
from equipoise.recipes.claims import CLAIMS, PAPER, Candidates, Claim

CLAIM = "claim:"
_NAMED = re.compile(r"^([^\s=\"'/]+)=(.*)$", re.DOTALL)


def split_arms(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """The words before the first option, and the rest.

    >>> split_arms(["digits", "b=digits --gen.lr 1e-3", "--seeds", "5"])
    (['digits', 'b=digits --gen.lr 1e-3'], ['--seeds', '5'])
    """
    first = next((place for place, word in enumerate(arguments) if word.startswith("-")), len(arguments))
    return list(arguments[:first]), list(arguments[first:])


def parse_arm(text: str, common: Sequence[str]) -> tuple[str, RunSettings]:
    """Name and settings of an arm: the recipe, overlaid by the common options, overlaid by the arm's own.

    Args:
        text: ``RECIPE [--field value ...]``, with ``NAME=`` before it or not; its name is the text itself then.
        common: options for all arms.

    Raises:
        UserError: as `settings.parse_settings`, with the arm named, or the quotes do not match.
    """
    found = _NAMED.match(text)
    name, line = (found[1], found[2]) if found else (text, text)
    try:
        recipe, *own = shlex.split(line)
    except ValueError:
        raise UserError(
            f'Arm {text!r} is no line of a command; write it as in "digits --gen.lr 1e-3", quotes in pairs.'
        ) from None
    try:
        return name, parse_settings([recipe, *common, *own])
    except UserError as error:
        raise UserError(f"In arm {name!r}: {error}") from error


def claims_help() -> str:
    """The claims, a line each."""
    width = max(map(len, CLAIMS)) - len(PAPER) + len(CLAIM)
    small = [claim for claim in CLAIMS.values() if not claim.name.endswith(PAPER)]
    lines = [f"  {CLAIM + claim.name:<{width}}  {claim.says} ({claim.source})" for claim in small]
    title = (
        f"Claims of papers, each with arms of its own, tuned first (NAME{PAPER}: at the paper's size, a GPU's work):"
    )
    return "\n".join([title, *lines])


def parse_claim(
    word: str, common: Sequence[str], gradients: int | None, chosen: Sequence[str]
) -> tuple[Claim, dict[str, Candidates]]:
    """A claim with its arms.

    Args:
        word: ``claim:NAME``.
        common: options for all arms.
        gradients: that a run may spend; None for the claim's own number.
        chosen: names of the arms to play; empty for all.

    Raises:
        UserError: there is no such claim or arm, or an option is wrong.
    """
    name = word.removeprefix(CLAIM)
    if name not in CLAIMS:
        raise unknown("claim", name, CLAIMS)
    claim = CLAIMS[name]
    arms = dict(claim.arms(gradients or claim.gradients))
    for arm in chosen:
        if arm not in arms:
            raise unknown(f"arm of claim {name!r}", arm, arms)
    return claim, {arm: overlaid(arms[arm], common) for arm in arms if not chosen or arm in chosen}


def overlaid(candidates: Candidates, options: Sequence[str]) -> Candidates:
    """All candidates with the same options laid over them, which are parsed once."""
    first = next(iter(candidates.values()))
    given = parse(RunSettings, options, prog="equipoise study compare", description="", default=first)
    changes = differing(first.model_dump(), given.model_dump())
    if not changes:
        return candidates
    return {
        label: validated(merged(settings.model_dump(), changes), "by an option for all arms")
        for label, settings in candidates.items()
    }
