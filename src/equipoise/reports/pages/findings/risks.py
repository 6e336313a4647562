"""Whether an adapted classifier came to anything: the course of the risk that judges it.

A risk may lie below 0, so it is compared by differences, in units of what it fell in all, and not by ratios.
"""

from equipoise.reports.pages.findings.finding import CONVERGED, Finding
from equipoise.reports.pages.findings.proposals import again, rates, typed
from equipoise.reports.pages.records import RunRecords, Vector
from equipoise.reports.pages.words import number, steps_text

_FELL, _AGAIN = 0.01, 0.1
"""A fall in units of the risk (nats, or a fraction) that is none, and the part of it whose loss is a rise."""


def course_of_risk(run: RunRecords, label: str, steps: Vector, values: Vector) -> Finding:
    """From the values of the rule that judges checkpoints; the one before the first step is where it starts.

    >>> import numpy as np
    >>> from pathlib import Path
    >>> run = RunRecords(Path("runs/moons"), {})
    >>> course_of_risk(run, "risk", np.array([0.0, 10, 20]), np.array([0.0, -2.2, -2.18])).headline
    'It learned, and settled'
    """
    best = int(values[1:].argmin()) + 1
    first, lowest, last = float(values[0]), float(values[best]), float(values[-1])
    words = f"The {label} was {number(first)} at first, {number(lowest)} at best ({steps_text(steps[best])})"
    if first - lowest < _FELL:
        words += f", {number(last)} at the end."
        return Finding(
            CONVERGED, "bad", "It did not learn", words, "Lower both rates", again(run, rates(run, 0.25, 0.25))
        )
    if last - lowest > _AGAIN * (first - lowest):
        words += f", {number(last)} at the end. The best checkpoint is the one that is applied."
        return Finding(
            CONVERGED,
            "plain",
            "It got worse again",
            words,
            "Let the rates of the next run decay",
            again(run, "--disc.schedule.decay linear --gen.schedule.decay linear"),
        )
    words += f", {number(last)} at the end. No rule without labels of the target can promise that it is right."
    return Finding(CONVERGED, "good", "It learned, and settled", words, "Probe the features", typed("evaluate", run))
