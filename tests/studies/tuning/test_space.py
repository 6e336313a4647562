"""The space of a search: its syntax, its draws, its grid, and what it refuses."""

import math
import warnings

import numpy as np
import pytest
from scipy.stats import kstest

from equipoise.config import RunSettings
from equipoise.core.errors import IgnoredSettingWarning, UserError
from equipoise.recipes import RECIPES
from equipoise.studies.tuning.dimensions import Choice, Range, Whole, read_dimension
from equipoise.studies.tuning.space import default_space, paths, read_space


@pytest.fixture
def digits():
    return RECIPES["digits"].settings()


@pytest.mark.parametrize(
    ("text", "dimension"),
    [
        ("log:1e-5:1e-2", Range(1e-5, 1e-2, log=True)),
        ("log:1e-5:1e-2:7", Range(1e-5, 1e-2, log=True, points=7)),
        ("uniform:0:0.9", Range(0.0, 0.9)),
        ("int:1:5", Whole(1, 5)),
        ("logint:16:512:6", Whole(16, 512, log=True, points=6)),
        ("hinge,wasserstein", Choice(("hinge", "wasserstein"))),
        ("1,2.5,true,x", Choice((1, 2.5, True, "x"))),
    ],
)
def test_dimensions_are_read(text, dimension):
    assert read_dimension("name", text) == dimension


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("log:1e-5", "cannot be read"),
        ("log:1e-5:high", "cannot be read"),
        ("log:1e-5:inf", "cannot be read"),
        ("log:1e-5:1e-2:1", "two points"),
        ("log:1e-5:1e-2:7:7", "cannot be read"),
        ("int:1:2.5", "two whole numbers"),
        ("log:0:1", "a logarithm needs a value above 0"),
        ("log:1e-2:1e-5", "write log:1e-5:1e-2"),
        ("log:1e-3:1e-3", "has one point; set it outside of --space"),
        ("1e-3", "has one point"),
        ("1e-3,1e-3", "has one point"),
        ("1e-3,", "empty choice"),
        ("", "empty choice"),
        ("unifrom:0:1", "did you mean 'uniform'"),
    ],
)
def test_dimensions_that_make_no_sense_are_refused_in_a_sentence(text, words):
    with pytest.raises(UserError, match=words) as error:
        read_dimension("disc.lr", text)
    assert str(error.value).count("\n") == 0


def test_draws_have_the_distribution_that_was_asked_for():
    space = read_space(["disc.lr=log:1e-5:1e-1", "disc.betas[0]=uniform:0.1:0.9", "training.disc_steps=int:1:4"])
    draws = [space.draw(0, number) for number in range(2000)]
    logarithms = [(math.log10(draw["disc.lr"]) + 5) / 4 for draw in draws]
    assert kstest(logarithms, "uniform").pvalue > 0.01
    assert kstest([(draw["disc.betas[0]"] - 0.1) / 0.8 for draw in draws], "uniform").pvalue > 0.01
    assert abs(np.corrcoef(logarithms, [draw["disc.betas[0]"] for draw in draws])[0, 1]) < 0.07
    counts = np.bincount([draw["training.disc_steps"] for draw in draws], minlength=5)
    assert counts[0] == 0
    assert all(abs(count - 500) < 80 for count in counts[1:])


def test_whole_numbers_on_a_logarithmic_scale_have_the_right_shares():
    dimension, numbers = Whole(1, 4, log=True), np.arange(100_000) / 100_000
    counts = np.bincount([dimension.at(unit) for unit in numbers])[1:] / 100_000
    borders = np.log(np.array([1.5, 2.5, 3.5, 4.5]) / np.array([0.5, 1.5, 2.5, 3.5])) / math.log(9)
    assert counts == pytest.approx(borders, abs=1e-4)


def test_a_draw_depends_on_the_seed_its_number_and_the_name_alone():
    one, both = read_space(["gen.lr=log:1e-5:1e-1"]), read_space(["disc.lr=log:1e-5:1e-1", "gen.lr=log:1e-5:1e-1"])
    assert [one.draw(0, k)["gen.lr"] for k in range(5)] == [both.draw(0, k)["gen.lr"] for k in range(5)]
    drawn = {one.draw(seed, k)["gen.lr"] for seed in range(3) for k in range(5)}
    assert len(drawn) == 15
    assert both.draw(0, 0)["gen.lr"] != both.draw(0, 0)["disc.lr"]


def test_a_drawn_number_can_be_typed_again(digits):
    space = default_space(digits)
    for number in range(20):
        values = space.draw(0, number)
        typed = RunSettings.model_validate_json(space.apply(digits, values).model_dump_json())
        assert typed.disc.lr == values["disc.lr"] == float(f"{values['disc.lr']:.6g}")


def test_the_grid_holds_all_points_with_both_ends():
    space = read_space(["disc.lr=log:1e-4:1e-2:3", "game.objective=hinge,wasserstein"])
    assert [tuple(point.values()) for point in space.grid()] == [
        (rate, name) for rate in (1e-4, 1e-3, 1e-2) for name in ("hinge", "wasserstein")
    ]
    assert read_space(["training.disc_steps=int:1:3:9"]).size == 3
    assert Whole(1, 9, points=3).grid() == [1, 5, 9]


