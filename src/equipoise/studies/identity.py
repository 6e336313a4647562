"""Whether two studies are the same one, whatever version of the settings each of them was written with.

An identity is what `folder.StudyFolder` keeps in ``study.json``: plain values, among them settings with all defaults.
A setting that a later version adds is missing there, and counts as its default, which is what the older version did.
"""

import json
import warnings
from typing import Any

from pydantic import TypeAdapter, ValidationError

from equipoise.config import RunSettings
from equipoise.core.errors import IgnoredSettingWarning

Identity = dict[str, Any]


def difference(found: Identity, wanted: Identity) -> str | None:
    """The first entry in which two identities differ, in words; None where they are the same.

    Settings stand at their own names (``data``, ``evaluation``), under ``settings``, or under those of one of ``arms``.

    Args:
        found: as read from a file.
        wanted: of the study at hand; plain values, or what JSON makes such.

    >>> difference({"kind": "compare", "evaluation": {}}, {"kind": "compare", "evaluation": {"every": 500}})
    >>> difference({"kind": "compare"}, {"kind": "claim"})
    "kind is 'compare' there and 'claim' here"
    """
    there, here = _read(found), _read(json.loads(json.dumps(wanted)))
    added = {name: _read_field(name, None) for name in here if name in RunSettings.model_fields and name not in there}
    there |= added
    return None if there == here else first_difference(there, here)


def first_difference(found: Identity, wanted: Identity, prefix: str = "") -> str:
    """The first entry in which two nested mappings differ, in words."""
    for key in [*found, *(key for key in wanted if key not in found)]:
        one, other = found.get(key), wanted.get(key)
        if isinstance(one, dict) and isinstance(other, dict) and one != other:
            return first_difference(one, other, f"{prefix}{key}.")
        if one != other:
            return f"{prefix}{key} is {one!r} there and {other!r} here"
    return "nothing"


def _read(identity: Identity) -> Identity:
    """``identity`` with all of its settings as this version reads them, defaults included."""
    found = {}
    for name, value in identity.items():
        if name == "settings" and isinstance(value, dict):
            found[name] = {field: _read_field(field, value.get(field)) for field in [*value, *RunSettings.model_fields]}
        elif name == "arms" and isinstance(value, dict):
            found[name] = {arm: _read(one) if isinstance(one, dict) else one for arm, one in value.items()}
        else:
            found[name] = _read_field(name, value)
    return found


def _read_field(name: str, value: Any) -> Any:
    """A value as the field ``name`` of a run's settings reads it (None: its default); as it is where it cannot be."""
    field = RunSettings.model_fields.get(name)
    if field is None or field.annotation is None:
        return value
    kind: TypeAdapter[Any] = TypeAdapter(field.annotation)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IgnoredSettingWarning)  # a part of the settings may lack what reads it
        try:
            read = field.default if value is None else kind.validate_python(value)
        except ValidationError:  # of a newer version, or damaged: another study
            return value
        return kind.dump_python(read, mode="json")
