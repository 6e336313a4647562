"""Settings against their defaults: what differs between runs, and the command that makes a run again."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from equipoise.config import RunSettings
from equipoise.config.schedules import ScheduledNumber


def flattened(settings: Mapping[Any, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings by dotted name.

    >>> flattened({"seed": 0, "data": {"source": "digits"}})
    {'seed': 0, 'data.source': 'digits'}
    """
    found: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping) and name != "options" and "value" not in value:
            found |= flattened(value, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = value
    return found


def differing(runs: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Settings by dotted name that are not the same in all of ``runs``, with the value of each.

    >>> differing([{"seed": 0, "device": "cpu"}, {"seed": 1, "device": "cpu"}])
    {'seed': [0, 1]}
    """
    flat = [flattened(run) for run in runs]
    names = dict.fromkeys(name for run in flat for name in run)
    rows = {name: [run.get(name) for run in flat] for name in names}
    return {name: row for name, row in rows.items() if any(value != row[0] for value in row)}


def command(settings: RunSettings, recipes: Mapping[str, RunSettings]) -> str:
    """The shortest ``equipoise train`` that has these settings.

    Args:
        settings: of the run.
        recipes: settings by the name that the command takes.
    """
    wanted = flattened(settings.model_dump(mode="json"))
    candidates = [(name, _changes(wanted, recipe)) for name, recipe in recipes.items()]
    name, changes = min(candidates, key=lambda candidate: (len(candidate[1]), candidate[0] != wanted["name"]))
    words = [word for field, value in changes.items() for word in _option(field, value)]
    return " ".join(["equipoise train", name, *words])


def _changes(wanted: Mapping[str, Any], recipe: RunSettings) -> dict[str, Any]:
    base = flattened(recipe.model_dump(mode="json"))
    return {name: value for name, value in wanted.items() if base[name] != value}


def _option(name: str, value: Any) -> list[str]:
    """The words that set a field."""
    flag = f"--{name.replace('_', '-')}"
    if isinstance(value, bool):
        group, _, last = flag.rpartition(".")
        return [flag if value else f"{group}.no-{last}" if group else f"--no-{last.removeprefix('--')}"]
    if isinstance(value, Mapping) and name.endswith(".options"):
        return [flag, *(_word(each) for pair in value.items() for each in pair)]
    if isinstance(value, list):
        return [flag, *map(_word, value)]
    word = _word(value)
    return [f"{flag}={word}"] if word.startswith("-") else [flag, word]


def _word(value: Any) -> str:
    if isinstance(value, Mapping):
        given = ScheduledNumber.model_validate(value).model_dump(exclude_defaults=True)
        value = yaml.safe_dump(given, default_flow_style=True, width=10**6).strip()
    return shlex.quote(str(value))
