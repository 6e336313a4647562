"""A claim put to the test: every arm tuned on seeds of its own, its best configuration compared on fresh ones.

Both stages live in one study folder. A claim is directed, so that its test is one-sided; it is a conjunction of
contrasts, each of which has to hold at 5 % by itself (an intersection-union test, which needs no correction). With five
seeds the one-sided sign-flip test can just be passed: p = 1/32 where all five differences agree.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from equipoise.config import RunSettings
from equipoise.core.errors import UserError
from equipoise.studies.batch_size_study import Play
from equipoise.studies.comparison.arms import Arm, check_arms, protocol_of
from equipoise.studies.comparison.budget import Budget
from equipoise.studies.comparison.comparison import Pair
from equipoise.studies.comparison.paired import Paired
from equipoise.studies.comparison.played import played_runs
from equipoise.studies.comparison.results import with_ends, write_results
from equipoise.studies.comparison.searched import (
    Searched,
    by_configuration,
    candidates_table,
    searched,
    searches_table,
)
from equipoise.studies.comparison.significance import sign_flip_p
from equipoise.studies.comparison.study import CompareStudy
from equipoise.studies.comparison.tables import Cell, Table
from equipoise.studies.engine import Standings
from equipoise.studies.folder import FINISHED, Status, StudyFolder, ToTheEnd
from equipoise.studies.plan import PlannedRun, content, distinct

SEARCH_SEED = 1000
"""The first seed of the search; those of the comparison begin at the settings' own."""
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
        verdict: supported at 5 %, not supported where the contrary is shown at 5 %, else undecided.
    """

    better: str
    worse: str
    says: str
    p: float | None
    opposite_p: float | None

    @property
    def verdict(self) -> Verdict:
        """See above."""
        if self.p is not None and self.p <= LEVEL:
            return "supported"
        return "not supported" if self.opposite_p is not None and self.opposite_p <= LEVEL else "undecided"


def judge(pair: Paired, says: str) -> Judged:
    """The claim that the first arm of ``pair`` is better."""
    if pair.p is None:
        return Judged(pair.first, pair.second, says, None, None)
    ps = (sign_flip_p(pair.differences, alternative) for alternative in ("less", "greater"))
    return Judged(pair.first, pair.second, says, *ps)


def overall(judged: Sequence[Judged]) -> Verdict:
    """Of all contrasts together: supported if all are, not supported if one is contradicted.

    >>> overall([Judged("a", "b", "", 0.01, 0.99), Judged("a", "c", "", 0.2, 0.8)])
    'undecided'
    """
    verdicts = {one.verdict for one in judged}
    if "not supported" in verdicts:
        return "not supported"
    return "supported" if verdicts == {"supported"} else "undecided"


class StatedContrast(Protocol):
    """A contrast in the words of a recipe."""

    @property
    def better(self) -> str: ...  # noqa: D102
    @property
    def worse(self) -> str: ...  # noqa: D102
    @property
    def says(self) -> str: ...  # noqa: D102


class StatedClaim(Protocol):
    """A claim in the words of a recipe, which this room does not import."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def says(self) -> str: ...  # noqa: D102
    @property
    def contrasts(self) -> Sequence[StatedContrast]: ...  # noqa: D102
    @property
    def search_seeds(self) -> int: ...  # noqa: D102


