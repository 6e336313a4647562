"""The conformance suite of recipes: each is whole, says where it comes from, and plays."""

import pytest
from PIL import Image

from equipoise.config import RunSettings
from equipoise.config.files import merged, to_yaml, validated
from equipoise.core.outcomes import Outcome
from equipoise.recipes import DEFAULT, RECIPES
from equipoise.training import train

LOCAL = {"mnist": "mnist", "cifar10": "cifar10", "sngan-cifar10-cg": "cifar10"} | {
    name: name.split("-")[2] for name in RECIPES if name.startswith("gap-")
}


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
    if name == "images":
        pictures = tmp_path / "pictures"
        pictures.mkdir()
        for number in range(20):
            Image.new("RGB", (80, 70), (number * 12, 0, 0)).save(pictures / f"{number}.jpg")
        quick["data"] = {"path": str(pictures)}
    if name in LOCAL:
        quick["network"] = {"width": 8}
    settings = merged(RECIPES[name].settings().model_dump(), quick)
    if name.startswith("gap-"):  # nine of one kind, measured as the recipes of their data sets are
        settings["evaluation"] = {}
    elif settings["evaluation"]["features"] != "none":
        settings["evaluation"] |= {"num_samples": 200}
    assert train(RunSettings.model_validate(settings)).outcome is Outcome.COMPLETE
