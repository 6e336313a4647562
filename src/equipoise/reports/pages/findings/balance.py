"""Whether one player wins, and whether the losses stay in bounds: each against its ideal value."""

import numpy as np

from equipoise.reports.pages.findings.finding import BOUNDS, WINNING, Finding
from equipoise.reports.pages.findings.proposals import again, penalty, rates
from equipoise.reports.pages.ideals import ideal_of
from equipoise.reports.pages.records import RunRecords, column
from equipoise.reports.pages.words import number

_HUGE = 100.0


def who_wins(run: RunRecords) -> Finding | None:
    """From the discriminator's loss over its ideal value V*, in the last quarter of the records.

    Under a tenth of the ideal: it has won. Under a half: far ahead. Above 1.05: it loses. Within a hundredth of it
    while the distance is over half of the first: it sees nothing. Elsewhere neither wins. Where the ideal is 0
    (Wasserstein), the loss itself is an estimate of minus the distance. Two domains are not told apart by these rules.
    """
    ideal = ideal_of(run, "disc")
    losses = run.metric("disc_loss")
    losses = losses[np.isfinite(losses)]
    if run.is_between_points or run.adapts or ideal is None or len(losses) < 4:
        return None
    quarter = len(losses) // 4
    level, before = float(losses[-quarter:].mean()), float(losses[-2 * quarter : -quarter].mean())
    if ideal <= 1e-6:
        return _critic(run, float(losses[:quarter].mean()), level)
    words = (
        f"The discriminator's loss was {number(level)} in the last quarter of the run; its ideal is {number(ideal)}."
    )
    if before - level > 0.05 * ideal:
        words += " Its lead still grows."
    return _balance(run, level / ideal, words)


def whether_losses_exploded(run: RunRecords) -> Finding | None:
    """From either player's loss: its median size in the last quarter over 100, and over 100 times its ideal."""
    for player, name in (("disc", "discriminator"), ("gen", "generator")):
        losses = run.metric(f"{player}_loss")
        losses = losses[np.isfinite(losses)]
        if len(losses) < 4 or run.is_between_points:
            continue
        late = float(np.median(np.abs(losses[-(len(losses) // 4) :])))
        if late > _HUGE * max(1.0, abs(ideal_of(run, player) or 0.0)):
            words = f"That of the {name} was {number(late)} in the last quarter of the run."
            return Finding(BOUNDS, "bad", "The losses exploded", words, *_exploded_rates(run))
    return None


def _exploded_rates(run: RunRecords) -> tuple[str, str]:
    return "Lower both rates by a factor of ten or more", again(run, rates(run, 0.1, 0.1))


def _balance(run: RunRecords, share: float, words: str) -> Finding:
    if share < 0.1:
        return _won(run, words)
    if share < 0.5:
        advice = "Let its rate follow the gap, or bound its slope"
        change = again(run, "--disc.schedule.gap exponential" + penalty(run))
        return Finding(WINNING, "plain", "The discriminator is far ahead", words, advice, change)
    if share > 1.05:
        advice, change = "Raise the discriminator's rate, or let it play more often", again(run, rates(run, 2.0, 1.0))
        words += " A coin would judge as well."
        return Finding(WINNING, "plain", "The generator is ahead", words, advice, change)
    if share > 0.99 and _is_far(run):
        headline = "The discriminator sees no difference, though there is one"
        change = again(run, rates(run, 4.0, 1.0))
        return Finding(WINNING, "plain", headline, words, "Give it more width, or a larger rate", change)
    return Finding(WINNING, "good", "Neither player wins", words)


def _won(run: RunRecords, words: str) -> Finding:
    words += " The generator learns nothing from such a judge."
    change = again(run, rates(run, 0.25, 1.0) + penalty(run))
    advice = "Slow the discriminator, or bound its slope"
    return Finding(WINNING, "bad", "The discriminator has won", words, advice, change)


def _critic(run: RunRecords, early: float, late: float) -> Finding:
    words = (
        f"A Wasserstein critic's loss is minus an estimate of the distance. It went from {number(early)} in the first "
        f"quarter of the run to {number(late)} in the last."
    )
    if abs(late) < 0.8 * abs(early):
        return Finding(WINNING, "good", "The critic's estimate shrinks", words)
    if _fell(run):
        return Finding(WINNING, "good", "The critic sees more, and the distance falls", words)
    advice = "Judge by the distance; let the critic play more often, or go on for longer"
    return Finding(WINNING, "plain", "The critic's estimate does not shrink", words, advice)


def _fell(run: RunRecords) -> bool:
    values = column(run.evaluations, "values", run.judge)
    values = values[np.isfinite(values)]
    return len(values) > 1 and bool(values[-1] < 0.9 * values[0])


def _is_far(run: RunRecords) -> bool:
    values = column(run.evaluations, "values", run.judge)
    values = values[np.isfinite(values)]
    return len(values) > 1 and bool(values[-1] > 0.5 * values[0])