def test_the_default_space_is_both_rates_around_the_recipes(digits):
    assert default_space(digits).dimensions == {
        "disc.lr": Range(3e-4, 3e-2, log=True),
        "gen.lr": Range(4e-4, 4e-2, log=True),
    }


def test_values_reach_their_settings(digits):
    names = ["lr=1e-4,1e-3", "disc.betas[0]=0.5,0.6", "disc.schedule.gap=none,exponential", "gen.options.eps=1e-6,1e-5"]
    space = read_space([*names, "game.penalty_weight=log:0.1:1"])
    found = space.apply(digits, dict(zip(space.dimensions, (1e-3, 0.5, "exponential", 1e-5, 0.3), strict=True)))
    assert (found.disc.lr, found.gen.lr) == (1e-3, 1e-3)
    assert (found.disc.betas, found.gen.betas) == ((0.5, 0.9), (0.0, 0.9))
    assert (found.disc.schedule.gap, found.disc.schedule.decay) == ("exponential", "linear")
    assert (found.gen.options, found.disc.options, found.game.penalty_weight) == ({"eps": 1e-5}, {}, 0.3)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["disc.ir=log:1e-5:1e-2"], "unknown setting 'disc.ir'; did you mean 'disc.lr'"),
        (["rl=log:1e-5:1e-2"], "did you mean 'lr'"),
        (["betas=uniform:0:0.9"], r"did you mean 'betas\[0\]'"),
        (["disc=1,2"], "unknown setting 'disc'"),
        (["disc.lr[0]=1,2"], "unknown setting"),
        (["disc.betas[2]=0.1,0.2"], r"disc.betas\[2\], but there are 2"),
        (["a b=1,2"], "unknown setting"),
        (["disc.options.=1,2"], "unknown setting"),
        (["disc.lr"], "write NAME=log:LOW:HIGH"),
        (["lr=1e-3,1e-4", "gen.lr=1e-3,1e-4"], "sets gen.lr twice, by 'lr' and 'gen.lr'"),
        (["disc.lr=1e-3,1e-4", "disc.lr=1e-3,1e-4"], "twice"),
        (["seed=int:0:5"], "measured alike"),
        (["device=cpu,cuda"], "measured alike"),
        (["evaluation.num_samples=100,200"], "measured alike"),
        (["data.split=train,test"], "measured alike"),
        (["training.steps=100,200"], "same budget"),
        (["gen.lr=uniform:-1:1"], "gen.lr was given as -1.0, but must be greater than 0"),
        (["disc.betas[0]=uniform:0:1"], "disc.betas was given as 1.0, but must be less than 1"),
        (["game.objective=hinge,wassertein"], "did you mean 'wasserstein'"),
        (["training.disc_steps=1,1.5"], "training.disc_steps was given as 1.5"),
    ],
)
def test_spaces_that_make_no_sense_are_refused_in_a_sentence(digits, words, sentence):
    with pytest.raises(UserError, match=sentence) as error:
        read_space(words).check(digits)
    assert str(error.value).count("\n") == 0


def test_one_averaging_constant_needs_the_other(digits):
    bare = digits.model_copy(update={"disc": digits.disc.model_copy(update={"betas": None})})
    with pytest.raises(UserError, match=r"give both, such as --disc.betas 0.5 0.999"):
        read_space(["disc.betas[0]=uniform:0:0.9"]).check(bare)
    both = read_space(["disc.betas[0]=uniform:0:0.9", "disc.betas[1]=uniform:0.9:0.999"])
    both.check(bare)
    assert both.apply(bare, {"disc.betas[0]": 0.1, "disc.betas[1]": 0.95}).disc.betas == (0.1, 0.95)


def test_a_setting_that_no_point_reads_is_warned_of_and_one_that_some_point_reads_is_not(digits):
    ignored, name = "disc.schedule.gap_max_factor=uniform:1.5:3", "disc.schedule.gap=none,exponential"
    with pytest.warns(IgnoredSettingWarning, match="gap_max_factor"):
        read_space([ignored]).check(digits)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_space([ignored, name]).check(digits)


def test_every_choice_is_among_the_samples():
    space = read_space(["disc.lr=log:1e-4:1e-2", "disc.optimizer=adam,sgd,rmsprop", "game.objective=hinge,wasserstein"])
    assert [tuple(point.values()) for point in space.samples()] == [
        (1e-3, "sgd", "wasserstein"),
        (1e-3, "adam", "wasserstein"),
        (1e-3, "rmsprop", "wasserstein"),
        (1e-3, "sgd", "hinge"),
    ]


def test_a_name_inside_a_player_belongs_to_both():
    assert paths("schedule.gap_max_factor") == [
        ("disc", "schedule", "gap_max_factor"),
        ("gen", "schedule", "gap_max_factor"),
    ]
