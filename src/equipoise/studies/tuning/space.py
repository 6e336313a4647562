"""The space of a search: settings by name, each with a dimension.

A name is that of a setting as the command line spells it (``disc.lr``, ``disc.betas[0]``, ``game.clip``,
``disc.options.eps``). A name that starts inside a player (``lr``, ``betas[0]``) belongs to both players at once: ``lr``
is the search for one rate, ``disc.lr`` and ``gen.lr`` that for two decoupled ones.

What says how, or how long, or on what a run is measured cannot be searched: numbers of different protocols or budgets
are not comparable.
"""

import itertools
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from equipoise.config import PlayerSettings, RunSettings
from equipoise.config.files import dotted_fields, validated
from equipoise.core.errors import IgnoredSettingWarning, UserError, nearest
from equipoise.core.seeding import derived_seed
from equipoise.studies.plan import WHERE
from equipoise.studies.tuning.dimensions import Choice, Dimension, Range, Value, read_dimension

Values = Mapping[str, Value]
"""One point of a space: a value by name."""

PLAYERS = ("disc", "gen")
_NAME = re.compile(r"^([A-Za-z_][\w.]*)(?:\[(\d+)\])?$")
_FIXED = frozenset({"seed", "deterministic", "training.steps"} | WHERE)
_FIXED_ROOMS = frozenset({"evaluation", "data", "guard"})
_AROUND = 10.0
"""How far the default space reaches from the recipe's rates, as a factor on either side."""
_NUM_TRIED = 16

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Space:
    """What is searched.

    Attributes:
        dimensions: by name.

    >>> space = read_space(["disc.lr=log:1e-5:1e-1", "gen.lr=1e-4,1e-3"])
    >>> [space.at({"disc.lr": 0.5, "gen.lr": 0.9}), space.size]
    [{'disc.lr': 0.001, 'gen.lr': 0.001}, 10]
    """

    dimensions: Mapping[str, Dimension]

    @property
    def size(self) -> int:
        """Points of the grid."""
        return len(self.grid())

    def at(self, units: Mapping[str, float]) -> dict[str, Value]:
        """The point that numbers in [0, 1) pick."""
        return {name: dimension.at(units[name]) for name, dimension in self.dimensions.items()}

    def draw(self, seed: int, number: int) -> dict[str, Value]:
        """The ``number``-th random point; it depends on nothing else, and each dimension's draw on its name alone.

        So two searches share their draws, dimension by dimension, whatever else they search and how long.
        """
        seeds = {name: derived_seed(seed, f"tune/{name}/{number}") for name in self.dimensions}
        return self.at({name: float(np.random.default_rng(one).random()) for name, one in seeds.items()})

    def grid(self) -> list[dict[str, Value]]:
        """All points of the grid; the last dimension moves fastest."""
        points = itertools.product(*(dimension.grid() for dimension in self.dimensions.values()))
        return [dict(zip(self.dimensions, point, strict=True)) for point in points]

    def samples(self) -> list[dict[str, Value]]:
        """One point, and for every further choice of a dimension the same point with it."""
        first = {name: dimension.at(0.5) for name, dimension in self.dimensions.items()}
        choices = {name: one.values for name, one in self.dimensions.items() if isinstance(one, Choice)}
        others = [first | {name: value} for name, values in choices.items() for value in values]
        return [first, *(point for point in others if point != first)]

    def apply(self, settings: RunSettings, values: Values) -> RunSettings:
        """``settings`` at a point of the space; silent about those that are not read there.

        Raises:
            UserError: a value is not allowed.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", IgnoredSettingWarning)
            return _applied(settings, values)

    def check(self, settings: RunSettings) -> None:
        """Refuse values that are not allowed; warn of settings that no point of the space would read.

        Raises:
            UserError: a value is not allowed in ``settings``.
        """
        for name, dimension in self.dimensions.items():
            others = {other: one.ends[0] for other, one in self.dimensions.items()}
            for end in dimension.ends:
                self.apply(settings, others | {name: end})
        ignored = [_ignored(settings, self.draw(0, number)) for number in range(_NUM_TRIED)]
        for field in set.intersection(*map(set, ignored)):
            warnings.warn(ignored[0][field], IgnoredSettingWarning, stacklevel=2)


def read_space(words: Sequence[str]) -> Space:
    """The space that words such as ``disc.lr=log:1e-5:1e-2`` describe.

    Raises:
        UserError: a name is no setting, or given twice, or cannot be searched; or a dimension cannot be read.
    """
    dimensions: dict[str, Dimension] = {}
    owners: dict[Path, str] = {}
    for word in words:
        name, equals, text = word.partition("=")
        name = name.removeprefix("--").replace("-", "_")
        if not equals:
            raise UserError(f"--space was given {word!r}; write NAME=log:LOW:HIGH, uniform:LOW:HIGH or a,b,c.")
        for path in paths(name):
            if path in owners:
                raise UserError(
                    f"--space sets {_spelled(path)} twice, by {owners[path]!r} and {name!r}; leave one out."
                )
            owners[path] = name
        dimensions[name] = read_dimension(name, text)
    return Space(dimensions)


def default_space(settings: RunSettings) -> Space:
    """Both learning rates, log-uniform, a factor of ten to either side of the recipe's."""
    rates = {f"{player}.lr": getattr(settings, player).lr for player in PLAYERS}
    ends = {name: (float(f"{lr / _AROUND:.6g}"), float(f"{lr * _AROUND:.6g}")) for name, lr in rates.items()}
    return Space({name: Range(low, high, log=True) for name, (low, high) in ends.items()})


