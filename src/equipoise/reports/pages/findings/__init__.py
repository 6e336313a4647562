"""What the records of a run mean, in words: each rule a pure function of the records, with what to do about it.

    how_it_ended           complete, stopped, diverged, failed, or not ended
    whether_it_converged   the distance: did it fall, settle, rise again?
    where_it_went          of a game between points: towards the equilibrium, around it, or away
    whether_losses_exploded  either loss against its ideal value
    who_wins               the discriminator's loss against its ideal value
    whether_domains_are_told_apart  of a domain-adversarial game, in its place
    what_was_found         modes or classes
    whether_it_copies      the nearest training examples
    what_the_noise_says    the gradient noise scale against the batch size
    what_the_guard_saw     events

A rule gives None where the records do not tell. None of them knows the truth: its thresholds stand in its docstring,
and its sentences name the numbers that they are drawn from.
"""

from collections.abc import Callable

from equipoise.reports.pages.findings.balance import whether_losses_exploded, who_wins
from equipoise.reports.pages.findings.confusion import whether_domains_are_told_apart
from equipoise.reports.pages.findings.convergence import label_of, radii, where_it_went, whether_it_converged
from equipoise.reports.pages.findings.copying import whether_it_copies
from equipoise.reports.pages.findings.coverage import what_was_found
from equipoise.reports.pages.findings.ending import OUTCOMES, how_it_ended, what_the_guard_saw
from equipoise.reports.pages.findings.finding import BOUNDS, CONFUSION, ENDING, WINNING, Finding, Tone
from equipoise.reports.pages.findings.noise import what_the_noise_says
from equipoise.reports.pages.records import RunRecords

__all__ = ["OUTCOMES", "Finding", "findings", "label_of", "next_steps", "radii", "verdict"]

RULES: tuple[Callable[[RunRecords], Finding | None], ...] = (
    *(how_it_ended, whether_it_converged, where_it_went, whether_losses_exploded, who_wins),
    *(whether_domains_are_told_apart, what_was_found, whether_it_copies, what_the_noise_says, what_the_guard_saw),
)
_TONES: tuple[Tone, ...] = ("bad", "plain", "good")


def findings(run: RunRecords) -> list[Finding]:
    """Everything that the rules find, in the order in which a person asks."""
    return [found for rule in RULES if (found := rule(run)) is not None]


def verdict(found: list[Finding]) -> tuple[Tone, str]:
    """All findings in one line: the headlines of the worst, or where all is well how it went and who won."""
    tone = next(tone for tone in _TONES if any(each.tone == tone for each in found))
    heads = [each.headline for each in found if each.tone == tone and (each.question != ENDING or tone != "good")]
    first, *others = heads[:2] or [found[0].headline]
    return tone, "; ".join([first, *(other[0].lower() + other[1:] for other in others)])


def next_steps(found: list[Finding]) -> list[Finding]:
    """What to do, most pressing first, at most three; where something is bad, what is said of that alone."""
    asked = [each for each in found if each.advice]
    bad = [each for each in asked if each.tone == "bad"]
    return sorted(bad or asked, key=_urgency)[:3]


def _urgency(finding: Finding) -> tuple[int, ...]:
    """Smaller is more urgent: what losses and balance explain comes first, what the run itself proposes last."""
    return _TONES.index(finding.tone), finding.question == ENDING, finding.question not in (BOUNDS, WINNING, CONFUSION)
