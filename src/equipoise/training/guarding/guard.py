"""The guard: watches a run for trouble, and says what the settings want done about it.

It reads nothing from the device itself. The loop hands it what was read anyhow, at the cadence of the records:

    nonfinite  losses of every round since the last look; weights, optimiser states and the last gradients as they are
               now. Looked for at every logging and before every evaluation, picture and checkpoint, so within
               ``log_every`` rounds.
    disc_wins  at every logging; found after ``disc_wins_after`` intervals in a row.
    blow_up, mode_loss  at every evaluation; found after ``blow_up_after`` and ``mode_loss_after`` of them in a row.

The state is plain numbers and part of every checkpoint, so that a resumed run finds what the uninterrupted one does.
"""

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from equipoise.config.guard import GuardSettings, Policy
from equipoise.core.words import listed
from equipoise.training.guarding.detectors import BlowUp, Detector, DiscWins, ModeLoss
from equipoise.training.guarding.probe import Probe

COVERAGES = ("modes", "classes")
DISTANCES = {"fd": math.inf, "jsd4": 1.0}
"""Values of an evaluation whose blow-up is looked for, of images and points or of text, and the most they can be."""


@dataclass(frozen=True)
class Finding:
    """Trouble.

    Attributes:
        detector: the name of its setting.
        policy: what is to be done.
        words: what was seen, a clause without full stop.
    """

    detector: str
    policy: Policy
    words: str


class Guard:
    """The detectors of a run, and the memory of what they found.

    Args:
        settings: the policies.
        ideal_disc_loss: what the discriminator's loss is to stay near, or None.

    Attributes:
        num_rollbacks: how often the run went back.
        rate_factor: what both players' rates are multiplied by since.
        good_step: the newest checkpoint made while nothing that stops the run or rolls it back gave cause.
        num_events: lines of the events' record.
    """

    def __init__(self, settings: GuardSettings, ideal_disc_loss: float | None) -> None:
        self.settings = settings
        self._disc_wins = DiscWins(settings, ideal_disc_loss)
        self._blow_up, self._mode_loss = BlowUp(settings), ModeLoss(settings)
        self.num_rollbacks, self.rate_factor, self.good_step, self.num_events = 0, 1.0, 0, 0
        self._last_target: int | None = None
        self._is_broken = False
        self._warnings: list[str] = []

    @property
    def _detectors(self) -> list[Detector]:
        return [self._disc_wins, self._blow_up, self._mode_loss]

    def policy(self, name: str) -> Policy:
        """What the settings want done about a kind of trouble."""
        policy: Policy = getattr(self.settings, name)
        return policy

    def after_probe(self, seen: Probe) -> list[Finding]:
        """Trouble with numbers that are not finite."""
        was_broken, self._is_broken = self._is_broken, bool(seen.broken)
        if not seen.broken or (was_broken and self.policy("nonfinite") == "warn"):
            return []
        verb = "is" if len(seen.broken) == 1 and not seen.broken[0].endswith("s") else "are"
        return self._finding("nonfinite", f"{listed(seen.broken)} {verb} not finite")

    def after_log(self, disc_loss: float, gen_gradient: float) -> list[Finding]:
        """Trouble that shows in the numbers of a logging interval."""
        return self._found(self._disc_wins, self._disc_wins.look(disc_loss, gen_gradient))

    def after_evaluation(self, values: Mapping[str, Any]) -> list[Finding]:
        """Trouble that shows in the values of an evaluation; those of other names are passed over."""
        findings = []
        for name, largest in DISTANCES.items():
            if name in values:
                findings += self._found(self._blow_up, self._blow_up.look(values[name], largest))
        for kind in COVERAGES:
            if kind in values:
                findings += self._found(self._mode_loss, self._mode_loss.look(values[kind], kind))
        return findings

    def _found(self, detector: Detector, words: str | None) -> list[Finding]:
        again = detector.memory["in_a_row"] > detector.num_needed
        if words is None or (again and self.policy(detector.name) == "warn"):
            return []
        return self._finding(detector.name, words)

    def _finding(self, name: str, words: str) -> list[Finding]:
        policy = self.policy(name)
        return [] if policy == "ignore" else [Finding(name, policy, words)]

    def note_warning(self, sentence: str) -> None:
        """Remember that the run was warned of, for its ending."""
        self._warnings.append(sentence)

    def note_checkpoint(self, step: int) -> None:
        """Note that a checkpoint of ``step`` is about to be made; call it before the state is taken."""
        acting = [detector for detector in self._detectors if self.policy(detector.name) in ("stop", "rollback")]
        if all(detector.is_quiet for detector in acting):
            self.good_step = step

    @property
    def may_go_back(self) -> bool:
        """Whether the run has a rollback left."""
        return self.num_rollbacks < self.settings.max_rollbacks

    def targets(self) -> list[int]:
        """Steps not after which a checkpoint to go back to is to be looked for, the first choice first.

        Where the last rollback went to the same one without getting past it, an older one is better, if there is one.
        """
        again = self._last_target == self.good_step and self.good_step > 0
        return [self.good_step - 1, self.good_step] if again else [self.good_step]

    def go_back(self, state: dict[str, Any], step: int) -> None:
        """Take up the state of the checkpoint of ``step``, but not its memory of rollbacks, warnings and events."""
        kept = self.state_dict()
        self.load_state_dict({**state, **{name: kept[name] for name in ("num_events", "warnings")}})
        self.num_rollbacks = kept["num_rollbacks"] + 1
        self.rate_factor = kept["rate_factor"] * self.settings.rollback_rate
        self.good_step = self._last_target = step

    @property
    def summary(self) -> str:
        """What a person should know of at the end of the run; empty if that is nothing."""
        parts = []
        if self.num_rollbacks:
            times = "once" if self.num_rollbacks == 1 else f"{self.num_rollbacks} times"
            parts.append(f"It went back {times}, and plays at {self.rate_factor:g} of its rates since.")
        if self._warnings:
            times = "once" if len(self._warnings) == 1 else f"{len(self._warnings)} times, first"
            parts.append(f"The guard warned {times}: {self._warnings[0]}")
        return " ".join(parts)

    def state_dict(self) -> dict[str, Any]:
        """All that the guard remembers: plain numbers and words."""
        return {
            "num_rollbacks": self.num_rollbacks,
            "rate_factor": self.rate_factor,
            "good_step": self.good_step,
            "num_events": self.num_events,
            "last_target": self._last_target,
            "is_broken": self._is_broken,
            "warnings": list(self._warnings),
            "detectors": {detector.name: copy.deepcopy(detector.memory) for detector in self._detectors},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state; the empty one of a run that had no guard is that of a new one."""
        fresh = Guard(self.settings, None).state_dict()
        state = {**fresh, **state}
        self.num_rollbacks, self.rate_factor = state["num_rollbacks"], state["rate_factor"]
        self.good_step, self.num_events = state["good_step"], state["num_events"]
        self._last_target, self._is_broken = state["last_target"], state["is_broken"]
        self._warnings = list(state["warnings"])
        for detector in self._detectors:
            detector.memory = {**fresh["detectors"][detector.name], **state["detectors"].get(detector.name, {})}