def paths(name: str) -> list[Path]:
    """Where in all settings the ``name`` of a dimension points: two places where it belongs to both players.

    Raises:
        UserError: nowhere, or at what cannot be searched.

    >>> paths("lr"), paths("disc.betas[0]")
    ([('disc', 'lr'), ('gen', 'lr')], [('disc', 'betas', 0)])
    """
    found = _NAME.match(name)
    field, index = found.groups() if found else (name, None)
    first = field.split(".")[0]
    fields = [f"{player}.{field}" for player in PLAYERS] if first in PlayerSettings.model_fields else [field]
    if found is None or not _is_setting(fields[0]) or (index is not None) != fields[0].endswith(".betas"):
        raise _unknown(name)
    if field in _FIXED or first in _FIXED_ROOMS:
        raise UserError(
            f"--space cannot hold {name}: trials must be measured alike and have the same budget; choose settings of "
            f"the networks, the game, the players or the rounds."
        )
    return [(*one.split("."), *([] if index is None else [int(index)])) for one in fields]


def _is_setting(field: str) -> bool:
    parent, _, key = field.rpartition(".")
    return field in dotted_fields(RunSettings) or (parent in ("disc.options", "gen.options") and bool(key))


def _unknown(name: str) -> UserError:
    known = [*dotted_fields(RunSettings), *dotted_fields(PlayerSettings)]
    guess = nearest(name, [f"{field}[0]" if field.endswith("betas") else field for field in known])
    hint = f"did you mean {guess!r}?" if guess else "'equipoise train --help' lists all."
    return UserError(f"--space names the unknown setting {name!r}; {hint}")


def _spelled(path: Path) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def _applied(settings: RunSettings, values: Values) -> RunSettings:
    given = settings.model_dump()
    for name, value in values.items():
        for path in paths(name):
            _put(given, path, value)
    for player in PLAYERS:
        if None in (given[player]["betas"] or ()):
            raise UserError(
                f"--space sets one of {player}.betas, and the recipe leaves the other to the optimiser; give both, "
                f"such as --{player}.betas 0.5 0.999."
            )
    return validated(given, "in --space")


def _put(given: dict[str, Any], path: Path, value: Value) -> None:
    """Put ``value`` at ``path``, in place."""
    *parents, last = path
    holder: Any = given
    for part in parents[:-1] if isinstance(last, int) else parents:
        holder = holder[part]
    if not isinstance(last, int):
        holder[last] = value
        return
    whole = list(holder[parents[-1]] or (None, None))
    if last >= len(whole):
        raise UserError(f"--space names {_spelled(path)}, but there are {len(whole)}, counted from 0.")
    whole[last] = value
    holder[parents[-1]] = whole


def _ignored(settings: RunSettings, values: Values) -> dict[str, str]:
    """Of the settings at ``values`` that nothing would read there: the warning, by field."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        _applied(settings, values)
    words = [str(one.message) for one in caught if issubclass(one.category, IgnoredSettingWarning)]
    searched = {str(path[-1] if isinstance(path[-1], str) else path[-2]) for name in values for path in paths(name)}
    return {word.split("=")[0]: word for word in words if word.split("=")[0] in searched}
