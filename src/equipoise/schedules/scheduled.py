"""A number of the settings while a run goes on: its value times its decay.

One concept wherever settings take a number that may change with the step: learning rates, betas, penalty weights, the
averaging constant of the generator.
"""

from dataclasses import dataclass

from equipoise.config.schedules import AnyNumber, ScheduledNumber
from equipoise.schedules.build import Decay, build_decay
from equipoise.schedules.decays import constant


@dataclass(frozen=True)
class Scheduled:
    """value x decay(step).

    Attributes:
        value: the number at step 0.
        decay: its factor as a function of the number of finished rounds.
    """

    value: float
    decay: Decay = constant

    def at(self, step: int) -> float:
        """The number after ``step`` finished rounds."""
        return self.value * self.decay(step)


def build_scheduled(number: AnyNumber, num_steps: int) -> Scheduled:
    """The number that the settings describe, in a run of ``num_steps`` rounds.

    >>> weight = build_scheduled(ScheduledNumber(value=10.0, decay="linear", final=0.5), num_steps=100)
    >>> weight.at(0), weight.at(50), weight.at(200)
    (10.0, 7.5, 5.0)
    >>> build_scheduled(0.9, num_steps=100).at(7)
    0.9
    """
    if isinstance(number, ScheduledNumber):
        return Scheduled(number.value, build_decay(number, num_steps))
    return Scheduled(number)
