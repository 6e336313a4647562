"""What the guard looks for: four detectors on numbers that the host has already, pure and each with its memory.

A detector takes in numbers at its own cadence and answers with a sentence once it has found trouble. Before that,
`Detector.is_quiet` says whether the last numbers gave any cause: a state saved while all are quiet is one to go back
to. What a detector remembers is a dict of plain numbers, part of every checkpoint.

nonfinite is not here: it has no memory (see `probe`).
"""

import math
from abc import ABC
from typing import Any, ClassVar

from equipoise.config import GuardSettings


class Detector(ABC):
    """Counts the times in a row that its numbers gave cause, and finds trouble once they are enough.

    Attributes:
        memory: what it remembers.
        num_needed: times in a row.
    """

    name: ClassVar[str]

    def __init__(self, num_needed: int) -> None:
        self.num_needed = num_needed
        self.memory: dict[str, Any] = {"in_a_row": 0}

    @property
    def is_quiet(self) -> bool:
        """Whether the last numbers gave no cause."""
        return bool(self.memory["in_a_row"] == 0)

    def _count(self, *, cause: bool) -> bool:
        """Whether this is the time at which trouble is found; it is found once, until it has passed."""
        self.memory["in_a_row"] = self.memory["in_a_row"] + 1 if cause else 0
        return bool(self.memory["in_a_row"] == self.num_needed)


class DiscWins(Detector):
    """The discriminator's loss far below its ideal V* > 0, and the generator's gradient gone.

    Looked at once per logging interval: the loss is the interval's mean, averaged further as
    average <- average / 2 + loss / 2; the gradient is that of the interval's last round.
    """

    name = "disc_wins"

    def __init__(self, settings: GuardSettings, ideal: float | None) -> None:
        super().__init__(settings.disc_wins_after)
        self._bound = settings.disc_wins_loss * ideal if ideal and ideal > 0 else None
        self._gradient = settings.disc_wins_gradient
        self.memory |= {"loss": None, "largest_gradient": 0.0}

    def look(self, disc_loss: float, gen_gradient: float) -> str | None:
        """Take in a logging interval."""
        if self._bound is None or not (math.isfinite(disc_loss) and math.isfinite(gen_gradient)):
            return None
        memory = self.memory
        memory["loss"] = disc_loss if memory["loss"] is None else (memory["loss"] + disc_loss) / 2
        memory["largest_gradient"] = max(memory["largest_gradient"], gen_gradient)
        gone = gen_gradient <= self._gradient * memory["largest_gradient"]
        if not self._count(cause=gone and memory["loss"] < self._bound):
            return None
        return (
            f"the discriminator wins: its loss has been near {memory['loss']:.3g}, below {self._bound:.3g}, for "
            f"{self.num_needed} logging intervals, and the generator's gradient has vanished (norm {gen_gradient:.3g}, "
            f"largest so far {memory['largest_gradient']:.3g})"
        )


class BlowUp(Detector):
    """The distance many times the best so far; one that is not a number counts as endless.

    A distance that is at most 1 cannot be many times a best of 1/2. There, what lies between it and 1 must be that
    many times smaller than at best, and the distance itself higher by the floor.
    """

    name = "blow_up"

    def __init__(self, settings: GuardSettings) -> None:
        super().__init__(settings.blow_up_after)
        self._factor, self._floor = settings.blow_up_factor, settings.blow_up_floor
        self.memory |= {"best": None, "first": None}

    def look(self, distance: float, largest: float = math.inf) -> str | None:
        """Take in an evaluation; ``largest`` is the most that the distance can be."""
        memory, best = self.memory, self.memory["best"]
        if math.isfinite(distance):
            memory["first"] = distance if memory["first"] is None else memory["first"]
            memory["best"] = distance if best is None else min(best, distance)
        if best is None:
            return None
        if not self._count(cause=not distance <= self._bound(best, largest)):
            return None
        times = f", {distance / best:.3g} times the best ({best:.4g})" if best > 0 else f" after a best of {best:.4g}"
        return f"the distance has blown up to {distance:.4g}{times}, at {self.num_needed} evaluations in a row"

    def _bound(self, best: float, largest: float) -> float:
        """The largest distance that is none of a blow-up."""
        if math.isfinite(largest):
            return max(largest - (largest - best) / self._factor, best + self._floor * largest)
        return float(max(self._factor * best, self._floor * self.memory["first"]))


class ModeLoss(Detector):
    """Far fewer modes or classes than were found before."""

    name = "mode_loss"

    def __init__(self, settings: GuardSettings) -> None:
        super().__init__(settings.mode_loss_after)
        self._fraction = settings.mode_loss_fraction
        self.memory |= {"most": 0}

    def look(self, num_found: int, kind: str) -> str | None:
        """Take in an evaluation; ``kind`` is what is counted, in words."""
        most = self.memory["most"] = max(self.memory["most"], num_found)
        if not self._count(cause=num_found < self._fraction * most):
            return None
        return f"{num_found} of the {most} {kind} found before are left, at {self.num_needed} evaluations in a row"
