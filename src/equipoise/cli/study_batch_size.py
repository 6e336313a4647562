"""``equipoise study batch-size [RECIPE] --sizes 8 16 ... --target DISTANCE [--seeds N] [--field value ...]``."""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro
from rich.console import Console
from rich.table import Table

from equipoise.cli.parsing import parse
from equipoise.cli.train import parse_settings
from equipoise.config import RunSettings
from equipoise.config.files import validated
from equipoise.core.errors import UserError
from equipoise.core.judges import JUDGES

PROG = "equipoise study batch-size [RECIPE]"
DEFAULT_RECIPE = "batch-size-digits"


@dataclass(frozen=True)
class Arguments:
    """How to run the study; every setting of the recipe can be given besides, such as --disc.lr."""

    sizes: tuple[int, ...] = (4, 8, 16, 32, 64, 128, 256, 512)
    """Batch sizes."""
    target: tuple[str, ...] = ("auto",)
    """Distances to reach, the hardest of which ends a run; or auto: what a pilot run reaches half-way. A distance is
    what the recipe's evaluations judge by: FD, the mode error on mixtures, JSD-4 of text."""
    seeds: int = 5
    """Runs of each batch size."""
    rates: Literal["fixed", "sqrt", "linear", "tuned"] = "fixed"
    """Learning rates: as they are (the paper), by the root of the batch size, in proportion to it, or the best of a
    half, one and two times the recipe's for each batch size."""
    max_steps: int | None = None
    """Rounds after which a run is given up (default: the recipe's steps)."""
    noise_every: int = 200
    """Rounds between two measurements of the gradient noise (0: none)."""
    workers: int = 1
    """Runs at a time."""
    backend: Literal["auto", "here", "processes", "ray"] = "auto"
    """Where runs are played: in this process, over local processes, on Ray (auto: here, or processes if there are
    several workers)."""
    address: str | None = None
    """Address of a running Ray cluster (default: a local one)."""
    gpus: float = 0.0
    """GPUs of each run on Ray; fractions share one."""
    out: Path = Path("studies/batch-size")
    """The study's folder; what it holds is not run again."""
    dry_run: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Print the plan and what it may cost, and run nothing."""


def main(arguments: list[str]) -> int:
    """Run, analyse, draw and advise; returns the exit code."""
    study, rest = split_options(arguments, [field.name for field in fields(Arguments)])
    if any(word in ("-h", "--help") for word in rest):
        return _help()
    given = parse(Arguments, study, prog=PROG, description=_DESCRIPTION)
    targets = _targets(given.target)
    settings = parse_settings(rest, default=DEFAULT_RECIPE)
    from equipoise.studies.batch_size import BatchSizePlan, require_distance

    require_distance(settings)
    base = _base(settings, given)
    plan = BatchSizePlan(base, given.sizes, given.seeds, given.rates)
    return _Run(given, plan, targets).dry() if given.dry_run else _Run(given, plan, targets).play()


_DESCRIPTION = "Steps to a target distance against the batch size, and the size that reaches it at the least cost."


def _help() -> int:
    try:
        parse(Arguments, ["--help"], prog=PROG, description=_DESCRIPTION)
    except SystemExit:
        print("Every setting of 'equipoise train --help' can be given too, such as --evaluation.every 50.")
    return 0


def split_options(arguments: Sequence[str], names: Sequence[str]) -> tuple[list[str], list[str]]:
    """The options called ``names`` with their values, and everything else."""
    flags = {f"--{name.replace('_', '-')}" for name in names}
    chosen: list[str] = []
    others: list[str] = []
    into = others
    for word in arguments:
        if word.startswith("--") or word == "-h":
            into = chosen if word.split("=")[0].replace("_", "-") in flags else others
        into.append(word)
    return chosen, others


def _targets(words: Sequence[str]) -> list[float] | None:
    """Distances, hardest last; None for auto."""
    if list(words) == ["auto"]:
        return None
    try:
        targets = sorted({float(word) for word in words}, reverse=True)
    except ValueError:
        raise UserError(f"--target was given as {' '.join(words)!r}, but takes distances, or auto.") from None
    if not all(0 < target < float("inf") for target in targets):
        raise UserError(f"--target was given as {' '.join(words)!r}, but a distance is above 0.")
    return targets


def _base(settings: RunSettings, given: Arguments) -> RunSettings:
    changes: dict[str, Any] = {"measure_noise_every": given.noise_every}
    if given.max_steps is not None:
        changes["steps"] = given.max_steps
    values = settings.model_dump()
    values["training"] |= changes
    return validated(values, "by --max-steps or --noise-every")


class _Run:
    """One call of the command."""

    def __init__(self, given: Arguments, plan: Any, targets: list[float] | None) -> None:
        self.given, self.plan, self.targets = given, plan, targets
        self.runs = plan.runs()
        self.threads = plan.base.threads or 1
        self.console = Console()

    def dry(self) -> int:
        """Print the plan with its cost."""
        from equipoise.studies.cost import cost, one_of_each_arm

        table = Table("batch size", "factor", "runs", "steps at most", "ms a round", "minutes a run at most", box=None)
        total = 0.0
        for run in one_of_each_arm(self.runs):
            found = cost(run, self.threads)
            total += found.seconds * self.given.seeds
            size, factor = (f"{run.labels[name]:g}" for name in ("batch_size", "factor"))
            milliseconds, minutes = f"{found.round_seconds * 1e3:.2f}", f"{found.seconds / 60:.1f}"
            table.add_row(
                size, factor, f"{self.given.seeds}", f"{run.settings.training.steps:,}", milliseconds, minutes
            )
        self.console.print(table)
        hours = total / 3600 / self.given.workers
        print(
            f"{len(self.runs)} runs, {self.given.workers} at a time: {hours:.1f} hours at most, less as far as runs "
            f"meet the target earlier. Nothing was run."
        )
        return 0

    def play(self) -> int:
        """Run what is missing, then analyse."""
        from equipoise.studies.batch_size import TargetMet, measured_runs
        from equipoise.studies.folder import StudyFolder

        self._check()
        folder = StudyFolder.open(self.given.out, self.plan.identity)
        targets = self.targets or [self._pilot(folder)]
        rule = TargetMet(min(targets))
        standings = self._engine(folder, rule, self.runs)
        measured = measured_runs(folder, self.runs, rule)
        return self._report(folder, targets, standings, measured)

    def _check(self) -> None:
        """Refuse what cannot work before a folder is made: sizes above the data set, a target met at step 0."""
        from equipoise.studies.cost import cost

        largest = max(self.runs, key=lambda run: run.labels["batch_size"])
        first = cost(largest, self.threads).first_distance
        for target in self.targets or []:
            if first is not None and first <= target:
                raise UserError(
                    f"The target {target:g} is already met at step 0, where the distance is {first:.4g}; choose a "
                    f"smaller one."
                )

    def _pilot(self, folder: Any) -> float:
        """The target that the pilot run gives; the same for as long as the folder exists, because the run is kept."""
        from equipoise.core.files import read_json_lines
        from equipoise.studies.batch_size import curve_of, target_of_pilot
        from equipoise.studies.folder import FINISHED, ToTheEnd

        pilot = self.plan.pilot()
        standing = self._engine(folder, ToTheEnd(), [pilot])[pilot.key]
        if standing.status not in FINISHED:
            raise UserError(f"The pilot run has not ended ({standing.status}: {standing.sentence}); start again.")
        records = read_json_lines(folder.run_path(pilot) / "evaluations.jsonl")
        target = target_of_pilot(curve_of(pilot.settings, records))
        print(f"Target {target:g}: what batch size {pilot.labels['batch_size']} reached in half of its steps.")
        return target

    def _engine(self, folder: Any, rule: Any, runs: Sequence[Any]) -> Any:
        from equipoise.cli.study_live import StudyLines, StudyTable
        from equipoise.studies.engine import Engine

        engine = Engine(folder, runs, rule, self._backend(), self.threads, self.plan.base.device)
        view = StudyTable(engine, self.console) if self.console.is_terminal else StudyLines(engine)
        with view, _stopping(engine.stop, view.say):
            return engine.run(view.on_report)

    def _backend(self) -> Any:
        from equipoise.studies.backends import Here, OnRay, Processes

        given = self.given
        if given.workers < 1:
            raise UserError(f"--workers was given as {given.workers}, but must be at least 1.")
        if given.backend == "ray":
            return OnRay(given.workers, given.address, given.gpus)
        if given.backend == "here" and given.workers > 1:
            raise UserError(f"--backend here plays one run at a time; leave out --workers {given.workers}.")
        return Here() if given.workers == 1 else Processes(given.workers, self.threads)

    def _report(self, folder: Any, targets: Sequence[float], standings: Any, measured: Sequence[Any]) -> int:
        from equipoise.reports.batch_size import draw_batch_size
        from equipoise.studies.results import as_json, write_results

        missing = [run for run in self.runs if run.key not in {one.run.key for one in measured}]
        if not measured:
            raise UserError(f"No run has ended yet; the same command goes on with '{folder.path}'.")
        answers = _answers(targets, measured)
        results = as_json(answers, len(self.runs), len(measured), self.given.rates)
        write_results(folder.path, results, self.runs, standings, measured, answers)
        for target in results["targets"]:
            self._say(target)
        if missing:
            print(f"{len(missing)} of {len(self.runs)} runs have not ended and are left out; the same command goes on.")
        failed = [standing.sentence for standing in standings.values() if standing.status == "failed"]
        for sentence in failed:
            print(f"Failed: {sentence}")
        print(f"Figure in {draw_batch_size(folder.path)}, numbers in {folder.path}/analysis.json and runs.csv")
        return 1 if failed else 0

    def _say(self, target: dict[str, Any]) -> None:
        table = Table("batch size", "met", "steps", "95 %", "SFO", "images", "seconds", box=None)
        for one in target["sizes"]:
            steps, ends = one["steps"], ""
            if steps["low"] is not None:
                ends = f"{_count(steps['low'])}-{_count(steps['high'])}"
            values = (steps["value"], one["sfo"]["value"], one["images"], one["seconds"])
            steps_text, sfo, images, seconds = map(_count, values)
            met = f"{one['num_met']}/{one['num_runs']}"
            table.add_row(str(one["batch_size"]), met, steps_text, ends, sfo, images, seconds)
        print(f"\n{JUDGES[target['judge']]} {target['target']:g}")
        self.console.print(table)
        for player, scale in target["noise_scales"].items():
            if scale is not None:
                ends = f" (95 % interval {scale['low']:.3g}-{scale['high']:.3g})" if scale["low"] is not None else ""
                print(f"Gradient noise scale of {player} where runs met it: {scale['value']:.3g}{ends}.")
        print("\n".join(target["advice"]))


def _answers(targets: Sequence[float], measured: Sequence[Any]) -> list[Any]:
    """The analysis of every target that was met; one that none met is said, and raised where there is no other."""
    from equipoise.studies.batch_size import answer

    answers, refusals = [], []
    for target in targets:
        try:
            answers.append(answer(target, measured))
        except UserError as error:
            refusals.append(error)
    if not answers:
        raise refusals[0]
    for refusal in refusals:
        print(refusal)
    return answers


def _count(value: float) -> str:
    return "never" if value == float("inf") else f"{value:,.0f}"


@contextmanager
def _stopping(stop: Callable[[], None], say: Callable[[str], None]) -> Iterator[None]:
    """The first SIGINT or SIGTERM lets every worker finish its round and save; the second interrupts."""
    asked: list[int] = []

    def handle(number: int, _: object) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)
        stop()
        say(f"{signal.Signals(number).name}: runs finish their round and save; once more to stop now.")

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
