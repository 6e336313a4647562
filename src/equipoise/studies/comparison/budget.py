"""The budget that all arms get, in one of four units, and the rounds that it buys each of them.

steps      rounds: one generator update with its discriminator updates
gradients  gradients of either player's loss, one per batch, whether they moved it or only looked ahead
images     real examples that the discriminator has seen
seconds    of wall-clock time, evaluations included; the machine's other work as well

The first three are counted, so that an arm's length is set to what the budget buys and its decays end there. Seconds
cannot be: a run is stopped at the first evaluation past them, and its decays follow its steps.
"""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from equipoise.config import GameSettings, PlayerSettings, RunSettings, TrainingSettings
from equipoise.core.errors import UserError
from equipoise.studies.folder import Record, Standing, Status
from equipoise.training.session import Session

Unit = Literal["steps", "gradients", "images", "seconds"]
UNITS: tuple[Unit, ...] = get_args(Unit)
_COUNTED_FROM, _COUNTED_TO = 2, 12
"""Rounds between which gradients are counted; an order's first round may differ."""


@dataclass(frozen=True)
class Budget:
    """What every run may spend.

    Attributes:
        unit: steps, gradients, images or seconds.
        amount: of them.
    """

    unit: Unit
    amount: float

    def __str__(self) -> str:
        return f"{self.amount:,.10g} {self.unit}"

    def given_to(self, settings: RunSettings) -> RunSettings:
        """``settings`` with as many rounds as the budget buys; at seconds, as many as they had.

        Raises:
            UserError: the budget buys no round.
        """
        if self.unit == "seconds":
            return settings
        training, each = settings.training, cost_of_round(settings.training)[self.unit]
        steps = math.floor(self.amount / each)
        if steps < 1:
            raise UserError(
                f"A budget of {self} buys no round of an arm that takes {each:,g} {self.unit} for each; give more."
            )
        return settings.model_copy(update={"training": training.model_copy(update={"steps": steps})})


@dataclass(frozen=True)
class Spent:
    """Stop a run at the first evaluation at which the budget is spent.

    Attributes:
        budget: in seconds; the other units are spent by a run's last step.
    """

    budget: Budget

    def verdict(self, evaluations: Sequence[Record]) -> Standing | None:
        """COMPLETE from then on; see `folder.StopRule.verdict`."""
        if evaluations and (cost_at(evaluations[-1], self.budget.unit) or 0) >= self.budget.amount:
            return Standing(Status.COMPLETE, f"Spent {self.budget} by step {evaluations[-1]['step']}.")
        return None


def cost_at(evaluation: Record, unit: Unit) -> float | None:
    """What a run had spent by an evaluation; None where its records do not say.

    >>> cost_at({"step": 100, "images": 6400, "disc_gradients": 100, "gen_gradients": 100}, "gradients")
    200.0
    """
    names = {"steps": ("step",), "gradients": ("disc_gradients", "gen_gradients")}.get(unit, (unit,))
    values = [evaluation.get(name) for name in names]
    return None if any(value is None for value in values) else float(sum(values))  # type: ignore[arg-type]


def cost_of_round(training: TrainingSettings) -> dict[Unit, float]:
    """What one round costs under ``training``, in every unit that can be counted.

    >>> cost_of_round(TrainingSettings(batch_size=64, disc_steps=5))
    {'steps': 1, 'gradients': 6.0, 'images': 320}
    """
    counted = training.model_copy(update={"measure_noise_every": 0, "precision": "fp32", "steps": 10**6})
    num_batches, gradients = _counted(counted)
    return {"steps": 1, "gradients": gradients, "images": num_batches * training.batch_size}


@functools.lru_cache(maxsize=64)
def _counted(training: TrainingSettings) -> tuple[int, float]:
    """Batches and gradients of a round, by playing a few rounds of the smallest game in the same order."""
    still = PlayerSettings(optimizer="sgd", lr=1e-6)
    game = GameSettings(kind="bilinear")
    session = Session(RunSettings(device="cpu", game=game, disc=still, gen=still, training=training))
    numbers: list[int] = []
    for rounds in (_COUNTED_FROM, _COUNTED_TO - _COUNTED_FROM):
        for _ in range(rounds):
            session.play_round()
        numbers.append(session.match.disc.num_gradients + session.match.gen.num_gradients)
    return session.order.num_batches, (numbers[1] - numbers[0]) / (_COUNTED_TO - _COUNTED_FROM)