@dataclass(frozen=True)
class ClaimStudy:
    """One claim.

    Attributes:
        name: of the claim.
        says: it, a sentence.
        arms: candidates by arm, each by what tells it from the others.
        contrasts: (better, worse, what that shows).
        budget: of every run.
        search_seeds: runs of each candidate.
        num_seeds: fresh runs of each arm's best.

    Raises:
        UserError: the arms cannot be compared.
    """

    name: str
    says: str
    arms: Mapping[str, Mapping[str, RunSettings]]
    contrasts: tuple[tuple[str, str, str], ...]
    budget: Budget
    search_seeds: int = 1
    num_seeds: int = 5

    def __post_init__(self) -> None:
        if len(self.arms) < 2 or not self.contrasts:
            raise UserError(f"Claim {self.name!r} compares two of its arms or more; name two that it contrasts.")
        first = [Arm(name, next(iter(candidates.values()))) for name, candidates in self.arms.items()]
        for position, arm in enumerate(first):
            for other in first[:position]:
                if arm.settings != other.settings:  # the first of a grid and of its diagonal may be one
                    check_arms((other, arm))

    @classmethod
    def of(
        cls, claim: "StatedClaim", arms: Mapping[str, Mapping[str, RunSettings]], gradients: int, num_seeds: int
    ) -> "ClaimStudy":
        """The study of a claim as `equipoise.recipes.claims` state it, with those of its arms that are to be played."""
        contrasts = tuple((one.better, one.worse, one.says) for one in claim.contrasts)
        held = tuple(one for one in contrasts if one[0] in arms and one[1] in arms)
        budget = Budget("gradients", gradients)
        return cls(claim.name, claim.says, arms, held, budget, claim.search_seeds, num_seeds)

    @property
    def identity(self) -> dict[str, Any]:
        """What makes two studies the same one; arms and seeds may be added."""
        return {"kind": "claim", "claim": self.name, "budget": asdict(self.budget), **protocol_of(self._any)}

    @property
    def _any(self) -> RunSettings:
        return next(iter(next(iter(self.arms.values())).values()))

    def search_runs(self) -> list[PlannedRun]:
        """The search, seed by seed; a configuration that several arms try is there once for each."""
        return [
            PlannedRun(
                self.budget.given_to(settings).model_copy(update={"seed": SEARCH_SEED + seed}),
                {"arm": arm, "candidate": label, "seed": SEARCH_SEED + seed},
            )
            for seed in range(self.search_seeds)
            for arm, candidates in self.arms.items()
            for label, settings in candidates.items()
        ]

    def run(self, path: Path, play: Play) -> "ClaimAnswers":
        """Play what is missing in the folder ``path``, analyse all, and write the files of `results`.

        Args:
            path: made where there is none.
            play: plays the runs.

        Raises:
            UserError: the folder holds another study, or a stage has not ended.
        """
        folder = StudyFolder.open(path, self.identity)
        plan = self.search_runs()
        standings = play(folder, ToTheEnd(), distinct(plan))
        found = self._searched(folder, plan, standings, path)
        study = self._comparison(found)
        answers = study.run_in(folder, play)
        pairs = answers.comparison.pairs["final"]
        judged = [judge(pair, says) for pair, (_, _, says) in zip(pairs, self.contrasts, strict=True)]
        best = {arm.name: content(arm.settings) for arm in study.arms}
        same = [(one.better, one.worse) for one in judged if best[one.better] == best[one.worse]]
        results = claim_results(self.says, found, answers.results, judged, same)
        write_results(path, results, answers.comparison, study.runs, answers.standings, answers.played)
        return ClaimAnswers(results, overall(judged), standings | answers.standings, answers.num_left)

    def _searched(
        self, folder: StudyFolder, plan: Sequence[PlannedRun], standings: Standings, path: Path
    ) -> list[Searched]:
        """What tuning found; a configuration of which a run failed (not diverged: failed) cannot be chosen."""
        left = [run for run in plan if standings[run.key].status not in (*FINISHED, Status.FAILED)]
        if left:
            raise UserError(
                f"{len(left)} of {len(plan)} runs of the search have not ended; the same command goes on with '{path}'."
            )
        played = played_runs(folder, plan, ToTheEnd(), self.budget.unit)
        whole = {arm: [one for one in played if one.run.labels["arm"] == arm] for arm in self.arms}
        for arm, runs in whole.items():
            counts = Counter(one.run.labels["candidate"] for one in runs)
            whole[arm] = [one for one in runs if counts[one.run.labels["candidate"]] == self.search_seeds]
            if not whole[arm]:
                raise UserError(f"Runs of every configuration of arm {arm!r} failed; see '{path / 'failures'}'.")
        return [searched(arm, runs, self.budget.amount) for arm, runs in whole.items()]

    def _comparison(self, found: Sequence[Searched]) -> CompareStudy:
        arms = tuple(Arm(one.arm, self.arms[one.arm][one.best]) for one in found)
        pairs = tuple((better, worse) for better, worse, _ in self.contrasts)
        return CompareStudy(arms, self.budget, self.num_seeds, "final", None, pairs)


@dataclass(frozen=True)
class ClaimAnswers:
    """What became of a claim.

    Attributes:
        results: as in ``analysis.json``.
        verdict: of all contrasts together.
        standings: how every run stands, by key.
        num_left: planned runs of the comparison that have not ended.
    """

    results: dict[str, Any]
    verdict: Verdict
    standings: Standings
    num_left: int


def claim_results(
    says: str,
    found: Sequence[Searched],
    compared: dict[str, Any],
    judged: Sequence[Judged],
    same: Sequence[Pair] = (),
) -> dict[str, Any]:
    """The results of a comparison with the search before them and the verdict in front.

    Args:
        says: the claim.
        found: what tuning found, by arm.
        compared: the results of the comparison of the best.
        judged: every contrast.
        same: those of them whose arms came to one configuration.
    """
    distance = compared["distance"]
    verdict = overall(judged)
    rows: list[list[Cell]] = [[one.says, one.better, one.worse, one.p, one.verdict] for one in judged]
    contrasts = Table("The claim", ["claim", "better", "worse", "one-sided p", "verdict"], rows)
    shared = _by_configuration(found, judged)
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
            *(f"{one} and {other} came out of their tuning as the same configuration." for one, other in same),
            *compared["sentences"],
        ],
        "tables": tables,
        "contrasts": [asdict(one) | {"verdict": one.verdict} for one in judged],
        "search": [asdict(one) | {"best": one.best} for one in found],
    }


def _judged_words(one: Judged) -> str:
    if one.p is None:
        return f"That {one.says}: no test with so few seeds."
    contrary = f"; the contrary has {one.opposite_p:.2g}" if one.verdict == "not supported" else ""
    return f"That {one.says}: {one.verdict} (one-sided p = {one.p:.2g}{contrary})."


def _by_configuration(found: Sequence[Searched], judged: Sequence[Judged]) -> list[Table]:
    """How arms that try the same configurations differ over these."""
    arms = {one.arm: one for one in found}
    rows: list[list[Cell]] = []
    for one in judged:
        if together := by_configuration(arms[one.better], arms[one.worse]):
            lower = f"{together.num_lower}/{together.number}"
            rows.append([one.better, one.worse, lower, together.p, with_ends(together.needed)])
    columns = ["first", "second", "first is lower in", "two-sided p", "share of the trials needed (95 %)"]
    return [Table("Configuration by configuration", columns, rows)] if rows else []
