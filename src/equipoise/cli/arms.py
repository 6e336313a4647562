"""Arms on the command line: each is what one would type after ``equipoise train``, in quotes, with or without a name.

    digits "digits --gen.lr 1e-3"  slow="digits --disc.lr 1e-4" --seeds 5 --training.steps 1000

Options after the arms are for all of them; an arm's own options go before.
"""

import re
import shlex
from collections.abc import Sequence

from equipoise.cli.train import parse_settings
from equipoise.config import RunSettings
from equipoise.core.errors import UserError

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
        UserError: as `train.parse_settings`, with the arm named, or the quotes do not match.
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
