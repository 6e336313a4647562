"""The settings of a run as commands read them: ``[RECIPE] [--config FILE] [--field value ...]``."""

from collections.abc import Callable
from pathlib import Path

from equipoise.cli.parsing import parse
from equipoise.cli.recipes import find_recipe
from equipoise.config import RunSettings
from equipoise.config.files import read_run_settings
from equipoise.core.errors import UserError
from equipoise.recipes import DEFAULT, RECIPES

PROG = "equipoise train [RECIPE] [--config FILE]"


def parse_settings(
    arguments: list[str], default: str = DEFAULT, prog: str = PROG, describe: Callable[[str], str] | None = None
) -> RunSettings:
    """The recipe (``default`` if none is named), overlaid by the config file, overlaid by the options.

    Args:
        arguments: as typed.
        default: the recipe where none is named.
        prog: the usage.
        describe: from the recipe's name to the help (default: that of `equipoise train`).
    """
    name, rest = (
        (arguments[0], arguments[1:]) if arguments and not arguments[0].startswith("-") else (default, arguments)
    )
    settings = find_recipe(name).settings()
    file, rest = _take_option(rest, "--config")
    if file is not None:
        settings = read_run_settings(Path(file), settings)
    return parse(RunSettings, rest, prog=prog, description=(describe or _description)(name), default=settings)


def _take_option(arguments: list[str], name: str) -> tuple[str | None, list[str]]:
    """The value of an option, and the arguments without it."""
    for position, argument in enumerate(arguments):
        if argument == name:
            if position + 1 == len(arguments):
                raise UserError(f"{name} needs a value: the path of a YAML file.")
            return arguments[position + 1], arguments[:position] + arguments[position + 2 :]
        if argument.startswith(f"{name}="):
            return argument.removeprefix(f"{name}="), arguments[:position] + arguments[position + 1 :]
    return None, arguments


def _description(name: str) -> str:
    width = max(map(len, RECIPES))
    others = "\n".join(f"  {recipe.name:<{width}}  {recipe.summary}" for recipe in RECIPES.values())
    return (
        f"Train two players. Settings come from a recipe, then from a YAML file (--config), then from the options "
        f"below, whose defaults are those of the recipe {name!r}.\n\nRecipes:\n{others}"
    )
