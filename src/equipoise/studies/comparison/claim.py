"""A claim put to the test: every arm tuned on seeds of its own, its best configuration compared on fresh ones.

Both stages live in one study folder; `judging` says what becomes of the claim.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from equipoise.config import RunSettings
from equipoise.core.errors import RunFailedError, UserError
from equipoise.studies.comparison.arms import Arm, check_arms, protocol_of
from equipoise.studies.comparison.budget import Budget
from equipoise.studies.comparison.comparison import Comparison
from equipoise.studies.comparison.judging import Judged, Verdict, claim_results, judge
from equipoise.studies.comparison.played import played_runs
from equipoise.studies.comparison.results import write_results
from equipoise.studies.comparison.search_figures import with_search_figures
from equipoise.studies.comparison.searched import Searched, searched
from equipoise.studies.comparison.study import CompareStudy
from equipoise.studies.comparison.words import circumstances
from equipoise.studies.engine import Play, Standings
from equipoise.studies.folder import FINISHED, Status, StudyFolder, ToTheEnd
from equipoise.studies.plan import PlannedRun, content, distinct
from equipoise.studies.playable import require_playable

SEARCH_SEED = 1000
"""The first seed of the search; those of the comparison begin at the settings' own."""


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
    @property
    def drawn(self) -> bool: ...  # noqa: D102


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
        left_out: what the claim says besides, of arms that are not played.
        drawn: whether candidates are independent random draws, over which there are intervals.

    Raises:
        UserError: the arms cannot be compared, there is no fresh seed, or one of them is a seed of the search.
    """

    name: str
    says: str
    arms: Mapping[str, Mapping[str, RunSettings]]
    contrasts: tuple[tuple[str, str, str], ...]
    budget: Budget
    search_seeds: int = 1
    num_seeds: int = 5
    left_out: tuple[str, ...] = ()
    drawn: bool = False

    def __post_init__(self) -> None:
        if len(self.arms) < 2 or not self.contrasts:
            raise UserError(f"Claim {self.name!r} compares two of its arms or more; name two that it contrasts.")
        first = [Arm(name, next(iter(candidates.values()))) for name, candidates in self.arms.items()]
        for position, arm in enumerate(first):
            for other in first[:position]:
                if arm.settings != other.settings:  # the first of a grid and of its diagonal may be one
                    check_arms((other, arm))
        self._check_seeds()

    def _check_seeds(self) -> None:
        """Runs that a configuration was chosen by must not be among those that judge it."""
        if self.num_seeds < 1:
            raise UserError(f"--seeds was given as {self.num_seeds}, but must be at least 1.")
        first, search = self._any.seed, range(SEARCH_SEED, SEARCH_SEED + self.search_seeds)
        if first < search.stop and search.start < first + self.num_seeds:
            raise UserError(
                f"Fresh seeds {first} to {first + self.num_seeds - 1} share some with the search, which plays "
                f"{search.start} to {search.stop - 1}; choose a --seed whose seeds lie below or above."
            )

    @classmethod
    def of(
        cls, claim: "StatedClaim", arms: Mapping[str, Mapping[str, RunSettings]], gradients: int, num_seeds: int
    ) -> "ClaimStudy":
        """The study of a claim as `equipoise.recipes.claims` state it, with those of its arms that are to be played."""
        contrasts = tuple((one.better, one.worse, one.says) for one in claim.contrasts)
        held = tuple(one for one in contrasts if one[0] in arms and one[1] in arms)
        left_out = tuple(one[2] for one in contrasts if one not in held)
        budget = Budget("gradients", gradients)
        return cls(claim.name, claim.says, arms, held, budget, claim.search_seeds, num_seeds, left_out, claim.drawn)

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
            UserError: an arm cannot be built, or the folder holds another study, before anything is written.
            RunFailedError: a stage has not ended, or nothing of an arm's search did.
        """
        plan = self.search_runs()
        require_playable(path, plan)
        folder = StudyFolder.open(path, self.identity)
        standings = play(folder, ToTheEnd(), distinct(plan))
        found = self._searched(folder, plan, standings, path)
        study = self._comparison(found)
        answers = study.run_in(folder, play, plan)
        judged = self._judged(answers.comparison)
        best = {arm.name: content(arm.settings) for arm in study.arms}
        same = [(one.better, one.worse) for one in judged if best[one.better] == best[one.worse]]
        said = [*circumstances(answers.comparison), *answers.remarks]
        results = claim_results(self.says, found, answers.results, judged, same, self.left_out, said, drawn=self.drawn)
        results |= with_search_figures(results, found, self._rates(), drawn=self.drawn)
        write_results(path, results, answers.comparison, study.runs, answers.standings, answers.played)
        return ClaimAnswers(results, results["verdict"], standings | answers.standings, answers.num_left)

    def _rates(self) -> dict[str, dict[str, tuple[float, float]]]:
        """Both learning rates of every candidate, by arm."""
        return {
            arm: {label: (one.disc.lr, one.gen.lr) for label, one in candidates.items()}
            for arm, candidates in self.arms.items()
        }

    def _judged(self, found: Comparison) -> list[Judged]:
        """Every contrast; those whose arms have no seed in common yet are not tested."""
        pairs = {(pair.first, pair.second): pair for pair in found.pairs["final"]}
        return [
            judge(pairs[better, worse], says) if (better, worse) in pairs else Judged(better, worse, says, None, None)
            for better, worse, says in self.contrasts
        ]

    def _searched(
        self, folder: StudyFolder, plan: Sequence[PlannedRun], standings: Standings, path: Path
    ) -> list[Searched]:
        """What tuning found; a configuration of which a run failed (not diverged: failed) cannot be chosen."""
        left = [run for run in plan if standings[run.key].status not in (*FINISHED, Status.FAILED)]
        if left:
            raise RunFailedError(
                f"{len(left)} of {len(plan)} runs of the search have not ended; the same command goes on with '{path}'."
            )
        played = played_runs(folder, plan, ToTheEnd(), self.budget.unit)
        whole = {arm: [one for one in played if one.run.labels["arm"] == arm] for arm in self.arms}
        for arm, runs in whole.items():
            counts = Counter(one.run.labels["candidate"] for one in runs)
            whole[arm] = [one for one in runs if counts[one.run.labels["candidate"]] == self.search_seeds]
            if not whole[arm]:
                raise RunFailedError(f"Runs of every configuration of arm {arm!r} failed; see '{path / 'failures'}'.")
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
