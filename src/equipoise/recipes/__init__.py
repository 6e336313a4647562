"""Recipes: functions that return whole settings, each with its source and what to expect of it. No torch."""

from equipoise.recipes.adaptation import ADAPTATION
from equipoise.recipes.batch_size import (
    BATCH_SIZE_DCGAN,
    BATCH_SIZE_DIGITS,
    BATCH_SIZE_HINGE,
    BATCH_SIZE_MNIST,
    BATCH_SIZE_WGAN_GP,
)
from equipoise.recipes.digits import DIGITS
from equipoise.recipes.gap_aware import GAP_AWARE
from equipoise.recipes.images import CIFAR10, IMAGES, MNIST, SNGAN_CIFAR10_CG
from equipoise.recipes.mixtures import GRID, RING
from equipoise.recipes.recipe import Recipe
from equipoise.recipes.saddles import SADDLE_CG, SADDLE_TTUR
from equipoise.recipes.text import TEXT_SINGLE, TEXT_SINGLE_SMALL, TEXT_TTUR, TEXT_TTUR_SMALL

_TEXT = (TEXT_TTUR_SMALL, TEXT_SINGLE_SMALL, TEXT_TTUR, TEXT_SINGLE)

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        *(DIGITS, RING, GRID, IMAGES, MNIST, CIFAR10, SNGAN_CIFAR10_CG, SADDLE_TTUR, SADDLE_CG),
        *GAP_AWARE,
        *(BATCH_SIZE_DIGITS, BATCH_SIZE_MNIST, BATCH_SIZE_DCGAN, BATCH_SIZE_WGAN_GP, BATCH_SIZE_HINGE),
        *_TEXT,
        *ADAPTATION,
    )
}
DEFAULT = DIGITS.name

__all__ = ["DEFAULT", "RECIPES", "Recipe"]
