"""``equipoise recipes [NAME]``: what can be trained, or one recipe as YAML that ``--config`` takes."""

import functools
from dataclasses import replace

from rich.console import Console
from rich.table import Table

from equipoise.config.files import to_yaml
from equipoise.core.errors import UserError, unknown
from equipoise.recipes import RECIPES, Recipe


def main(arguments: list[str]) -> int:
    """List the recipes, or print the settings of one."""
    if arguments and arguments[0] in ("-h", "--help"):
        print("usage: equipoise recipes [NAME]\n\nLists the recipes, or prints one as YAML for --config.")
        return 0
    if len(arguments) > 1:
        raise UserError(f"'equipoise recipes' takes one name, but was given {' '.join(arguments)!r}.")
    if not arguments:
        _list()
        return 0
    recipe = find_recipe(arguments[0])
    print(f"# {recipe.summary}\n# Source: {recipe.source}\n# Expect: {recipe.expected}")
    print(to_yaml(recipe.settings()), end="")
    return 0


def find_recipe(name: str) -> Recipe:
    """The recipe called ``name``, or ``name:variant``, or a `UserError` with the nearest one."""
    name, _, variant = name.partition(":")
    if name not in RECIPES:
        raise unknown("recipe", name, RECIPES)
    recipe = RECIPES[name]
    if not variant:
        return recipe
    if not recipe.variants:
        raise UserError(f"Recipe {name!r} has no variants, but {variant!r} was asked for; leave out ':{variant}'.")
    if variant not in recipe.variants:
        raise unknown(f"variant of recipe {name!r}", variant, recipe.variants)
    return replace(recipe, settings=functools.partial(recipe.settings, variant))


def _list() -> None:
    table = Table("recipe", "what", "expected", box=None, pad_edge=False)
    for recipe in RECIPES.values():
        table.add_row(recipe.name, recipe.summary, recipe.expected)
    Console().print(table)
