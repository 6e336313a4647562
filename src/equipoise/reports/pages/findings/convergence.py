"""Whether a run came to anything: the course of its distance, or of its points."""

import math

import numpy as np

from equipoise.core.judges import JUDGES, RISKS
from equipoise.reports.pages.findings.finding import CONVERGED, Finding, Tone
from equipoise.reports.pages.findings.proposals import again, features_for, rates, typed
from equipoise.reports.pages.findings.risks import course_of_risk
from equipoise.reports.pages.records import Record, RunRecords, Vector, column, nested, number_or
from equipoise.reports.pages.words import number, percent, steps_text, times


def whether_it_converged(run: RunRecords) -> Finding | None:
    """From the distances that judge the checkpoints.

    No evaluation a tenth below the first: it did not learn. The last above the best by more than a quarter, and by
    more than the interval where one was recorded: it got worse again. The best of the last quarter of the steps a tenth
    below the best before: it was still improving. Else it settled.
    """
    if run.is_between_points:
        return None
    steps, values = column(run.evaluations, "step"), column(run.evaluations, "values", run.judge)
    measured = np.isfinite(values)
    if not len(values):
        return _unmeasured(run)
    if not measured[-1]:
        return _broken(run, float(steps[-1]))
    if measured.sum() < 3:
        return _too_few(run, int(measured.sum()))
    course = course_of_risk if run.judge in RISKS.values() else _course
    return course(run, label_of(run), steps[measured], values[measured])


def _unmeasured(run: RunRecords) -> Finding:
    words, advice = "Only losses and samples tell.", "Name features to measure the next run in"
    change = again(run, f"--evaluation.features {features_for(run)}")
    return Finding(CONVERGED, "plain", "Nothing was measured", words, advice, change)


def _broken(run: RunRecords, step: float) -> Finding:
    headline = "The network's outputs were not finite" if run.adapts else "Samples were not finite"
    words = f"The last {label_of(run)}, at {steps_text(step)}, is not a number."
    return Finding(CONVERGED, "bad", headline, words, "Lower both rates", again(run, rates(run, 0.25, 0.25)))


def _too_few(run: RunRecords, number_of: int) -> Finding:
    words, change = f"The {label_of(run)} was measured {times(number_of)}.", max(1, run.last_step // 10)
    more = again(run, f"--evaluation.every {change}")
    return Finding(CONVERGED, "plain", "Too few measurements to tell", words, "Measure more often", more)


def _course(run: RunRecords, label: str, steps: Vector, values: Vector) -> Finding:
    best, last = int(np.argmin(values)), float(values[-1])
    lowest, first = float(values[best]), float(values[0])
    fall = f"{label} {number(first)} {'before the first step' if steps[0] == 0 else 'at first'}"
    if lowest > 0.9 * first:
        words = f"{fall}, {number(lowest)} at best, {number(last)} at the end."
        change = again(run, rates(run, 0.25, 0.25))
        return Finding(CONVERGED, "bad", "It did not learn", words, "Lower both rates", change)
    fall += f", {number(lowest)} at best ({steps_text(steps[best])})"
    if last > 1.25 * lowest and last - lowest > _half_width(run):
        return _worse_again(run, fall, float(steps[best]), lowest, last)
    return _learned(run, fall + _beside_the_floor(run, lowest), _late_gain(steps, values))


def _late_gain(steps: Vector, values: Vector) -> float:
    """By what part the last quarter of the steps lowered the best."""
    late = steps > 0.75 * steps[-1]
    before = float(values[~late].min(initial=np.inf))
    return 1 - float(values[late].min()) / before if 0 < before < np.inf else 0.0


def _worse_again(run: RunRecords, fall: str, step: float, lowest: float, last: float) -> Finding:
    words = f"{fall}, {number(last)} at the end: {last / lowest:.1f} times the best."
    advice = "Use the best checkpoint, and let the next run end there, or its rates decay"
    tone: Tone = "bad" if last > 2.5 * lowest else "plain"
    return Finding(CONVERGED, tone, "It got worse again", words, advice, f"{typed('sample', run)} --step {step:.0f}")


def _learned(run: RunRecords, fall: str, gain: float) -> Finding:
    if gain > 0.1:
        words = f"{fall}. The last quarter of the steps lowered the best by {percent(gain)}."
        more = f"{typed('resume', run)} --training.steps {2 * run.last_step}"
        return Finding(CONVERGED, "good", "It learned, and was still improving", words, "Go on for longer", more)
    change = f"lowered the best by {percent(gain)} only" if gain > 0.005 else "no longer lowered the best"
    words = f"{fall}. The last quarter of the steps {change}."
    advice = "One run is one draw: repeat it with another seed before you trust small differences"
    another = again(run, f"--seed {int(number_or(run.setting('seed'), 0)) + 1}")
    return Finding(CONVERGED, "good", "It learned, and settled", words, advice, another)


def where_it_went(run: RunRecords) -> Finding | None:
    """Of a game between points, from the distance to the origin, which is the equilibrium.

    A hundredth of the first distance: it arrived. Under nine tenths: it comes nearer. Over eleven tenths: it ran away.
    """
    if not run.is_between_points:
        return None
    path = radii(run.metrics)
    finite = path[np.isfinite(path)]
    if len(finite) < 2:
        return Finding(CONVERGED, "plain", "Too few records to tell", "")
    first, last = float(finite[0]), float(finite[-1])
    words = f"Distance from the equilibrium: {number(first)} at first, {number(last)} at the end."
    ahead = again(run, "--training.order extragradient")
    if len(finite) < len(path) or last > 1.1 * first:
        return Finding(
            CONVERGED, "bad", "It ran away", words, "Take smaller rates, or an order that looks ahead", ahead
        )
    if last <= 0.01 * first:
        return Finding(CONVERGED, "good", "It arrived", words)
    if last < 0.9 * first:
        more = f"{typed('resume', run)} --training.steps {2 * run.last_step}"
        return Finding(CONVERGED, "good", "It comes nearer", words, "Go on for longer", more)
    return Finding(CONVERGED, "plain", "It circles", words, "Take an order that looks ahead", ahead)


def label_of(run: RunRecords) -> str:
    """What people call the value that judges the run's checkpoints."""
    if run.judge == "fd" and nested(run.evaluations[-1], "protocol", "features") == "inception":
        return "FID"
    return JUDGES.get(run.judge, run.judge)


def radii(metrics: list[Record]) -> Vector:
    """Distance of both players from the origin, in every record of a game between points."""
    return np.array([math.hypot(*_coordinates(record)) for record in metrics])


def _coordinates(record: Record) -> list[float]:
    points = [record.get(f"{player}_point") for player in ("disc", "gen")]
    return [number_or(value) for point in points for value in (point if isinstance(point, list) else [point])]


def _half_width(run: RunRecords) -> float:
    found = nested(run.evaluations[-1], "intervals", run.judge)
    return (number_or(nested(found, "high"), 0.0) - number_or(nested(found, "low"), 0.0)) / 2


def _beside_the_floor(run: RunRecords, value: float) -> str:
    floor = number_or(nested(run.evaluations[-1], "protocol", "floor", run.judge))
    return f", where real text gets {number(floor)}" if math.isfinite(floor) and floor < value else ""
