"""Whether modes or classes died, where they are counted."""

import math

import numpy as np

from equipoise.reports.pages.findings.finding import Finding, Tone
from equipoise.reports.pages.findings.proposals import again
from equipoise.reports.pages.records import RunRecords, column, nested, number_or
from equipoise.reports.pages.words import percent

_KNOWN_MODES = {"ring": 8, "grid": 25}
_TEN_CLASSES = ("digits", "mnist", "cifar10")


def what_was_found(run: RunRecords) -> Finding | None:
    """From the number of modes or classes: against all there are, where that is known, and the most found so far."""
    for kind in ("modes", "classes"):
        counts = column(run.evaluations, "values", kind)
        counts = counts[np.isfinite(counts)]
        if len(counts) > 1:
            return _coverage(run, kind, int(counts[-1]), int(counts.max()))
    return None


def _coverage(run: RunRecords, kind: str, last: int, most: int) -> Finding:
    question, total = f"Did {kind} die?", _number_of(run, kind)
    good = number_or(nested(run.evaluations[-1], "values", "high_quality"))
    shares = f" {percent(good)} of the samples are of high quality." if math.isfinite(good) else ""
    advice = "Try the relativistic paired objective with R1 and R2, the most forgiving about modes"
    retry = again(run, "--game.objective relativistic-paired --game.penalty r1-r2")
    if last < most:
        tone: Tone = "bad" if last <= 0.5 * most else "plain"
        words = f"{last} of the {most} found before are left at the end.{shares}"
        return Finding(question, tone, f"{kind.capitalize()} were lost", words, advice, retry)
    if total and last < total:
        words = f"{last} of {total} at the end.{shares}"
        return Finding(question, "plain", f"Not all {kind} were found", words, advice, retry)
    return Finding(question, "good", f"All {kind} are there", f"{last} at the end.{shares}")


def _number_of(run: RunRecords, kind: str) -> int | None:
    if kind == "modes":
        return _KNOWN_MODES.get(str(run.setting("data.source")))
    return 10 if run.setting("evaluation.features") in _TEN_CLASSES else None
