"""Samplers of Optuna over our space, in a journal in the study's folder.

The journal holds what was asked and told, one Optuna study for each arm; what was played lies in run folders as in any
study. A trial that was asked and not told is still to be played, whoever asked: after a kill it is taken up again, and
several processes on one folder share what is open. Every trial is asked with a sampler seeded by its number, so that a
study that was killed asks for what an undisturbed one does.

A diverged trial is told as infinite, which every sampler here ranks last.
"""

import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from equipoise.core.errors import UserError
from equipoise.core.seeding import derived_seed
from equipoise.studies.folder import StudyFolder
from equipoise.studies.tuning.dimensions import Choice, Dimension, Range, Value, Whole
from equipoise.studies.tuning.plan import Arm, Trial, TunePlan
from equipoise.studies.tuning.scores import Scored

if TYPE_CHECKING:
    import optuna

JOURNAL = "optuna.journal"
_NUM_SEEDS = 2**31


class OptunaSearch:
    """One search for each arm, a few trials at a time.

    Args:
        plan: of one of Optuna's samplers.
        folder: of the study.
        workers: runs at a time, of which follows how many trials are asked before one is told.

    Raises:
        UserError: Optuna is not installed.
    """

    def __init__(self, plan: TunePlan, folder: StudyFolder, workers: int) -> None:
        self.plan, self._optuna = plan, import_optuna()
        self._num_open = math.ceil(workers / len(plan.arms))
        self._file = folder.path / JOURNAL
        self._lock = FileLock(folder.path / "locks" / "optuna.lock")
        self._handed_out: set[tuple[str, int]] = set()

    def wave(self) -> list[Trial]:
        """Trials that are open, and as many new ones as there is room for."""
        with self._studies() as studies:
            found = [trial for arm in self.plan.arms for trial in self._wave_of(arm, studies[arm.name])]
        self._handed_out |= {(trial.arm.name, trial.number) for trial in found}
        return found

    def _wave_of(self, arm: Arm, study: "optuna.Study") -> list[Trial]:
        kept = self._kept(study, arm)
        mine = [number for number, one in enumerate(kept) if not one.state.is_finished()]
        mine = [number for number in mine if (arm.name, number) not in self._handed_out]  # those have failed
        # A wave that was begun is filled before anything is told, so that a kill changes no question.
        begun = len(kept) % self._num_open if mine else 0
        room = 0 if mine and not begun else self._num_open - begun
        new = range(len(kept), min(len(kept) + room, self.plan.num_trials))
        kept += [self._asked(arm, study, number) for number in new]
        return [self._trial(arm, number, kept[number]) for number in [*mine, *new] if number < self.plan.num_trials]

    def tell(self, scored: Sequence[Scored]) -> None:
        """Write the scores into the journal."""
        with self._studies() as studies:
            for one in scored:
                study = studies[one.trial.arm.name]
                number = self._kept(study, one.trial.arm)[one.trial.number].number
                study.tell(number, one.score, skip_if_finished=True)

    def trials(self) -> list[Trial]:
        """All that were asked."""
        with self._studies() as studies:
            found = [
                self._trial(arm, number, one)
                for arm in self.plan.arms
                for number, one in enumerate(self._kept(studies[arm.name], arm)[: self.plan.num_trials])
            ]
        return sorted(found, key=lambda trial: trial.number)

    def _asked(self, arm: Arm, study: "optuna.Study", number: int) -> Any:
        study.sampler = self._sampler(number)
        return study.ask({name: self._distribution(one) for name, one in arm.space.dimensions.items()})

    def _kept(self, study: "optuna.Study", arm: Arm) -> list[Any]:
        """All trials but those that a kill has left without some of their values, which are marked as failed.

        A trial's number is its place among these.
        """
        failed = self._optuna.trial.TrialState.FAIL
        for one in study.get_trials(deepcopy=False):
            if not one.state.is_finished() and one.params.keys() != set(arm.space.dimensions):
                study.tell(one.number, state=failed)
        return [one for one in study.get_trials(deepcopy=False) if one.state is not failed]

    def _trial(self, arm: Arm, number: int, asked: Any) -> Trial:
        values = {name: _value(one, asked.params[name]) for name, one in arm.space.dimensions.items()}
        return Trial(arm, number, values)

    def _sampler(self, number: int) -> Any:
        samplers, seed = self._optuna.samplers, derived_seed(self.plan.sample_seed, f"optuna/{number}") % _NUM_SEEDS
        match self.plan.sampler:
            case "tpe":
                return samplers.TPESampler(seed=seed, constant_liar=True)
            case "cmaes":
                return samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False)
            case "gp":
                return samplers.GPSampler(seed=seed)
            case _:  # qmc: one sequence, which must keep its seed
                return samplers.QMCSampler(seed=self.plan.sample_seed, scramble=True, warn_independent_sampling=False)

    def _distribution(self, dimension: Dimension) -> Any:
        kinds = self._optuna.distributions
        match dimension:
            case Range():
                return kinds.FloatDistribution(dimension.low, dimension.high, log=dimension.log)
            case Whole():
                return kinds.IntDistribution(dimension.low, dimension.high, log=dimension.log)
            case Choice():
                return kinds.CategoricalDistribution(dimension.values)
        raise AssertionError(f"unknown dimension {dimension}")

    @contextmanager
    def _studies(self) -> Iterator[dict[str, "optuna.Study"]]:
        """The journal's studies by arm, as long as no other process writes them."""
        optuna = self._optuna
        with self._lock, warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            warnings.filterwarnings("ignore", message="Clip non-finite values")  # of diverged trials, as wanted
            self._cut_half_line()
            backend = optuna.storages.journal.JournalFileBackend(str(self._file), lock_obj=_JournalLock(self._lock))
            storage = optuna.storages.JournalStorage(backend)
            names = [arm.name for arm in self.plan.arms]
            yield {
                name: optuna.create_study(study_name=name, storage=storage, load_if_exists=True, direction="minimize")
                for name in names
            }

    def _cut_half_line(self) -> None:
        """Drop what a kill or a full disk has left of the journal's last line; Optuna would refuse all behind it."""
        written = self._file.read_bytes() if self._file.exists() else b""
        whole = written.rfind(b"\n") + 1
        if whole < len(written):
            with self._file.open("r+b") as file:
                file.truncate(whole)


def _value(dimension: Dimension, value: Value) -> Value:
    return dimension.rounded(float(value)) if isinstance(dimension, Range) else value


class _JournalLock:
    """Optuna's lock on the journal, made of ours, which the system releases when its holder dies."""

    def __init__(self, lock: FileLock) -> None:
        self._lock = lock

    def acquire(self) -> bool:
        self._lock.acquire()
        return True

    def release(self) -> None:
        self._lock.release()


def import_optuna() -> Any:
    """The module.

    Raises:
        UserError: it is not installed.
    """
    try:
        import optuna
    except ModuleNotFoundError as error:
        raise UserError(
            "This sampler needs Optuna, which is not installed; 'pip install equipoise[tune]', or choose --sampler "
            "random."
        ) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna
