"""The search from its folder to its answers: trials wave by wave, then the best of them on fresh seeds.

The value that a search has found is the least of many and so too good; what is reported of a configuration is what it
gives on seeds that no trial has seen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from equipoise.core.errors import RunFailedError, UserError
from equipoise.studies.engine import Play, Standings
from equipoise.studies.environments import environment_words
from equipoise.studies.folder import FINISHED, Status, StopRule, StudyFolder, ToTheEnd
from equipoise.studies.measured import Measured, measured_runs
from equipoise.studies.plan import PlannedRun, distinct
from equipoise.studies.playable import require_buildable
from equipoise.studies.tuning.findings import Finalist, Findings
from equipoise.studies.tuning.heat_map import ONE_RATE, HeatMap, heat_maps
from equipoise.studies.tuning.optuna_search import OptunaSearch, import_optuna
from equipoise.studies.tuning.other_study import OtherStudy
from equipoise.studies.tuning.plan import Trial, TunePlan
from equipoise.studies.tuning.pruning import NUM_PILOTS, behind_pilots
from equipoise.studies.tuning.results import as_json, write_results
from equipoise.studies.tuning.scores import Scored, best_of, run_score, score_trials
from equipoise.studies.tuning.search import PlannedSearch, Search


@dataclass(frozen=True)
class TuneAnswers:
    """What a search found.

    Attributes:
        results: as in ``analysis.json``.
        findings: what they are made of.
        standings: how every run stands, by key.
        num_left: runs that were handed out and have not ended.
    """

    results: dict[str, Any]
    findings: Findings
    standings: Standings
    num_left: int


@dataclass
class TuneStudy:
    """One search.

    Attributes:
        plan: its arms and trials.
        workers: runs at a time; an adaptive sampler asks for as many trials before it is told of one.
        against: another search to compare with.
    """

    plan: TunePlan
    workers: int = 1
    against: OtherStudy | None = None
    _standings: Standings = field(default_factory=dict, init=False)
    _behind: StopRule | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        if self.plan.prune and self.plan.num_trials <= NUM_PILOTS:
            raise UserError(
                f"--prune has nothing to give up among {self.plan.num_trials} trials: the first {NUM_PILOTS} of each "
                f"arm are played to their end; leave it out, or give more --trials."
            )

    def check(self) -> None:
        """Refuse what cannot work before a folder is made.

        A sampler has to be installed; every arm, and with it each of its choices, has to be built.

        Raises:
            UserError: so it is.
        """
        if not self.plan.known:
            import_optuna()
        require_buildable(
            arm.space.apply(arm.settings, values) for arm in self.plan.arms for values in arm.space.samples()
        )

    def run(self, path: Path, play: Play) -> TuneAnswers:
        """Play what is missing in the folder ``path``, analyse all, and write the files.

        Args:
            path: made where there is none.
            play: plays the runs.

        Raises:
            UserError: the folder holds another study.
            RunFailedError: no trial has ended.
        """
        if self.against:
            self.against.refuse_unlike(self.plan.alike)
        folder = StudyFolder.open(path, self.plan.identity)
        search = self._search(folder)
        is_over = self._play_waves(folder, search, play)
        trials = search.trials()
        scored = self._scored(folder, trials)
        if not scored:
            raise RunFailedError(f"No trial has ended yet; the same command goes on with '{path}'.")
        maps = heat_maps(self.plan, scored)
        finalists = self._finalists(folder, self._chosen(scored, maps), play) if is_over else []
        findings = Findings(self.plan, tuple(scored), tuple(finalists), maps, self.against)
        if self.against:
            self.against.refuse_unlike({"judge": findings.judge})
        results = as_json(findings)
        chosen = [one.searched.trial for one in finalists]
        runs = [*self._runs(trials, self.plan.seeds), *self._runs(chosen, self.plan.fresh_seeds)]
        results["sentences"] += environment_words(folder, runs)
        write_results(path, results, findings)
        num_left = sum(standing.status not in FINISHED for standing in self._standings.values())
        return TuneAnswers(results, findings, self._standings, num_left)

    def _search(self, folder: StudyFolder) -> Search:
        if self.plan.known:
            return PlannedSearch(self.plan)
        return OptunaSearch(self.plan, folder, self.workers)

    def _play_waves(self, folder: StudyFolder, search: Search, play: Play) -> bool:
        """Play until the search is over; False where it was called back."""
        while wave := search.wave():
            for part in self._pilots_first(wave):
                standings = self._play(folder, self._rule(folder, part), self._runs(part, self.plan.seeds), play)
                if any(standing.status not in FINISHED | {Status.FAILED} for standing in standings.values()):
                    return False
            search.tell(self._scored(folder, wave))
        return True

    def _play(self, folder: StudyFolder, rule: StopRule, runs: Sequence[PlannedRun], play: Play) -> Standings:
        standings = play(folder, rule, runs) if runs else {}
        self._standings |= standings
        return standings

    def _runs(self, trials: Sequence[Trial], seeds: Sequence[int]) -> list[PlannedRun]:
        """Seed by seed within each trial; a configuration that two trials share is run once."""
        return distinct([run for trial in trials for run in trial.runs(seeds)])

    def _pilots_first(self, trials: Sequence[Trial]) -> list[list[Trial]]:
        """Trials by the rule that ends their runs: in one part, or in pilots and all others where some are pruned."""
        is_pilot = [not self.plan.prune or trial.number < NUM_PILOTS for trial in trials]
        parts = [[trial for trial, one in zip(trials, is_pilot, strict=True) if one is kind] for kind in (True, False)]
        return [part for part in parts if part]

    def _rule(self, folder: StudyFolder, part: Sequence[Trial]) -> StopRule:
        """To the end for pilots, and for all where nothing is pruned; else until a run stays behind the pilots."""
        if not self.plan.prune or part[0].number < NUM_PILOTS:
            return ToTheEnd()
        if self._behind is None:
            pilots = [trial for trial in self._search(folder).trials() if trial.number < NUM_PILOTS]
            ended = measured_runs(folder, self._runs(pilots, self.plan.seeds), ToTheEnd())
            self._behind = behind_pilots([run.curve for run in ended]) if ended else ToTheEnd()
        return self._behind

    def _measured(self, folder: StudyFolder, trials: Sequence[Trial]) -> dict[str, Measured]:
        """The search's finished runs, by key."""
        parts = self._pilots_first(trials)
        found = [measured_runs(folder, self._runs(part, self.plan.seeds), self._rule(folder, part)) for part in parts]
        return {run.run.key: run for part in found for run in part}

    def _scored(self, folder: StudyFolder, trials: Sequence[Trial]) -> list[Scored]:
        return score_trials(trials, self.plan.seeds, self._measured(folder, trials), self.plan.score)

    def _chosen(self, scored: Sequence[Scored], maps: Mapping[str, HeatMap]) -> dict[str, Scored]:
        """The trials that are run again on fresh seeds, by what they are the best of."""
        chosen: dict[str, Scored] = {}
        for arm in self.plan.arms:
            mine = [one for one in scored if one.trial.arm == arm]
            best, found = best_of(mine), maps.get(arm.name)
            with_one_rate = best_of(found.diagonal(mine)) if found else None
            if best is not None:
                chosen[arm.name] = best
            if with_one_rate is not None and with_one_rate is not best:
                chosen[f"{arm.name}, {ONE_RATE}"] = with_one_rate
        return chosen

    def _finalists(self, folder: StudyFolder, chosen: Mapping[str, Scored], play: Play) -> list[Finalist]:
        """Play what was chosen on fresh seeds."""
        trials, seeds = [one.trial for one in chosen.values()], self.plan.fresh_seeds
        self._play(folder, ToTheEnd(), self._runs(trials, seeds), play)
        ended = {run.run.key: run for run in measured_runs(folder, self._runs(trials, seeds), ToTheEnd())}
        scores = {key: run_score(run, self.plan.score) for key, run in ended.items()}
        return [
            Finalist(name, one, tuple(scores[run.key] for run in one.trial.runs(seeds) if run.key in scores))
            for name, one in chosen.items()
        ]
