"""What a study plans to run: configurations, each under a name made of its content.

A run's folder is named by a hash of its settings, so that the same configuration is the same run wherever a plan comes
from: a study that is started again, or grows by a batch size or a seed, finds what has been done. The hash is of the
settings that differ from their defaults; name, root, device and threads say where a run is played and not what, and are
left out.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from equipoise.config import RunSettings

WHERE = frozenset({"name", "root", "device", "threads"})
"""Settings that say where a run is played."""

Label = str | int | float


@dataclass(frozen=True)
class PlannedRun:
    """One run of a study.

    Attributes:
        settings: all of the run; its name and root are not read.
        labels: what tells the run from the others of the study, such as batch size and seed.
    """

    settings: RunSettings
    labels: Mapping[str, Label]

    @cached_property
    def key(self) -> str:
        """Name of the run's folder."""
        return run_key(self.settings)


def run_key(settings: RunSettings) -> str:
    """16 hexadecimal digits for the content of ``settings``.

    >>> run_key(RunSettings(name="one", threads=1)) == run_key(RunSettings(name="other"))
    True
    >>> run_key(RunSettings(seed=1)) == run_key(RunSettings(seed=2))
    False
    """
    given = settings.model_dump(mode="json", exclude=set(WHERE), exclude_defaults=True)
    return hashlib.sha256(json.dumps(given, sort_keys=True).encode()).hexdigest()[:16]


def content(settings: RunSettings) -> dict[str, Any]:
    """All settings that say what is run, defaults included."""
    return settings.model_dump(mode="json", exclude=set(WHERE))


def distinct(runs: Sequence[PlannedRun]) -> list[PlannedRun]:
    """``runs`` without those that another one repeats."""
    return list({run.key: run for run in runs}.values())
