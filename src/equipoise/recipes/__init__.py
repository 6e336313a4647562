"""Recipes: functions that return whole settings, each with its source and what to expect of it. No torch."""

from equipoise.recipes.digits import DIGITS
from equipoise.recipes.images import CIFAR10, MNIST
from equipoise.recipes.mixtures import GRID, RING
from equipoise.recipes.recipe import Recipe

RECIPES: dict[str, Recipe] = {recipe.name: recipe for recipe in (DIGITS, RING, GRID, MNIST, CIFAR10)}
DEFAULT = DIGITS.name

__all__ = ["DEFAULT", "RECIPES", "Recipe"]
