"""The examples of docs/schedules.md run and print what the page says; its settings are settings."""

import re
from pathlib import Path

import yaml

from equipoise.config.files import merged, validated
from equipoise.config.run import RunSettings

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "schedules.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)


def test_the_examples_run(capsys):
    foreign_loop, ideal = blocks("python")
    exec(compile(foreign_loop, "schedules.md", "exec"), {})
    assert re.fullmatch(r"factor [\d.]+, rate of the last step [\d.e-]+\n", capsys.readouterr().out)
    exec(compile(ideal, "schedules.md", "exec"), {})
    assert capsys.readouterr().out == "2.0000\n"


def test_the_mapping_is_settings():
    (text,) = blocks("yaml")
    settings = validated(merged(RunSettings().model_dump(), yaml.safe_load(text)), "on the page")
    assert settings.game.penalty_weight.final == 0.1
