"""Typed arguments by tyro, with its findings as one sentence.

tyro draws its errors as boxes. Its hook for parse errors hands us what it found, and we say it as every other error is
said. The hook is tyro's private module; a test fails if it goes, and without it tyro's own box appears (exit code 2).
"""

import re
import sys
from collections.abc import Sequence
from typing import Any, TypeVar

import tyro
from pydantic import BaseModel, ValidationError
from tyro import _errors

from equipoise.cli.numbers import REGISTRY
from equipoise.config.files import dotted_fields, location_of, sentence
from equipoise.core.errors import UserError, nearest

T = TypeVar("T")

_NUMBERS = (
    (r"invalid literal for int\(\) with base 10: '(.*)'", "a whole number"),
    (r"no type matching .*INT could be instantiated from \['(.*)'\]", "a whole number"),
    (r"could not convert string to float: '(.*)'", "a number"),
    (r"no type matching .*FLOAT could be instantiated from \['(.*)'\]", "a number"),
)
"""What Python and tyro say of words that are no numbers, and what was expected."""


def parse(kind: type[T], arguments: Sequence[str], *, prog: str, description: str, default: T | None = None) -> T:
    """Arguments as an instance of ``kind`` (pydantic settings or a dataclass), starting from ``default``.

    Raises:
        UserError: the first thing that is wrong with the arguments.
        SystemExit: after ``--help`` was printed.
    """

    def refuse(event: _errors.ParseErrorEvent) -> None:
        raise _as_user_error(event, kind, prog, arguments)

    given: dict[str, Any] = {} if default is None else {"default": default}
    with _errors.on_parse_error(refuse), REGISTRY:
        result: T = tyro.cli(kind, args=list(arguments), prog=prog, description=description, **given)
    return result


def _as_user_error(event: _errors.ParseErrorEvent, kind: type[Any], prog: str, arguments: Sequence[str]) -> UserError:
    more = f"'{prog.split(' [')[0]} --help' lists what can be set."
    if isinstance(event, _errors.UnrecognizedArgs):
        return UserError(f"{_unrecognized(event.tokens, kind)} {more}")
    if isinstance(event, _errors.InvalidChoice):
        guess = nearest(event.value, event.choices)
        hint = f" (did you mean {guess!r}?)" if guess else ""
        return UserError(f"{_flag(event)} cannot be {event.value!r}{hint}; choose from: {', '.join(event.choices)}.")
    if isinstance(event, _errors.BadValue):
        return UserError(f"{_flag(event)} was given the wrong number of values; {more}")
    if isinstance(event, _errors.InstantiationFailure):
        return UserError(_instantiation(event, kind, arguments))
    if isinstance(event, _errors.MissingArgs):
        names = ", ".join(str(missing.arg.display_name()) for missing in event.missing_arguments)
        return UserError(f"Missing: {names}; {more}")
    return UserError(f"These arguments do not fit together; {more}")


def _unrecognized(tokens: Sequence[str], kind: type[Any]) -> str:
    token = tokens[0].split("=")[0]
    if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
        return f"Unknown argument {token!r};"
    flags = [f"--{name.replace('_', '-')}" for name in dotted_fields(kind)]
    guess = nearest(token, flags)
    return f"Unknown option {token!r}; did you mean {guess!r}?" if guess else f"Unknown option {token!r};"


def _instantiation(event: _errors.InstantiationFailure, kind: type[Any], arguments: Sequence[str]) -> str:
    # tyro fires the hook while it handles the original exception, which is then the one being handled.
    cause = sys.exc_info()[1]
    while cause is not None and not isinstance(cause, ValidationError):
        cause = cause.__cause__ or cause.__context__
    if isinstance(cause, ValidationError):
        return sentence(cause, kind, _prefix(cause, arguments))
    message = event.message.splitlines()[0].rstrip(".")  # further lines are tyro's diagnosis of unions
    if event.argument is None:
        return f"{message}."
    for pattern, expected in _NUMBERS:
        if found := re.fullmatch(pattern, message):
            return f"{_flag(event)} was given as {found[1]!r}, but takes {expected}."
    return f"{_flag(event)}: {message}."


def _prefix(error: ValidationError, arguments: Sequence[str]) -> tuple[str, ...]:
    """Where in all settings the part lies that was refused; its validation knows only its own fields."""
    location = location_of(error)
    given = [argument.split("=")[0].removeprefix("--").replace("-", "_") for argument in arguments]
    for length in range(len(location), 0, -1):  # a schedule that is given as one word has fields beyond its option
        name = ".".join(location[:length])
        for flag in given:
            if flag.endswith(f".{name}"):
                return tuple(flag.removesuffix(name).split(".")[:-1])
    return ()


def _flag(event: Any) -> str:
    return str(event.argument.display_name())
