"""The trials of another search, read from its ``analysis.json``, to be compared with those of this one."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from equipoise.core.errors import UserError

ALIKE = ("judge", "score", "steps", "num_seeds", "evaluation", "data")
"""What two searches must have in common, as named in ``analysis.json``."""


@dataclass(frozen=True)
class OtherStudy:
    """What is known of it.

    Attributes:
        name: of its folder.
        sampler: that its trials came from.
        prune: whether runs were given up, whose worth is not known.
        alike: what it must have in common with this one (see `ALIKE`).
        worth: of every arm, what each trial is worth to a search, by its number (see `scores.Scored.useful`).
    """

    name: str
    sampler: str
    prune: bool
    alike: dict[str, Any]
    worth: dict[str, dict[int, float]]

    def refuse_unlike(self, mine: dict[str, Any]) -> None:
        """Nothing, or a `UserError` where the two searches cannot be compared.

        Args:
            mine: the same entries of this study, as far as it knows them.
        """
        for name, there, here in _pairs(self.alike, mine):
            if there != here:
                raise UserError(
                    f"--against '{self.name}' cannot be compared with this search: {name} is "
                    f"{there!r} there and {here!r} here; give both the same."
                )


def _pairs(theirs: dict[str, Any], mine: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Name, their value and mine of every entry of ``mine``, mapping by mapping."""
    for name, value in mine.items():
        other = theirs.get(name)
        if isinstance(value, dict) and isinstance(other, dict):
            yield from _pairs(other, value, f"{prefix}{name}.")
        else:
            yield prefix + name, other, value


def read_other(folder: Path) -> OtherStudy:
    """The search in ``folder``.

    Raises:
        UserError: there is none, or it has no answers yet.
    """
    try:
        found = json.loads((folder / "analysis.json").read_text(encoding="utf-8"))
        if found["kind"] != "tune":
            raise UserError(f"--against '{folder}' is a study of kind {found['kind']!r}, but has to be one of tune.")
        worth = {
            name: {one["number"]: float(one["useful"]) for one in arm["trials"] if one["useful"] is not None}
            for name, arm in found["arms"].items()
        }
        return OtherStudy(
            folder.name, found["sampler"], bool(found["prune"]), {name: found[name] for name in ALIKE}, worth
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(
            f"--against '{folder}' holds no answers of a search that this version reads; run 'equipoise study tune' "
            f"there first."
        ) from error
