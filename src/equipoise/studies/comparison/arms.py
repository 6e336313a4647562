"""The arms of a comparison: configurations that differ in something, and in nothing that makes them incomparable."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from equipoise.config import RunSettings
from equipoise.core.errors import UserError
from equipoise.studies.plan import content
from equipoise.training.changes import differences

_FREE_DATA = ("workers", "memory_limit", "max_unreadable", "flip")
_FREE_EVALUATION = ("every", "batch_size")
_IDLE = (
    *("deterministic", "track", "data.workers", "data.memory_limit", "evaluation.every", "evaluation.batch_size"),
    *("training.log_every", "training.sample_every", "training.checkpoint_every", "training.keep_checkpoints"),
)
"""Settings that change nothing of what is trained: by them alone two arms differ in nothing."""


@dataclass(frozen=True)
class Arm:
    """One of the configurations that are compared.

    Attributes:
        name: what tables and figures call it.
        settings: all of a run; its seed is the first of those played.
    """

    name: str
    settings: RunSettings


def check_arms(arms: Sequence[Arm]) -> None:
    """Nothing where the arms can be compared.

    Raises:
        UserError: there are fewer than two, or they share a name, measure no distance, or differ in data, evaluation
            protocol, seed or nothing.
    """
    if len(arms) < 2:
        given = f"only {arms[0].name!r}" if arms else "no arm"
        raise UserError(f"A comparison takes two arms or more, but {given} was given; name another recipe.")
    for position, arm in enumerate(arms):
        if arm.settings.evaluation.features == "none":
            raise UserError(
                f"Arm {arm.name!r} measures no distance; choose another recipe, or set --evaluation.features."
            )
        for other in arms[:position]:
            _check_pair(other, arm)


def protocol_of(settings: RunSettings) -> dict[str, Any]:
    """Settings of data and evaluation that must agree before two distances are compared."""
    data, evaluation = settings.data.model_dump(mode="json"), settings.evaluation.model_dump(mode="json")
    return {
        "data": {name: value for name, value in data.items() if name not in _FREE_DATA},
        "evaluation": {name: value for name, value in evaluation.items() if name not in _FREE_EVALUATION},
    }


def _check_pair(one: Arm, other: Arm) -> None:
    pair = f"Arms {one.name!r} and {other.name!r}"
    apart = differences(content(one.settings), content(other.settings))
    if apart.keys() <= set(_IDLE):
        but = f" that is trained, but only in {', '.join(apart)}" if apart else ""
        raise UserError(f'{pair} differ in nothing{but}; change a setting of one, as in "RECIPE --gen.lr 1e-3".')
    if one.name == other.name:
        raise UserError(f"Two arms are called {one.name!r}; give each a name of its own.")
    for name, (first, second) in differences(protocol_of(one.settings), protocol_of(other.settings)).items():
        raise UserError(
            f"{pair} differ in {name} ({first!r} and {second!r}), so that their distances cannot be compared; give "
            f"them the same."
        )
    if one.settings.seed != other.settings.seed:
        raise UserError(
            f"{pair} begin with seeds {one.settings.seed} and {other.settings.seed}, but share their seeds; give "
            f"--seed once, after all arms."
        )
