"""How a run can end, each with the sentence a person reads in ``outcome.json``."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """The state in which a run was left."""

    COMPLETE = "complete"
    STOPPED = "stopped"
    DIVERGED = "diverged"
    FAILED = "failed"


@dataclass(frozen=True)
class Ending:
    """How a run ended.

    Attributes:
        outcome: one of the four ways to end.
        sentence: what happened, for a person.
        step: the last finished round.
        values: best and final measurements (unitless distances), and the steps they were taken at.
        next: what to do or type next, for a person; empty where there is nothing.
    """

    outcome: Outcome
    sentence: str
    step: int
    values: dict[str, float | int | str | None]
    next: str = ""
