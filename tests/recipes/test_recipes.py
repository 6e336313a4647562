"""The conformance suite of recipes: each is whole, says where it comes from, and plays."""

import math

import pytest
import torch
from PIL import Image

from equipoise.cli.recipes import find_recipe
from equipoise.config import RunSettings
from equipoise.config.files import merged, to_yaml, validated
from equipoise.core.errors import UserError
from equipoise.core.outcomes import Outcome
from equipoise.optimizers import build_optimizer
from equipoise.recipes import DEFAULT, RECIPES
from equipoise.training import train

LOCAL = {
    **{"mnist": "mnist", "cifar10": "cifar10", "sngan-cifar10-cg": "cifar10", "batch-size-mnist": "mnist"},
    **{name: name.split("-")[2] for name in RECIPES if name.startswith("gap-")},
}
WIDE = (*LOCAL, "batch-size-dcgan", "batch-size-wgan-gp", "batch-size-hinge")


def test_the_default_needs_nothing_but_the_package():
    assert RECIPES[DEFAULT].settings().data.source == "digits"


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_named_documented_and_survives_yaml(name):
    import yaml

    recipe = RECIPES[name]
    assert recipe.name == name == recipe.settings().name
    assert all(
        (recipe.summary, recipe.source, recipe.expected, getattr(recipe.settings, "func", recipe.settings).__doc__)
    )
    assert validated(yaml.safe_load(to_yaml(recipe.settings())), "in test") == recipe.settings()


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_plays_its_first_rounds(name, tmp_path, shared_data):
    quick = {"root": str(tmp_path), "threads": 1, "training": {"steps": 2, "batch_size": 16}}
    if name in LOCAL:
        quick["data"] = {"path": str(shared_data(LOCAL[name])), "split": "test"}
    if name.startswith("adapt-mnist"):
        digits = {"path": str(shared_data("mnist")), "split": "test"}
        quick |= {
            "data": digits,
            "target": {**digits, "texture": str(shared_data("bsds500"))},
            "division": {"test_split": None},
        }
    if RECIPES[name].settings().data.source == "folder":
        pictures = tmp_path / "pictures"
        for number in range(40):
            folder = pictures / ("even", "odd")[number % 2]
            folder.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (80, 70), (number * 6, 0, 0)).save(folder / f"{number}.jpg")
        quick["data"] = {"path": str(pictures)}
        if RECIPES[name].settings().game.adapts:
            quick["target"] = {"path": str(pictures)}
    if name in WIDE or name.startswith("text-"):
        quick["network"] = {"width": 8}
    settings = merged(RECIPES[name].settings().model_dump(), quick)
    if name.startswith("gap-"):  # nine of one kind, measured as the recipes of their data sets are
        settings["evaluation"] = {}
    elif settings["evaluation"]["features"] != "none":
        settings["evaluation"] |= {"num_samples": 200}
    assert train(RunSettings.model_validate(settings)).outcome is Outcome.COMPLETE


@pytest.mark.parametrize(
    "name", [name for name, recipe in RECIPES.items() if recipe.variants and not name.startswith("adapt-")]
)
def test_every_variant_of_a_recipe_is_named_by_its_optimiser_and_can_be_built(name):
    recipe = RECIPES[name]
    assert recipe.settings() == recipe.settings(recipe.variants[0])
    for variant in recipe.variants:
        settings = find_recipe(f"{name}:{variant}").settings()
        assert settings.disc.optimizer == settings.gen.optimizer == variant
        parameters = [torch.nn.Parameter(torch.zeros(1))]
        assert build_optimizer(settings.disc, parameters).param_groups[0]["lr"] == settings.disc.lr


@pytest.mark.parametrize("name", [name for name in RECIPES if name.startswith("adapt-mnist")])
def test_adaptation_has_a_variant_with_the_discriminator_under_the_gap_aware_schedule(name):
    plain, scheduled = RECIPES[name].settings(), find_recipe(f"{name}:gap-aware").settings()
    assert plain == RECIPES[name].settings("plain")
    assert (plain.disc.schedule.gap, scheduled.disc.schedule.gap) == ("none", "exponential")
    assert 0.5 * math.log(4) <= scheduled.disc.schedule.ideal_loss <= math.log(4)
    assert scheduled.gen == plain.gen


def test_variants_that_do_not_exist_are_refused():
    with pytest.raises(UserError, match=r"variant of recipe 'batch-size-digits' 'adan'; did you mean 'adam'"):
        find_recipe("batch-size-digits:adan")
    with pytest.raises(UserError, match="has no variants"):
        find_recipe("ring:adam")


def test_the_papers_rates_and_corrections_are_in_the_recipes():
    dcgan, wgan_gp = (RECIPES[name].settings("adabelief") for name in ("batch-size-dcgan", "batch-size-wgan-gp"))
    assert (dcgan.disc.lr, dcgan.gen.lr, dcgan.disc.betas) == (3e-5, 3e-4, (0.5, 0.999))
    assert (wgan_gp.disc.lr, wgan_gp.gen.lr) == (3e-5, 5e-4)
    assert (wgan_gp.game.penalty_weight, wgan_gp.network.disc_norm) == (10.0, "layer")
    hinge = RECIPES["batch-size-hinge"].settings()
    assert (hinge.disc.betas, hinge.disc.options) == ((0.0, 0.999), {"eps": 1e-6})
