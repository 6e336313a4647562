"""Whether one player wins, and whether the losses stay in bounds: each against its ideal value."""

import numpy as np

from equipoise.reports.pages.findings.finding import BOUNDS, WINNING, Finding
from equipoise.reports.pages.findings.proposals import again, penalty, rates
from equipoise.reports.pages.records import RunRecords, column
from equipoise.reports.pages.words import number

_HUGE = 100.0


def who_wins(run: RunRecords) -> Finding | None:
    """From the discriminator's loss over its ideal value V*, in the last quarter of the records.

    Under a tenth of V*: it has won. Under a half: far ahead. Above 1.05: it loses. Within a hundredth of V* while the
    distance is over half of the first: it sees nothing. Elsewhere neither wins. Where V* is 0 (Wasserstein), the loss
    itself is an estimate of minus the distance.
    """
    losses, gaps = column(run.metrics, "disc_loss"), column(run.metrics, "disc_gap")
    told = np.isfinite(losses) & np.isfinite(gaps)
    if run.is_between_points or told.sum() < 4:
        return None
    losses, ideal = losses[told], float(np.median((losses - gaps)[told]))
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
        losses, gaps = column(run.metrics, f"{player}_loss"), column(run.metrics, f"{player}_gap")
        losses, gaps = losses[np.isfinite(losses)], gaps[np.isfinite(losses)]
        if len(losses) < 4 or run.is_between_points:
            continue
        late, ideals = float(np.median(np.abs(losses[-(len(losses) // 4) :]))), (losses - gaps)[np.isfinite(gaps)]
        if late > _HUGE * max(1.0, abs(float(np.median(ideals))) if len(ideals) else 1.0):
            words = f"That of the {name} was {number(late)} in the last quarter of the run."
            change = _exploded_rates(run)
            return Finding(BOUNDS, "bad", "The losses exploded", words, *change)
    return None


def _exploded_rates(run: RunRecords) -> tuple[str, str]:
    return "Lower both rates by a factor of ten or more", again(run, rates(run, 0.1, 0.1))


def _balance(run: RunRecords, share: float, words: str) -> Finding:
    if share < 0.1:
        words += " The generator learns nothing from such a judge."
        advice, change = "Slow the discriminator, or bound its slope", rates(run, 0.25, 1.0) + penalty(run)
        return Finding(WINNING, "bad", "The discriminator has won", words, advice, again(run, change))
    if share < 0.5:
        advice, change = (
            "Let its rate follow the gap, or bound its slope",
            "--disc.schedule.gap exponential" + penalty(run),
        )
        return Finding(WINNING, "plain", "The discriminator is far ahead", words, advice, again(run, change))
    if share > 1.05:
        advice = "Raise the discriminator's rate, or let it play more often"
        return Finding(
            WINNING,
            "plain",
            "The generator is ahead",
            f"{words} A coin would judge as well.",
            advice,
            again(run, rates(run, 2.0, 1.0)),
        )
    if share > 0.99 and _is_far(run):
        advice = "Give it more width, or a larger rate"
        return Finding(
            WINNING,
            "plain",
            "The discriminator sees no difference, though there is one",
            words,
            advice,
            again(run, rates(run, 4.0, 1.0)),
        )
    return Finding(WINNING, "good", "Neither player wins", words)


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
