"""How a run ended, and what the guard saw before that."""

from equipoise.reports.pages.findings.finding import ENDING, Finding, Tone
from equipoise.reports.pages.findings.proposals import typed
from equipoise.reports.pages.records import Record, RunRecords, number_or
from equipoise.reports.pages.words import steps_text, times

OUTCOMES: dict[str, tuple[Tone, str]] = {
    "complete": ("good", "Complete"),
    "stopped": ("plain", "Stopped"),
    "diverged": ("bad", "Diverged"),
    "failed": ("bad", "Failed"),
}


def how_it_ended(run: RunRecords) -> Finding:
    """From ``outcome.json``, or the lack of it."""
    if run.ending not in OUTCOMES:
        sentence = f"It is still running, or was killed; the records reach {steps_text(run.last_step)}."
        return Finding(
            ENDING, "plain", "It has not ended", sentence, "If it is not running, go on with it", typed("resume", run)
        )
    tone, headline = OUTCOMES[run.ending]
    words = str(run.outcome.get("sentence") or "").removeprefix(headline).lstrip(": ")
    return Finding(ENDING, tone, headline, words[:1].upper() + words[1:], *_next_of(run.outcome))


def _next_of(outcome: Record) -> tuple[str, str]:
    """Words and command of the last line that the run itself proposed; words alone where none can be typed."""
    lines = [line for line in str(outcome.get("next") or "").splitlines() if ": equipoise " in line]
    if not lines:
        return "", ""
    words, _, typed = lines[-1].partition(": equipoise ")
    if any(word.isalpha() and word.isupper() for word in typed.split()):  # a place for what only the reader knows
        return lines[-1], ""
    return words, f"equipoise {typed}"


def what_the_guard_saw(run: RunRecords) -> Finding | None:
    """From ``events.jsonl``."""
    if not run.events:
        return None
    kinds = {"warn": "warned", "rollback": "went back", "stop": "stopped the run"}
    counts = {words: sum(event.get("done") == kind for event in run.events) for kind, words in kinds.items()}
    done = " and ".join(
        words if words == kinds["stop"] else f"{words} {times(count)}" for words, count in counts.items() if count
    )
    first = run.events[0]
    words = f"First at {steps_text(number_or(first.get('step'), 0))}: {first.get('sentence')}."
    return Finding("What did the guard see?", "bad", f"The guard {done or 'saw something'}", words)
