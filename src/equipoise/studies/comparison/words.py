"""A comparison in words that a sceptic would accept: the difference, its interval, the test, and what it cannot say.

A pair is *settled* where Holm's p is at most 0.05. Where the interval leaves 0 out but the test does not agree, which
is all that five seeds can give, one arm is *ahead*; else nothing is shown, nor where the median of the differences lies
on one side of 0 and their ranks on the other. Of several pairs none is ahead: one interval or more of six leaves 0 out
in a quarter of the studies in which there is nothing to find.
"""

import math
from collections.abc import Sequence
from typing import Literal

from equipoise.studies.comparison.comparison import Comparison, Summary
from equipoise.studies.comparison.paired import FEWEST, Paired
from equipoise.studies.comparison.power import MOST_SEEDS
from equipoise.studies.comparison.scores import WORDS
from equipoise.studies.comparison.significance import MOST_EXACT, pairs_for_p, smallest_p
from equipoise.studies.interval import Interval
from equipoise.studies.words import interval_words, number, quoted

Decision = Literal["settled", "ahead", "open", "untested"]
LEVEL = 0.05
MORE_SEEDS = (
    "More seeds may be played, but p holds for a number that was fixed before any result: seeds added until it is "
    "small make it too small."
)
MOST_TOLD = 3
"""Pairs up to which each gets its whole sentence; of more, only those between which something is shown."""


def decision(pair: Paired) -> Decision:
    """How far a pair is decided."""
    if pair.adjusted_p is None:
        return "untested"
    if not pair.is_clear:
        return "open"
    if pair.adjusted_p <= LEVEL:
        return "settled"
    low, high = pair.difference.low, pair.difference.high
    leaves_0_out = low is not None and high is not None and (low > 0 or high < 0)
    return "ahead" if pair.num_pairs == 1 and leaves_0_out else "open"


def sentences(found: Comparison, distance: str) -> list[str]:
    """The whole verdict.

    Args:
        found: the comparison.
        distance: its name, such as FD.
    """
    score = f"{WORDS[found.by]} {distance}"
    pairs = found.pairs[found.by]
    said = circumstances(found)
    said += _few(pairs, score) if len(pairs) <= MOST_TOLD else _many(pairs, score)
    return said + _untested(pairs) + _more_seeds(pairs)


def circumstances(found: Comparison) -> list[str]:
    """What has to be known of the runs, whatever they are compared for."""
    return [*_budget(found), *_looks(found), *_diverged(found.arms)]


def pair_sentence(pair: Paired, score: str, num_pairs: int = 1) -> str:
    """One pair.

    Args:
        pair: the comparison.
        score: what was compared, such as final FD.
        num_pairs: compared in all.
    """
    value, state = pair.difference.value, decision(pair)
    names = quoted(pair.first), quoted(pair.second)
    better, worse = names if value < 0 else names[::-1]
    kind = "on average" if pair.is_mean else "in the median"
    if not value:
        return f"{names[0]} and {names[1]} have the same {score} {kind}{_evidence(pair, num_pairs)}."
    size = "infinitely (runs diverged)" if math.isinf(value) else f"by {number(abs(value))} {kind}"
    lead = {
        "settled": f"{better} has a lower {score} than {worse}: {size}",
        "ahead": f"{better} is ahead of {worse} in {score}, which the test alone does not settle: {size}",
        "open": f"Nothing is shown between {better} and {worse} in {score}: {better} is lower {size}",
        "untested": f"{better} is lower than {worse} in {score} {size}",
    }[state]
    return f"{lead}{_evidence(pair, num_pairs)}."


def _evidence(pair: Paired, num_pairs: int) -> str:
    seeds = f"{len(pair.seeds)} seed{'s' * (len(pair.seeds) > 1)}"
    if pair.p is None or pair.adjusted_p is None:
        return f" ({seeds}, no test)"
    test = "sign-flip" if pair.is_mean else "signed-rank"
    p = f"exact {test} p = {pair.p:.2g}" if len(pair.seeds) <= MOST_EXACT else f"{test} p = {pair.p:.2g}"
    if pair.p <= smallest_p(len(pair.seeds)):
        p += f", the smallest that {seeds} can give"
    if num_pairs > 1:
        p += f"; {pair.adjusted_p:.2g} after Holm's correction over {num_pairs} pairs"
    p += "" if pair.is_clear or not pair.difference.value else "; but ranks and median do not agree"
    return f" ({_ends(pair)}; paired, {seeds}; {p})"


