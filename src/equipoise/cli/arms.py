"""Arms on the command line: each is what one would type after ``equipoise train``, in quotes, with or without a name.

    digits "digits --gen.lr 1e-3"  slow="digits --disc.lr 1e-4" --seeds 5 --training.steps 1000

Options after the arms are for all of them; an arm's own options go before. One word, ``claim:NAME``, stands for all
arms of a claim (`equipoise.recipes.claims`).
"""

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from equipoise.cli.parsing import parse
from equipoise.cli.settings import parse_settings
from equipoise.config import RunSettings
from equipoise.config.files import differing, dotted_fields, merged, validated
from equipoise.core.errors import UserError, unknown
from equipoise.recipes.claims import CLAIMS, PAPER, Candidates, Claim

CLAIM = "claim:"
_HOW_OFTEN = {"evaluation.every", "training.log_every", "training.sample_every", "training.checkpoint_every"}
"""Settings of a claim that follow from the length of its runs and may be given all the same."""
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
        UserError: there is no such claim or arm, or an option is wrong, or sets what the configurations differ in.
    """
    name = word.removeprefix(CLAIM)
    if name not in CLAIMS:
        raise unknown("claim", name, CLAIMS)
    claim = CLAIMS[name]
    arms = dict(claim.arms(gradients or claim.gradients))
    for arm in chosen:
        if arm not in arms:
            raise unknown(f"arm of claim {name!r}", arm, arms)
    _refuse_varied(name, arms, common)
    return claim, {arm: overlaid(arms[arm], common) for arm in arms if not chosen or arm in chosen}


def overlaid(candidates: Candidates, options: Sequence[str]) -> Candidates:
    """All candidates with the same options laid over them, which are parsed once."""
    first = next(iter(candidates.values()))
    given = parse(RunSettings, options, prog="equipoise study compare", description="", default=first).model_dump()
    changes: dict[str, Any] = {}
    for name in sorted(set(dotted_fields(RunSettings)) & given_names(options)):
        changes = merged(changes, _nested(name, _value_at(given, name)))
    if not changes:
        return candidates
    return {
        label: validated(merged(settings.model_dump(), changes), "by an option for all arms")
        for label, settings in candidates.items()
    }


def given_names(options: Sequence[str]) -> set[str]:
    """Dotted names of the settings that are among ``options``.

    >>> sorted(given_names(["--gen.lr", "1e-3", "--data.no-flip", "--training.batch-size=8"]))
    ['data.flip', 'gen.lr', 'training.batch_size']
    """
    flags = [word.split("=")[0].removeprefix("--").replace("-", "_") for word in options if word.startswith("--")]
    return {re.sub(r"(^|\.)no_(?=[^.]*$)", r"\1", flag) for flag in flags}


def _refuse_varied(claim: str, arms: Mapping[str, Candidates], options: Sequence[str]) -> None:
    """Refuse options for what tells the configurations of a claim apart, and for its length, which is the budget's."""
    given = given_names(options)
    if "training.steps" in given:
        raise UserError("The runs of a claim are as long as their budget; give --budget gradients N, not the steps.")
    every = [settings.model_dump() for candidates in arms.values() for settings in candidates.values()]
    for name in sorted(given - _HOW_OFTEN):
        top = [differing(every[0], other) for other in every[1:]]
        if any(_varies(changes, name) for changes in top):
            flag = f"--{name.replace('_', '-')}"
            raise UserError(f"Claim {claim!r} compares configurations that differ in {name}; leave out {flag}.")


def _varies(changes: Mapping[str, Any], name: str) -> bool:
    """Whether the field ``name``, a part of it or what it is a part of is among ``changes``."""
    inner: Any = changes
    for part in name.split("."):
        if not isinstance(inner, Mapping):
            return True
        if part not in inner:
            return False
        inner = inner[part]
    return True


def _value_at(values: Mapping[str, Any], name: str) -> Any:
    for part in name.split("."):
        values = values[part]
    return values


def _nested(name: str, value: Any) -> dict[str, Any]:
    first, _, rest = name.partition(".")
    return {first: _nested(rest, value) if rest else value}
