"""Of a domain-adversarial game: whether the discriminator still tells the domains apart. Confusion is the aim."""

import numpy as np

from equipoise.core.confusion import BEHIND, CONFUSED, SEPARATED
from equipoise.reports.pages.findings.finding import CONFUSION, Finding
from equipoise.reports.pages.findings.proposals import again, rates, typed
from equipoise.reports.pages.ideals import ideal_of
from equipoise.reports.pages.records import RunRecords
from equipoise.reports.pages.words import number, percent


def whether_domains_are_told_apart(run: RunRecords) -> Finding | None:
    """From the discriminator's loss and accuracy in the last quarter of the records.

    Loss over 1.15 of its ideal: it is behind, and its verdict says nothing. Else by accuracy: above 90 % the features
    give the domain away, below 60 % the domains are confused. A bound, of which nobody plays against it, has none.
    """
    if not run.adapts or run.setting("adaptation.baseline") not in (None, "none"):
        return None
    losses, accuracies = run.metric("disc_loss"), run.metric("disc_accuracy")
    told = np.isfinite(losses) & np.isfinite(accuracies)
    ideal = ideal_of(run, "disc")
    if told.sum() < 4 or ideal is None:
        return None
    late = slice(-(int(told.sum()) // 4), None)
    loss, accuracy = float(losses[told][late].mean()), float(accuracies[told][late].mean())
    words = (
        f"In the last quarter of the run it told {percent(accuracy)} of the examples apart, where a coin gets 50 %; "
        f"its loss was {number(loss)}, the ideal {number(ideal)}."
    )
    return _standing(run, accuracy, loss > BEHIND * ideal, words)


def _standing(run: RunRecords, accuracy: float, is_behind: bool, words: str) -> Finding:
    if is_behind:
        words += " The features move faster than it learns, so its verdict says nothing."
        change = "Raise the discriminator's rate", again(run, rates(run, 2.0, 1.0))
        return Finding(CONFUSION, "plain", "The discriminator is behind the features", words, *change)
    if accuracy > SEPARATED:
        words += " Neither the adaptation nor its estimates can be trusted."
        change = "Slow the discriminator, or raise the adversarial weight", again(run, rates(run, 0.25, 1.0))
        return Finding(CONFUSION, "bad", "The features give the domain away", words, *change)
    if accuracy < CONFUSED:
        change = "See whether a fresh discriminator is fooled as well", typed("evaluate", run)
        return Finding(CONFUSION, "good", "The domains are confused, which is the aim", words, *change)
    return Finding(CONFUSION, "good", "The domains are partly confused, as adapted features usually are", words)
