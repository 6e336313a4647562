"""What all settings share: frozen, closed to unknown keys, and loud about values that nothing will read."""

import warnings
from collections.abc import Container
from dataclasses import dataclass
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, model_validator

from equipoise.core.errors import IgnoredSettingWarning


@dataclass(frozen=True)
class OnlyWith:
    """Marks a field that is read only while another field of the same settings has one of the given values."""

    field: str
    values: Container[Any]


class AllBut:
    """Every value but those given, for `OnlyWith`."""

    def __init__(self, *values: Any) -> None:
        self.values = values

    def __contains__(self, value: object) -> bool:
        return value not in self.values


class Settings(BaseModel):
    """Base of all settings. A field marked `OnlyWith` that is changed while it is not read gives a warning."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, validate_default=True, allow_inf_nan=False
    )

    @model_validator(mode="after")
    def _warn_of_ignored_fields(self) -> Self:
        for name, field in type(self).model_fields.items():
            for mark in (mark for mark in field.metadata if isinstance(mark, OnlyWith)):
                chosen, value = getattr(self, mark.field), getattr(self, name)
                if chosen not in mark.values and value != field.get_default(call_default_factory=True):
                    warnings.warn(
                        f"{name}={value!r} is ignored because {mark.field} is {chosen!r}.",
                        IgnoredSettingWarning,
                        stacklevel=2,
                    )
        return self
