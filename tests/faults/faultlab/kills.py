"""Kills: a run is killed at a random instant, perhaps once more while it resumes, and must end as if it never was.

Three ways to choose the instant: a time, uniform over the run's; a file-system call, uniform over those that the run
makes (opening, writing, flushing, renaming and removing: inside checkpoints, evaluations, pictures and the rename
itself); and the middle of a line that is appended to a record.
"""

import random
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faultlab.lab import Lab, content, differing, small

WAYS = ("time", "call", "call", "torn")


@dataclass(frozen=True)
class Reference:
    """An uninterrupted run: what it leaves, how long it takes, how many file-system calls it makes."""

    settings: Any
    content: dict[str, str]
    seconds: float
    num_calls: int


def reference(lab: Lab, scene: str, folder: Path, changes: dict[str, Any] | None = None) -> Reference:
    """Play a scene without a fault."""
    settings = small(scene, folder / "runs", changes)
    log, count = folder / "log", folder / "count"
    folder.mkdir(parents=True)
    for _ in range(2):  # the first fills the cache of reference moments
        shutil.rmtree(settings.root, ignore_errors=True)
        started = time.monotonic()
        status = lab.begin(settings, log, count=str(count))
        assert status == 0, log.read_text()
    return Reference(settings, content(Path(settings.root)), time.monotonic() - started, int(count.read_text()))


def kill(lab: Lab, expected: Reference, folder: Path, chance: random.Random) -> tuple[str, int, list[str]]:
    """Kill a run and let it go on until it ends.

    Returns:
        The way it was killed, how often it really was, and what then differs from the uninterrupted run.
    """
    way, log = chance.choice(WAYS), folder / "log"
    shutil.rmtree(folder, ignore_errors=True)
    settings = expected.settings.model_copy(update={"root": str(folder / "runs")})
    folder.mkdir(parents=True)
    status = lab.begin(settings, log, **_instant(way, expected, chance))
    num_kills = int(status == 9)
    if status == 9 and chance.random() < 0.3:
        num_kills += lab.go_on(settings, log, **_instant(way, expected, chance)) == 9
    status = lab.go_on(settings, log)
    wrong = [] if status == 0 else [f"status {status}: {log.read_text()}"]
    return way, num_kills, wrong + differing(expected.content, content(Path(settings.root)))


def _instant(way: str, expected: Reference, chance: random.Random) -> dict[str, Any]:
    if way == "time":
        return {"kill_after": chance.uniform(0, expected.seconds)}
    return {"kill_at": chance.randint(1, expected.num_calls), "torn": way == "torn"}


def kills(
    lab: Lab, scene: str, number: int, folder: Path, seed: int = 0, changes: dict[str, Any] | None = None
) -> Iterator[tuple[str, int, list[str]]]:
    """The results of `kill`, until ``number`` processes were killed."""
    expected, chance = reference(lab, scene, folder / "whole", changes), random.Random(f"{seed} {scene}")
    done = Counter[str]()
    while done["kills"] < number:
        way, num_kills, wrong = kill(lab, expected, folder / "killed", chance)
        done["kills"] += num_kills
        yield way, num_kills, wrong
