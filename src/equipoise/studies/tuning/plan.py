"""What a search plans to run: arms, their trials, and each trial over several seeds.

An arm is one way to train (with and without the scheduler, one rate or two) with a space of its own. Every arm has the
same number of trials over the same seeds, all of the same length. At random, the k-th trial of one arm and that of
another share every draw that both spaces name.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from equipoise.config import RunSettings
from equipoise.core.errors import UserError
from equipoise.studies.batch_size.plan import require_distance
from equipoise.studies.plan import Label, PlannedRun, content
from equipoise.studies.tuning.space import Space, Values

Sampler = Literal["random", "grid", "tpe", "cmaes", "gp", "qmc"]
OPTUNAS = frozenset({"tpe", "cmaes", "gp", "qmc"})
"""Samplers of Optuna, whose trials are not known beforehand."""
ADAPTIVE = OPTUNAS - {"qmc"}
"""Samplers whose trials follow from what earlier ones gave."""
ScoreName = Literal["final", "best"]
NUM_TRIALS = 16
MOST_TRIALS = 100_000
FRESH = 1000
"""Fresh seeds begin this far beyond those of the search."""


@dataclass(frozen=True)
class Arm:
    """One way to train.

    Attributes:
        name: what people call it.
        settings: all that is not searched.
        space: what is.
    """

    name: str
    settings: RunSettings
    space: Space


@dataclass(frozen=True)
class Trial:
    """One configuration that is tried.

    Attributes:
        arm: which it belongs to.
        number: in its arm, from 0.
        values: the point of the arm's space.
    """

    arm: Arm
    number: int
    values: Values

    @cached_property
    def settings(self) -> RunSettings:
        """Of the trial, with the arm's seed."""
        return self.arm.space.apply(self.arm.settings, self.values)

    def runs(self, seeds: Sequence[int]) -> list[PlannedRun]:
        """The trial's runs, a seed each."""
        labels: dict[str, Label] = {"arm": self.arm.name, "trial": self.number, **self.values}
        settings = self.settings
        return [PlannedRun(settings.model_copy(update={"seed": seed}), labels | {"seed": seed}) for seed in seeds]


@dataclass(frozen=True)
class TunePlan:
    """A search.

    Attributes:
        arms: one or more, of different names.
        num_trials: of each arm (default: 16, or all points of the grid).
        num_seeds: of each trial, counted from the arm's.
        sampler: random, grid, or one of Optuna's.
        sample_seed: from which trials are drawn.
        num_fresh: seeds on which the best trial of each arm is run again; 0: none.
        score: of a run: its last distance, or its least.
        prune: whether runs that fall behind are given up (see `pruning`).

    Raises:
        UserError: the plan makes no sense.
    """

    arms: tuple[Arm, ...]
    num_trials: int = NUM_TRIALS
    num_seeds: int = 3
    sampler: Sampler = "random"
    sample_seed: int = 0
    num_fresh: int = 5
    score: ScoreName = "final"
    prune: bool = False

    def __post_init__(self) -> None:
        limits = {
            "trials": (self.num_trials, 1, MOST_TRIALS),
            "seeds": (self.num_seeds, 1, FRESH),
            "fresh-seeds": (self.num_fresh, 0, FRESH),
        }
        for name, (given, least, most) in limits.items():
            if not least <= given <= most:
                raise UserError(f"--{name} was given as {given}, but must be from {least} to {most:,}.")
        if self.sample_seed < 0:
            raise UserError(f"--sample-seed was given as {self.sample_seed}, but must be at least 0.")
        for arm in self.arms:
            require_distance(arm.settings)
            arm.space.check(arm.settings)
            self._check_grid(arm)
        _refuse_unlike_arms(self.arms)

    def _check_grid(self, arm: Arm) -> None:
        if self.sampler == "grid" and arm.space.size != self.num_trials:
            raise UserError(
                f"--trials was given as {self.num_trials}, but the grid has {arm.space.size} points; leave it out, or "
                f"say how many points an axis has, as in log:1e-5:1e-2:3."
            )

    @property
    def seeds(self) -> list[int]:
        """Of the search."""
        first = self.arms[0].settings.seed
        return list(range(first, first + self.num_seeds))

    @property
    def fresh_seeds(self) -> list[int]:
        """Those that no trial of the search has seen."""
        first = self.arms[0].settings.seed + FRESH
        return list(range(first, first + self.num_fresh))

    @property
    def known(self) -> bool:
        """Whether all trials are known beforehand."""
        return self.sampler not in OPTUNAS

    @property
    def identity(self) -> dict[str, Any]:
        """What makes two searches the same: all but the numbers of trials and seeds, which may grow.

        Where trials depend on scores, what a score is made of counts too.
        """
        arms = {arm.name: {"settings": content(arm.settings), "space": _words(arm.space)} for arm in self.arms}
        found = {"kind": "tune", "sampler": self.sampler, "sample_seed": self.sample_seed, "prune": self.prune}
        told = {"seeds": self.num_seeds, "score": self.score} if self.sampler in ADAPTIVE else {}
        return {**found, **told, "arms": arms}

    @property
    def alike(self) -> dict[str, Any]:
        """What another search must have in common with this one, to be compared with it."""
        settings = content(self.arms[0].settings)
        measured = {name: settings[name] for name in ("evaluation", "data")}
        return {"score": self.score, "steps": settings["training"]["steps"], "num_seeds": self.num_seeds, **measured}

    def planned(self) -> list[Trial]:
        """All trials, arm by arm within each number; of samplers that know them beforehand."""
        assert self.known
        grids = {arm.name: arm.space.grid() if self.sampler == "grid" else [] for arm in self.arms}
        return [
            Trial(arm, number, grids[arm.name][number] if grids[arm.name] else arm.space.draw(self.sample_seed, number))
            for number in range(self.num_trials)
            for arm in self.arms
        ]


def file_name(name: str) -> str:
    """``name`` as a part of a file's name.

    >>> file_name("digits, one rate")
    'digits-one-rate'
    """
    return re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-.") or "arm"


def _words(space: Space) -> dict[str, str]:
    return {name: repr(dimension) for name, dimension in space.dimensions.items()}


def _refuse_unlike_arms(arms: Sequence[Arm]) -> None:
    """Arms have to be measured alike and have one budget."""
    first, files = arms[0], [file_name(arm.name) for arm in arms]
    for arm in arms:
        if files.count(file_name(arm.name)) > 1:
            raise UserError(f"Two arms are called {arm.name!r}, or nearly so; give each a name of its own.")
    for arm in arms[1:]:
        for part in ("evaluation", "data", "seed"):
            if getattr(arm.settings, part) != getattr(first.settings, part):
                raise UserError(
                    f"Arms {first.name!r} and {arm.name!r} differ in {part}, so that their distances are not "
                    f"comparable; give {part} once for all arms."
                )
        one, other = first.settings.training.steps, arm.settings.training.steps
        if one != other:
            raise UserError(
                f"Arms {first.name!r} and {arm.name!r} have {one:,} and {other:,} steps; give all the same budget."
            )
        if arm.space == first.space and _sample(arm) == _sample(first):
            raise UserError(f"Arms {first.name!r} and {arm.name!r} differ in nothing; give one of them a setting.")


def _sample(arm: Arm) -> list[RunSettings]:
    """What some trials of the arm would play: settings that its space overrides make no difference."""
    return [arm.space.apply(arm.settings, values) for values in arm.space.samples()]
