"""How the command line spells a number that may change with the step: ``10``, or ``"{value: 10, decay: linear}"``."""

import typing
from typing import Any

import yaml
from tyro.constructors import ConstructorRegistry, PrimitiveConstructorSpec, PrimitiveTypeInfo

from equipoise.config.schedules import ScheduledNumber

REGISTRY = ConstructorRegistry()


@REGISTRY.primitive_rule
def scheduled_number(info: PrimitiveTypeInfo) -> PrimitiveConstructorSpec[Any] | None:
    """A plain or scheduled number as one word; without this rule tyro would ask for a sub-command."""
    members = [typing.get_args(member)[:1] or (member,) for member in typing.get_args(info.type)]
    if (ScheduledNumber,) not in members:
        return None
    return PrimitiveConstructorSpec(
        nargs=1,
        metavar="NUMBER|SCHEDULE",
        instance_from_str=lambda words: read_number(words[0]),
        is_instance=lambda value: isinstance(value, float | int | ScheduledNumber),
        str_from_instance=lambda value: [write_number(value)],
    )


def read_number(word: str) -> float | dict[str, Any]:
    """The number that ``word`` spells, or the fields of its schedule; both are checked where they become a setting.

    >>> read_number("1e-3"), read_number("{value: 10, decay: linear}")
    (0.001, {'value': 10, 'decay': 'linear'})
    """
    try:
        return float(word)
    except ValueError:
        pass
    try:
        given = yaml.safe_load(word)
    except yaml.YAMLError:
        given = None
    if not isinstance(given, dict):
        raise ValueError(f"{word!r} is neither a number nor a schedule such as '{{value: 10, decay: linear}}'")
    return given


def write_number(number: float | ScheduledNumber) -> str:
    """A number in the words that `read_number` reads, with what is not the default."""
    if isinstance(number, ScheduledNumber):
        return yaml.safe_dump(number.model_dump(exclude_defaults=True), default_flow_style=True).strip()
    return str(number)
