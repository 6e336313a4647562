"""What becomes of a claim: the verdict on each contrast and on all of them, in words and tables.

A claim is directed, so that its test is one-sided; it is a conjunction of contrasts, each of which has to hold at 5 %
by itself (an intersection-union test, which needs no correction). With five seeds the one-sided sign-flip test can just
be passed: p = 1/32 where all five differences agree. To contradict it one contrary is enough, so that the contraries
are corrected by Holm: with five seeds a claim of two contrasts or more may be undecided, but not contradicted.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from equipoise.studies.comparison.comparison import Pair
from equipoise.studies.comparison.paired import Paired
from equipoise.studies.comparison.results import with_ends
from equipoise.studies.comparison.searched import Searched, by_configuration, candidates_table, searches_table
from equipoise.studies.comparison.significance import holm, sign_flip_p
from equipoise.studies.comparison.words import MORE_SEEDS
from equipoise.studies.interval import Interval
from equipoise.studies.tables import Cell, Table

Verdict = Literal["supported", "not supported", "undecided"]
LEVEL = 0.05


@dataclass(frozen=True)
class Judged:
    """One contrast: ``better`` is claimed to have a lower score than ``worse``.

    Attributes:
        better: name of an arm.
        worse: name of another.
        says: what it would show, in words.
        p: one-sided, that the difference is as much below 0; None for fewer than three seeds.
        opposite_p: the same for the contrary.
        difference: better minus worse, with a 95 % interval.
        num_seeds: that both have played.
        is_clear: whether the test and the difference point to one arm (see `paired.Paired.is_clear`).
        verdict: supported at 5 %, not supported where the contrary is shown at 5 %, else undecided.
    """

    better: str
    worse: str
    says: str
    p: float | None
    opposite_p: float | None
    difference: Interval | None = None
    num_seeds: int = 0
    is_clear: bool = True

    @property
    def verdict(self) -> Verdict:
        """See above."""
        if not self.is_clear:
            return "undecided"
        if self.p is not None and self.p <= LEVEL:
            return "supported"
        return "not supported" if self.opposite_p is not None and self.opposite_p <= LEVEL else "undecided"


def judge(pair: Paired, says: str) -> Judged:
    """The claim that the first arm of ``pair`` is better."""
    p, opposite_p = (
        None if pair.p is None else sign_flip_p(pair.differences, alternative) for alternative in ("less", "greater")
    )
    return Judged(pair.first, pair.second, says, p, opposite_p, pair.difference, len(pair.seeds), pair.is_clear)


def overall(judged: Sequence[Judged], *, is_whole: bool = True) -> Verdict:
    """Of all contrasts together: supported if all are, not supported if one is contradicted after Holm's correction.

    Args:
        judged: contrasts.
        is_whole: whether the claim says nothing else; one that was played in part cannot be supported.

    >>> overall([Judged("a", "b", "", 0.01, 0.99), Judged("a", "c", "", 0.2, 0.8)])
    'undecided'
    """
    contraries = holm([one.opposite_p if one.is_clear else 1.0 for one in judged if one.opposite_p is not None])
    if min(contraries, default=1.0) <= LEVEL:
        return "not supported"
    return "supported" if is_whole and all(one.verdict == "supported" for one in judged) else "undecided"


def claim_results(
    says: str,
    found: Sequence[Searched],
    compared: dict[str, Any],
    judged: Sequence[Judged],
    same: Sequence[Pair] = (),
    left_out: Sequence[str] = (),
    circumstances: Sequence[str] = (),
    *,
    drawn: bool = False,
) -> dict[str, Any]:
    """The results of a comparison with the search before them and the verdict in front.

    Args:
        says: the claim.
        found: what tuning found, by arm.
        compared: the results of the comparison of the best.
        judged: every contrast.
        same: those of them whose arms came to one configuration.
        left_out: what the claim says besides, and nothing here tests.
        circumstances: sentences on the runs, such as which diverged.
        drawn: whether the configurations of the search are independent draws.
    """
    distance = compared["distance"]
    verdict = overall(judged, is_whole=not left_out)
    rows: list[list[Cell]] = [[one.says, one.better, one.worse, one.p, one.verdict] for one in judged]
    contrasts = Table("The claim", ["claim", "better", "worse", "one-sided p", "verdict"], rows)
    shared = _by_configuration(found, judged, drawn=drawn)
    told = [contrasts, searches_table(found, distance), *shared]
    first, *others = compared["tables"]
    tables = [first, *(table.as_json() for table in told), *others, candidates_table(found, distance).as_json()]
    return compared | {
        "kind": "claim",
        "title": f"{says} At this scale: {verdict}.",
        "verdict": verdict,
        "sentences": [
            f"{says} At this scale: {verdict}.",
            *map(_judged_words, judged),
            *_left_out_words(left_out),
            *_contrary_words(judged, verdict),
            *(f"{one} and {other} came out of their tuning as the same configuration." for one, other in same),
            *_unequal_words(found, judged),
            *circumstances,
            *_more_seeds_words(judged, verdict),
        ],
        "tables": tables,
        "contrasts": [asdict(one) | {"verdict": one.verdict} for one in judged],
        "search": [asdict(one) | {"best": one.best} for one in found],
    }


def _judged_words(one: Judged) -> str:
    if one.p is None:
        return f"That {one.says}: no test with so few seeds."
    contrary = f"; the contrary has {one.opposite_p:.2g}" if one.verdict == "not supported" else ""
    seen = "" if one.difference is None else f"; difference {with_ends(one.difference)}, {one.num_seeds} seeds"
    unclear = "" if one.is_clear else "; but ranks and median do not agree"
    return f"That {one.says}: {one.verdict} (one-sided p = {one.p:.2g}{contrary}{seen}{unclear})."


def _contrary_words(judged: Sequence[Judged], verdict: Verdict) -> list[str]:
    if verdict == "not supported" or all(one.verdict != "not supported" for one in judged):
        return []
    return [
        f"What is not supported by itself is not contradicted after Holm's correction over {len(judged)} contrasts, so "
        f"that the claim stays undecided."
    ]


def _more_seeds_words(judged: Sequence[Judged], verdict: Verdict) -> list[str]:
    open_ = [one for one in judged if one.p is not None and one.verdict != "supported"]
    if verdict != "undecided" or not any(one.difference and one.difference.value for one in open_):
        return []
    return [f"{MORE_SEEDS} As many fresh ones (another --seed) do not."]


def _unequal_words(found: Sequence[Searched], judged: Sequence[Judged]) -> list[str]:
    """Which arms had more chances in their search than those that they are compared with."""
    tried = {one.arm: len(one.tried) for one in found}
    pairs = {(one.better, one.worse) for one in judged if tried[one.better] != tried[one.worse]}
    return [
        f"The search for {better} tried {tried[better]} configurations and that for {worse} {tried[worse]}, so that "
        f"one had more chances; the mean best of {min(tried.values())} in the table of the tuning is at equal ones."
        for better, worse in sorted(pairs)
    ]


def _left_out_words(left_out: Sequence[str]) -> list[str]:
    if not left_out:
        return []
    return [f"The claim as a whole cannot be supported: not played was whether {', or whether '.join(left_out)}."]


def _by_configuration(found: Sequence[Searched], judged: Sequence[Judged], *, drawn: bool) -> list[Table]:
    """How arms that try the same configurations differ over these."""
    arms = {one.arm: one for one in found}
    rows: list[list[Cell]] = []
    for one in judged:
        if together := by_configuration(arms[one.better], arms[one.worse], drawn=drawn):
            lower = f"{together.num_lower}/{together.number}"
            rows.append([one.better, one.worse, lower, together.p, with_ends(together.needed)])
    columns = ["first", "second", "first is lower in", "two-sided p", "share of the trials needed (95 %)"]
    return [Table("Configuration by configuration", columns, rows)] if rows else []
