"""Whether generated examples are copies of training examples, from their nearest neighbours at the end of a run."""

import math

import numpy as np

from equipoise.reports.pages.findings.finding import Finding
from equipoise.reports.pages.records import RunRecords, column, number_or
from equipoise.reports.pages.words import number


def whether_it_copies(run: RunRecords) -> Finding | None:
    """From the distances to the nearest training example, beside those that training examples have to one another.

    Median below a third of that: copies. Else none seen.
    """
    found = run.neighbours
    listed = found.get("distances")
    distances = column([{"one": each} for each in listed] if isinstance(listed, list) else [], "one")
    typical = number_or(found.get("typical"))
    distances = distances[np.isfinite(distances)]
    if not len(distances) or not math.isfinite(typical) or typical <= 0:
        return None
    middle, question = float(np.median(distances)), "Does it copy training examples?"
    words = (
        f"The nearest training example is at distance {number(middle)} (median of {len(distances)}); training examples "
        f"are at {number(typical)} from one another."
    )
    if middle < typical / 3:
        advice = "Take more data, a smaller discriminator, or R1, and look at the neighbours below"
        return Finding(question, "plain", "Samples are copies, or nearly", words, advice)
    return Finding(question, "good", "No copies were seen", words)
