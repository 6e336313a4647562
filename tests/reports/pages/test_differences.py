"""The command of a page makes the run again: read back, it gives the same settings."""

import shlex

import pytest
import yaml

from equipoise.cli.pages import command_of
from equipoise.cli.settings import parse_settings
from equipoise.config.files import merged, validated
from equipoise.recipes import RECIPES
from equipoise.reports.pages.differences import command, differing

pytestmark = pytest.mark.filterwarnings("ignore::equipoise.core.errors.IgnoredSettingWarning")


@pytest.fixture(scope="module")
def recipes():
    return {name: recipe.settings() for name, recipe in RECIPES.items()}


def read_back(text):
    words = shlex.split(text)
    assert words[:2] == ["equipoise", "train"]
    return parse_settings(words[2:])


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_its_own_command(name, recipes):
    assert command(recipes[name], recipes) == f"equipoise train {name}"


CHANGES = [
    {"name": "<script>alert(1)<'x \" $HOME `id`"},
    {"name": "--help"},
    {"seed": 3, "deterministic": True, "threads": 2},
    {"data": {"path": "my data; rm -rf ~", "flip": True}},
    {"disc": {"betas": None, "lr": 1e-5, "momentum": None}},
    {"disc": {"options": {"eps": 1e-6, "amsgrad": True, "foreach": None}}},
    {"gen": {"betas": [{"value": 0.5, "decay": "linear", "final": 0}, 0.9]}},
    {"gen": {"schedule": {"gap": "linear", "ideal_loss": -0.5, "gap_above": None}}},
    {"game": {"penalty_weight": {"value": 10, "decay": "cosine"}}},
    {"training": {"ema": {"value": 0.9, "decay": "linear", "final": 0.5}}},
    {"evaluation": {"measures": ["kid", "prdc"], "intervals": True, "reference_split": "test"}},
]


@pytest.mark.parametrize("base", ["digits", "ring", "batch-size-dcgan", "text-ttur-small", "saddle-cg"])
@pytest.mark.parametrize("changes", CHANGES)
def test_what_differs_is_given(base, changes, recipes):
    if base == "saddle-cg" and "evaluation" in changes:
        pytest.skip("a game between points has nothing to measure")
    settings = validated(merged(recipes[base].model_dump(), changes), "in a test")
    assert read_back(command(settings, recipes)) == settings


def test_only_what_differs_is_given(recipes):
    settings = validated(merged(recipes["ring"].model_dump(), {"seed": 7}), "in a test")
    assert command(settings, recipes) == "equipoise train ring --seed 7"


def test_settings_that_no_option_can_spell_are_taken_from_their_file(tmp_path, recipes):
    settings = recipes["digits"].model_dump(mode="json") | {"name": "a\\b"}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(settings))  # a name that is none, as of another version
    assert command_of(tmp_path) == f"equipoise train --config {shlex.quote(str(tmp_path / 'config.yaml'))}"


def test_settings_that_differ_between_runs():
    runs = [{"seed": 0, "disc": {"lr": 1, "options": {"a": 1}}}, {"seed": 0, "disc": {"lr": 2, "options": {}}}]
    assert differing(runs) == {"disc.lr": [1, 2], "disc.options": [{"a": 1}, {}]}
    assert differing(runs[:1]) == {}
