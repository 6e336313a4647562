"""Settings are closed, frozen, and say in one sentence what is wrong."""

import warnings

import pytest
from pydantic import ValidationError

from equipoise.config import DataSettings, RunSettings, ScheduleSettings
from equipoise.config.files import dotted_fields, merged, read_run_settings, to_yaml, validated
from equipoise.core.errors import IgnoredSettingWarning, UserError


def test_yaml_round_trip(tmp_path):
    settings = RunSettings(name="x", seed=3, disc={"betas": (0.0, 0.9), "options": {"eps": 1e-6}})
    (tmp_path / "config.yaml").write_text(to_yaml(settings))
    assert read_run_settings(tmp_path / "config.yaml") == settings


def test_a_file_changes_only_what_it_names(tmp_path):
    (tmp_path / "c.yaml").write_text("disc:\n  lr: 0.5\n")
    base = RunSettings(name="base", disc={"betas": (0.0, 0.9)})
    assert read_run_settings(tmp_path / "c.yaml", base) == base.model_copy(
        update={"disc": base.disc.model_copy(update={"lr": 0.5})}
    )


def test_settings_are_frozen():
    with pytest.raises(ValidationError, match="frozen"):
        RunSettings().seed = 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seed": -1}, "seed was given as -1, but must be greater than or equal to 0"),
        ({"disc": {"lr": 0}}, "disc.lr was given as 0, but must be greater than 0"),
        ({"gen": {"lr": float("nan")}}, "gen.lr"),
        ({"disc": {"lrr": 1}}, "did you mean 'disc.lr'"),
        ({"trainin": {}}, "did you mean 'training'"),
        ({"game": {"objective": "hing"}}, "(did you mean 'hinge'?), but must be one of 'minimax'"),
        ({"training": {"batch_size": "many"}}, "training.batch_size was given as 'many'"),
        ({"disc": {"betas": [0.5, 2.0]}}, "disc.betas"),
        ({"data": {"source": "moon"}}, "did you mean 'moons'"),
        ({"data": {"texture_strength": 0}}, "data.texture_strength was given as 0"),
        ({"data": {"rotation": 400}}, "data.rotation was given as 400"),
        ({"network": {"architecture": "lennet"}}, "did you mean 'lenet'"),
        ({"name": "a/b"}, "name"),
        ({"name": ""}, "name"),
    ],
)
def test_mistakes_are_one_sentence(change, words):
    with pytest.raises(UserError) as caught:
        validated(merged(RunSettings().model_dump(), change), "in test")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["- a list", "seed: [", "\x00"])
def test_files_that_are_not_settings(tmp_path, text):
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(UserError, match=r"c\.yaml"):
        read_run_settings(tmp_path / "c.yaml")


def test_a_missing_file(tmp_path):
    with pytest.raises(UserError, match="cannot be read"):
        read_run_settings(tmp_path / "none.yaml")


def test_an_ignored_setting_warns_and_a_used_one_does_not():
    with pytest.warns(IgnoredSettingWarning, match="std=0.2 is ignored because source is 'digits'"):
        DataSettings(std=0.2)
    with pytest.warns(IgnoredSettingWarning, match="power"):
        ScheduleSettings(decay="linear", power=0.6)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        DataSettings(source="ring", std=0.2)


def test_dotted_fields_are_what_the_command_line_spells():
    fields = dotted_fields(RunSettings)
    assert {"seed", "disc.lr", "gen.schedule.decay", "training.batch_size"} <= set(fields)
    assert "disc" not in fields


def test_a_scheduled_number_is_a_number_or_a_mapping(tmp_path):
    from equipoise.config.schedules import ScheduledNumber, first_value

    (tmp_path / "c.yaml").write_text(
        "game: {penalty: r1, penalty_weight: {value: 4, decay: linear, final: 0.5}}\n"
        "training: {ema: 0.99}\n"
        "disc: {betas: [{value: 0.5, decay: cosine, final: 0}, 0.9]}\n"
    )
    settings = read_run_settings(tmp_path / "c.yaml")
    assert settings.game.penalty_weight == ScheduledNumber(value=4.0, decay="linear", final=0.5)
    assert (settings.training.ema, first_value(settings.training.ema)) == (0.99, 0.99)
    assert [first_value(beta) for beta in settings.disc.betas] == [0.5, 0.9]
    (tmp_path / "again.yaml").write_text(to_yaml(settings))
    assert read_run_settings(tmp_path / "again.yaml") == settings


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"training": {"ema": 1.5}}, "training.ema was given as 1.5, but must be less than 1"),
        ({"training": {"ema": {"value": 0.9, "decay": "linear", "final": 2}}}, "training.ema: A scheduled number rea"),
        ({"training": {"ema": {"valu": 0.9}}}, "training.ema.value was given as"),
        ({"training": {"ema": {"value": 0.9, "decai": "linear"}}}, "did you mean 'training.ema.decay'"),
        ({"game": {"penalty_weight": {"value": -1}}}, "game.penalty_weight: A scheduled number reaches -1"),
        ({"game": {"penalty_weight": "much"}}, "game.penalty_weight was given as 'much'"),
        ({"disc": {"betas": [0.5, {"value": 1.0}]}}, "disc.betas: A scheduled number reaches 1"),
        ({"disc": {"schedule": {"gap": "quadratic"}}}, "disc.schedule.gap was given as 'quadratic'"),
        ({"disc": {"schedule": {"gap": "linear", "gap_above": 0}}}, "disc.schedule.gap_above was given as 0"),
    ],
)
def test_mistakes_in_schedules_are_one_sentence(change, words):
    with pytest.raises(UserError) as caught:
        validated(merged(RunSettings().model_dump(), change), "in test")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_settings_of_a_gap_that_is_not_followed_are_reported():
    with pytest.warns(IgnoredSettingWarning, match=r"ideal_loss=1\.0 is ignored because gap is 'none'"):
        ScheduleSettings(ideal_loss=1.0)


def test_options_of_an_optimizer_keep_their_kind(tmp_path):
    (tmp_path / "c.yaml").write_text(
        "disc: {optimizer: cg-fr, options: {scope: tensor, cap: null, restart: true, scale: 1e-1, cap_power: 0}}\n"
    )
    settings = read_run_settings(tmp_path / "c.yaml")
    expected = {"scope": "tensor", "cap": None, "restart": True, "scale": 0.1, "cap_power": 0}
    assert settings.disc.options == expected
    assert {name: type(value) for name, value in settings.disc.options.items()} == {
        name: type(value) for name, value in expected.items()
    }