def _ends(pair: Paired) -> str:
    """The interval of the better arm's lead."""
    sign = -1 if pair.difference.value < 0 else 1
    low, high = pair.difference.low, pair.difference.high
    if low is None or high is None:
        return "no interval of a median with so few seeds"
    return f"95 % interval {interval_words(Interval(0.0, *sorted((sign * low + 0.0, sign * high + 0.0))))}"


def _outlook(pair: Paired, state: Decision, num_pairs: int) -> str:
    """How many seeds would settle it."""
    if state in ("settled", "untested") or not pair.difference.value:
        return ""
    least = pairs_for_p(LEVEL / num_pairs)
    if not pair.is_mean:
        return f" Fewer than {least} seeds cannot settle it." if len(pair.seeds) < least else ""
    if pair.seeds_needed is None:
        return f" A difference so small would take more than {MOST_SEEDS:,} seeds to show."
    more = f" If the true difference is as large, {pair.seeds_needed} seeds would show it with a power of 80 %"
    if pair.detectable is None:
        return f"{more}; fewer than {least} can show none."
    return f"{more}; {len(pair.seeds)} show one of {number(pair.detectable)} or more."


def _few(pairs: Sequence[Paired], score: str) -> list[str]:
    return [pair_sentence(pair, score, len(pairs)) + _outlook(pair, decision(pair), len(pairs)) for pair in pairs]


def _many(pairs: Sequence[Paired], score: str) -> list[str]:
    told = [pair for pair in pairs if decision(pair) == "settled"]
    said = [pair_sentence(pair, score, len(pairs)) for pair in sorted(told, key=lambda pair: pair.p or 0.0)]
    left = [f"{quoted(pair.first)} and {quoted(pair.second)}" for pair in pairs if decision(pair) == "open"]
    said += [f"Nothing is shown between {', '.join(left)}; the table has their differences."] if left else []
    least, seeds = pairs_for_p(LEVEL / len(pairs)), max(len(pair.seeds) for pair in pairs)
    if seeds < least:
        said.append(
            f"Of {len(pairs)} pairs none can be settled with fewer than {least} seeds; compare fewer pairs, or play "
            f"more."
        )
    return said


def _budget(found: Comparison) -> list[str]:
    if found.budget.amount >= found.asked.amount * (1 - 1e-9):
        return []
    if found.asked.unit != "seconds":
        return [f"The arms are compared at {found.budget}, the whole rounds that {found.asked} buy every arm."]
    return [
        f"The arms are compared at {found.budget}, because a run ended there, before it had spent {found.asked}; give "
        f"that arm more --training.steps."
    ]


def _looks(found: Comparison) -> list[str]:
    """Arms that were measured more often have a lower least distance by that alone; runs that diverged ended early."""
    looks: dict[str, int] = {}
    for one in found.scores:
        if one.run.is_lost(found.budget.amount):
            continue
        measured = sum(cost <= found.budget.amount for cost in one.run.costs)
        looks[one.run.arm] = max(looks.get(one.run.arm, 0), measured)
    if not looks:
        return []
    few, many = min(looks, key=looks.__getitem__), max(looks, key=looks.__getitem__)
    if looks[many] - looks[few] <= 1:
        return []
    return [
        f"{quoted(many)} was measured {looks[many]} times within the budget and {quoted(few)} {looks[few]} times, so "
        f"that best and mean on the way cannot be compared; set --evaluation.every so that they agree."
    ]


def _diverged(arms: Sequence[Summary]) -> list[str]:
    lost = [f"{arm.num_diverged} of {arm.num_runs} of {quoted(arm.name)}" for arm in arms if arm.num_diverged]
    if not lost:
        return []
    return [f"Runs that diverged, counted as worse than any other: {', '.join(lost)}."]


def _more_seeds(pairs: Sequence[Paired]) -> list[str]:
    """How seeds may be added where they would settle something."""
    if not any(decision(pair) in ("ahead", "open") and pair.difference.value for pair in pairs):
        return []
    return [f"{MORE_SEEDS} As many fresh ones (another --seed and --out) do not."]


def _untested(pairs: Sequence[Paired]) -> list[str]:
    few = [pair for pair in pairs if pair.p is None]
    if not few:
        return []
    return [f"No test is made with fewer than {FEWEST} seeds; {pairs_for_p(LEVEL)} are the fewest that can settle one."]
