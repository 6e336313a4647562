"""A run folder as pages read it: everything may be missing, damaged, cut short, or of another version."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from equipoise.core.errors import UserError
from equipoise.core.files import read_json_lines
from equipoise.core.judges import judge_of

Record = dict[str, Any]
Vector = NDArray[np.float64]
_LARGEST = 1e100
_SAMPLE = re.compile(r"step-(\d+)\.(png|txt)")
_DIAGNOSIS = re.compile(r"step-(\d+)\.json")


@dataclass(frozen=True)
class Sample:
    """A picture or a text of samples.

    Attributes:
        step: after which it was made.
        path: of the file.
    """

    step: int
    path: Path


@dataclass(frozen=True)
class RunRecords:
    """What a run left on disk.

    Attributes:
        path: of its folder.
        settings: nested, as in ``config.yaml``.
        environment: versions and machine.
        metrics: by step.
        evaluations: by step.
        events: what the guard found and did.
        outcome: how it ended; empty where it has not.
        samples: by step.
        interpolation: file of the latent interpolation, if there is one.
        neighbours: what is known of the nearest training examples, with ``picture`` if there is one.
        diagnoses: findings of the game measured at a checkpoint, by step.
    """

    path: Path
    settings: Record = field(default_factory=dict)
    environment: Record = field(default_factory=dict)
    metrics: list[Record] = field(default_factory=list)
    evaluations: list[Record] = field(default_factory=list)
    events: list[Record] = field(default_factory=list)
    outcome: Record = field(default_factory=dict)
    samples: tuple[Sample, ...] = ()
    interpolation: Path | None = None
    neighbours: Record = field(default_factory=dict)
    diagnoses: tuple[tuple[int, Record], ...] = ()
    _columns: dict[str, Vector] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def read(cls, path: Path) -> "RunRecords":
        """The run at ``path``.

        Raises:
            UserError: there is no run.
        """
        if not (path / "config.yaml").is_file():
            raise UserError(f"'{path}' is not a run folder (it has no config.yaml); {_instead(path)}")
        samples = path / "samples"
        interpolation = [
            file for file in (samples / "interpolation.png", samples / "interpolation.txt") if file.exists()
        ]
        return cls(
            path=path,
            settings=_read_settings(path / "config.yaml"),
            environment=read_json(path / "environment.json"),
            metrics=_by_step(read_json_lines(path / "metrics.jsonl")),
            evaluations=_by_step(each for each in read_json_lines(path / "evaluations.jsonl") if _has_values(each)),
            events=read_json_lines(path / "events.jsonl"),
            outcome=read_json(path / "outcome.json"),
            samples=_numbered(samples, _SAMPLE),
            interpolation=interpolation[0] if interpolation else None,
            neighbours=read_json(samples / "neighbours.json"),
            diagnoses=tuple((each.step, read_json(each.path)) for each in _numbered(path / "diagnosis", _DIAGNOSIS)),
        )

    @property
    def name(self) -> str:
        """What its settings call it, or else its folder."""
        return str(self.settings.get("name") or self.path.resolve().name)

    @property
    def ending(self) -> str:
        """How it ended; empty where it has not."""
        return str(self.outcome.get("outcome") or "")

    @property
    def judge(self) -> str:
        """Name of the value that tells its checkpoints apart."""
        return judge_of(self.evaluations[0]) if self.evaluations else "fd"

    @property
    def is_between_points(self) -> bool:
        """Whether it is of a game between points, without examples."""
        return any("gen_point" in record for record in self.metrics[:1])

    @property
    def adapts(self) -> bool:
        """Whether it is of a classifier that is adapted from one domain to another."""
        return bool(self.setting("game.kind") == "domain-adversarial")

    @property
    def last_step(self) -> int:
        """The newest step that anything tells of."""
        told = [int(records[-1]["step"]) for records in (self.metrics, self.evaluations) if records]
        return max([*told, int(number_or(self.outcome.get("step"), 0))])

    def metric(self, name: str) -> Vector:
        """One number of every line of metrics, as `column` gives it; read once, however many rules ask for it."""
        if name not in self._columns:
            self._columns[name] = column(self.metrics, name)
            self._columns[name].setflags(write=False)
        return self._columns[name]

    def setting(self, name: str) -> Any:
        """The setting of a dotted name; None where there is none."""
        return nested(self.settings, *name.split("."))


def _instead(path: Path) -> str:
    """What to give in place of a folder that holds no run."""
    runs = [str(config.parent) for config in sorted(path.glob("*/config.yaml"))[:8]]
    return f"give runs of it: {' '.join(runs)}." if runs else "give one that 'equipoise train' made."


def read_json(path: Path) -> Record:
    """The mapping in a JSON file; empty where it is missing, damaged, or holds something else.

    >>> read_json(Path("/no/such/file"))
    {}
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def nested(record: Any, *path: str) -> Any:
    """What lies in nested mappings under the names of ``path``; None where anything is missing.

    >>> nested({"values": {"fd": 2.0}}, "values", "fd"), nested({"values": None}, "values", "fd")
    (2.0, None)
    """
    for name in path:
        if not isinstance(record, Mapping):
            return None
        record = record.get(name)
    return record


def number_or(value: Any, otherwise: float = float("nan")) -> float:
    """``value`` as a float, or ``otherwise`` where it is no number, or as good as endless.

    >>> number_or(2), number_or(None), number_or("many", 0.0), number_or(10**400)
    (2.0, nan, 0.0, nan)
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return otherwise
    return float(value) if abs(value) <= _LARGEST else otherwise


def column(records: Iterable[Mapping[str, Any]], *path: str) -> Vector:
    """One number of every record, NaN where it is missing or not finite.

    >>> column([{"step": 1, "loss": 0.5}, {"step": 2, "loss": None}], "loss")
    array([0.5, nan])
    """
    first, *rest = path
    values = [record.get(first) for record in records]
    if rest:
        values = [nested(value, *rest) for value in values]
    # Nearly all are plain floats, and there may be a hundred thousand of them in each of twenty columns.
    if not any(value is not None for value in values):
        return np.full(len(values), np.nan)
    plain = [value if type(value) is float and -_LARGEST <= value <= _LARGEST else number_or(value) for value in values]
    return np.array(plain, dtype=np.float64)


def _read_settings(path: Path) -> Record:
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _by_step(records: Iterable[Record]) -> list[Record]:
    """Records that say their step, in its order."""
    told = [each for each in records if isinstance(each.get("step"), int) and abs(each["step"]) < 2**53]
    return sorted(told, key=lambda record: int(record["step"]))


def _has_values(record: Record) -> bool:
    return isinstance(record.get("values"), dict) and judge_of(record) in record["values"]


def _numbered(folder: Path, pattern: re.Pattern[str]) -> tuple[Sample, ...]:
    """Files of ``folder`` whose whole name fits ``pattern``, by the number in it."""
    if not folder.is_dir():
        return ()
    found = ((pattern.fullmatch(path.name), path) for path in folder.iterdir())
    return tuple(sorted((Sample(int(match[1]), path) for match, path in found if match), key=lambda each: each.step))
