"""Settings to and from YAML, and pydantic's findings as one sentence."""

import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from equipoise.config.run import RunSettings
from equipoise.core.errors import UserError, nearest


def to_yaml(settings: BaseModel) -> str:
    """All settings, defaults included, as YAML."""
    return yaml.safe_dump(settings.model_dump(mode="json"), sort_keys=False)


def read_run_settings(path: Path, base: RunSettings | None = None) -> RunSettings:
    """Settings from a YAML file; keys it does not name keep their value in ``base``.

    Raises:
        UserError: the file is missing, is not YAML, or holds an unknown key or a value that is not allowed.
    """
    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"Config file {str(path)!r} cannot be read ({error.strerror}); give a YAML file.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"Config file {str(path)!r} is not YAML: {' '.join(str(error).split())}.") from error
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


def validated(values: dict[str, Any], where: str) -> RunSettings:
    """Settings from plain values, or a `UserError` that says what is wrong ``where``."""
    try:
        return RunSettings.model_validate(values)
    except ValidationError as error:
        raise UserError(f"{sentence(error, RunSettings).rstrip('.')} ({where}).") from error


def sentence(error: ValidationError, model: type[BaseModel], prefix: tuple[str, ...] = ()) -> str:
    """The first finding of a validation as one sentence: what was given, what is allowed, what is near."""
    finding = error.errors()[0]
    location = [*prefix, *(part for part in finding["loc"] if isinstance(part, str))]
    given, name = finding["input"], ".".join(location)
    if finding["type"] == "extra_forbidden":
        siblings = [".".join([*location[:-1], field]) for field in fields_at(model, location[:-1])]
        guess = nearest(name, siblings)
        return f"Unknown setting {name!r}" + (
            f"; did you mean {guess!r}?" if guess else f"; known are: {', '.join(siblings)}."
        )
    if finding["type"] == "literal_error":
        expected = finding["ctx"]["expected"]
        guess = nearest(str(given), re.findall(r"'([^']+)'", expected))
        hint = f" (did you mean {guess!r}?)" if guess else ""
        return f"{name} was given as {given!r}{hint}, but must be one of {expected}."
    if finding["type"] == "value_error":  # one of our own validators: its words are a sentence already
        return finding["msg"].removeprefix("Value error, ")
    rule = finding["msg"].removeprefix("Input ").replace("should", "must").rstrip(".")
    return f"{name} was given as {given!r}, but {rule[0].lower()}{rule[1:]}."


def fields_at(model: type[BaseModel], path: list[str]) -> list[str]:
    """Names of the fields of the settings found below ``model`` at ``path``."""
    for part in path:
        annotation = model.model_fields[part].annotation
        assert isinstance(annotation, type)
        assert issubclass(annotation, BaseModel)
        model = annotation
    return list(model.model_fields)


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
