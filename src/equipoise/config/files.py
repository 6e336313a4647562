"""Settings to and from YAML, and pydantic's findings as one sentence."""

import re
import reprlib
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from equipoise.config.run import RunSettings
from equipoise.config.schedules import NUMBER_TAGS
from equipoise.core.errors import UserError, nearest

_MOST_BYTES = 1_000_000


def to_yaml(settings: BaseModel) -> str:
    """All settings, defaults included, as YAML."""
    return yaml.safe_dump(settings.model_dump(mode="json"), sort_keys=False)


def read_run_settings(path: Path, base: RunSettings | None = None) -> RunSettings:
    """Settings from a YAML file; keys it does not name keep their value in ``base``.

    Raises:
        UserError: the file is missing, is not YAML, or holds an unknown key or a value that is not allowed.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        given = yaml.safe_load(content.decode("utf-8")) if len(content) <= _MOST_BYTES else None
    except OSError as error:
        raise UserError(f"Config file {str(path)!r} cannot be read ({error.strerror}); give a YAML file.") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: not UTF-8, or a date that is none
        raise UserError(f"Config file {str(path)!r} is not YAML: {' '.join(str(error).split())}.") from error
    if len(content) > _MOST_BYTES:
        raise UserError(
            f"Config file {str(path)!r} is too long (over {_MOST_BYTES:,} bytes); give a YAML file of settings."
        )
    if not isinstance(given, dict):
        raise UserError(f"Config file {str(path)!r} must hold a mapping of settings, such as 'seed: 1'.")
    defaults = (base or RunSettings()).model_dump()
    return validated(merged(defaults, given), f"in {path}")


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """``base`` with ``changes`` laid over it, mapping by mapping."""
    result = dict(base)
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        result[key] = merged(base[key], value) if both else value
    return result


def differing(base: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """What of ``other`` differs from ``base``, which `merged` would lay over it.

    >>> differing({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"b": 1, "c": 5}, "d": 3})
    {'a': {'c': 5}}
    """
    found: dict[str, Any] = {}
    for key, value in other.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            if inner := differing(base[key], value):
                found[key] = inner
        elif key not in base or base[key] != value:
            found[key] = value
    return found


def validated(values: dict[str, Any], where: str) -> RunSettings:
    """Settings from plain values, or a `UserError` that says what is wrong ``where``."""
    try:
        return RunSettings.model_validate(values)
    except ValidationError as error:
        raise UserError(f"{sentence(error, RunSettings).rstrip('.')} ({where}).") from error


def sentence(error: ValidationError, model: type[BaseModel], prefix: tuple[str, ...] = ()) -> str:
    """The first finding of a validation as one sentence: what was given, what is allowed, what is near."""
    finding = error.errors()[0]
    location = [*prefix, *location_of(error)]
    given, name = _brief(finding["input"]), ".".join(location)
    if finding["type"] == "extra_forbidden":
        siblings = [".".join([*location[:-1], field]) for field in fields_at(model, location[:-1])]
        guess = nearest(name, siblings)
        return f"Unknown setting {name!r}" + (
            f"; did you mean {guess!r}?" if guess else f"; known are: {', '.join(siblings)}."
        )
    if finding["type"] == "literal_error":
        expected = finding["ctx"]["expected"]
        guess = nearest(str(finding["input"]), re.findall(r"'([^']+)'", expected))
        hint = f" (did you mean {guess!r}?)" if guess else ""
        return f"{name} was given as {given}{hint}, but must be one of {expected}."
    if finding["type"] == "value_error":  # one of our own validators: its words are a sentence already
        words = finding["msg"].removeprefix("Value error, ")
        return f"{name}: {words}" if set(NUMBER_TAGS) & set(finding["loc"]) else words
    rule = finding["msg"].removeprefix("Input ").replace("should", "must").rstrip(".")
    return f"{name} was given as {given}, but {rule[0].lower()}{rule[1:]}."


class _Brief(reprlib.Repr):
    """Values in a sentence: long ones, and YAML's aliases of aliases of aliases, are cut short."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = self.maxlong = 80


_brief = _Brief().repr


def location_of(error: ValidationError) -> list[str]:
    """Names of the fields that lead to the first finding of a validation."""
    return [part for part in error.errors()[0]["loc"] if isinstance(part, str) and part not in NUMBER_TAGS]


def fields_at(model: type[BaseModel], path: list[str]) -> list[str]:
    """Names of the fields of the settings found below ``model`` at ``path``."""
    for part in path:
        found = settings_in(model.model_fields[part].annotation)
        assert found is not None, f"{part} holds no settings"
        model = found
    return list(model.model_fields)


def settings_in(annotation: Any) -> type[BaseModel] | None:
    """The settings that a field holds, or may hold beside plain values."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(settings_in, get_args(annotation))), None)


def dotted_fields(model: type[BaseModel], prefix: str = "") -> list[str]:
    """Every settable field below ``model`` as a dotted name, as the command line spells them."""
    names = []
    for name, field in model.model_fields.items():
        annotation = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            names += dotted_fields(annotation, f"{prefix}{name}.")
        else:
            names.append(prefix + name)
    return names
