"""What all commands that play many runs have in common: how runs are played, shown, costed and called back."""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import tyro
from rich.console import Console
from rich.table import Column, Table

from equipoise.cli.parsing import parse
from equipoise.core.errors import UserError

if TYPE_CHECKING:
    from equipoise.studies.backends import Backend
    from equipoise.studies.engine import Standings
    from equipoise.studies.folder import StopRule, StudyFolder
    from equipoise.studies.plan import PlannedRun


@dataclass(frozen=True, kw_only=True)
class Playing:
    """How the runs of a study are played; a study's own arguments come besides."""

    workers: int = 1
    """Runs at a time."""
    backend: Literal["auto", "here", "processes", "ray"] = "auto"
    """Where runs are played: in this process, over local processes, on Ray (auto: here, or processes if there are
    several workers)."""
    address: str | None = None
    """Address of a running Ray cluster (default: a local one)."""
    gpus: float = 0.0
    """GPUs of each run on Ray; fractions share one."""
    out: Path = Path("studies/study")
    """The study's folder; what it holds is not run again."""
    dry_run: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Print the plan and what it may cost, and run nothing."""


Given = TypeVar("Given", bound=Playing)


def parse_study(kind: type[Given], arguments: Sequence[str], prog: str, description: str) -> tuple[Given, list[str]]:
    """The study's own arguments, and all others, which are a recipe and its settings."""
    own, rest = split_options(arguments, [field.name for field in fields(kind)])
    if not any(word in ("-h", "--help") for word in rest):
        return parse(kind, own, prog=prog, description=description), rest
    try:
        parse(kind, ["--help"], prog=prog, description=description)
    except SystemExit:
        print("Every setting of 'equipoise train --help' can be given too, such as --evaluation.every 50.")
    raise SystemExit(0)


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


@dataclass(frozen=True)
class Player:
    """Plays runs as ``given``, with a view on them.

    Attributes:
        given: the arguments.
        threads: CPU threads of a run.
        device: where a run is played.
        console: where the live table is drawn.
    """

    given: Playing
    threads: int
    device: str
    console: Console

    def __post_init__(self) -> None:
        self._backend()  # refuses what cannot be played before a folder is made

    def __call__(self, folder: "StudyFolder", rule: "StopRule", runs: Sequence["PlannedRun"]) -> "Standings":
        """Bring ``runs`` to their end; returns how they stand."""
        from equipoise.cli.study_live import StudyLines, StudyTable
        from equipoise.studies.engine import Engine

        engine = Engine(folder, runs, rule, self._backend(), self.threads, self.device)
        view = StudyTable(engine, self.console) if self.console.is_terminal else StudyLines(engine)
        with view, _stopping(engine.stop, view.say):
            return engine.run(view.on_report)

    def _backend(self) -> "Backend":
        from equipoise.studies.backends import Here, OnRay, Processes

        given = self.given
        if given.workers < 1:
            raise UserError(f"--workers was given as {given.workers}, but must be at least 1.")
        if given.backend == "ray":
            return OnRay(given.workers, given.address, given.gpus)
        if given.backend == "here" and given.workers > 1:
            raise UserError(f"--backend here plays one run at a time; leave out --workers {given.workers}.")
        return Here() if given.workers == 1 else Processes(given.workers, self.threads)

    def dry(self, runs: Sequence["PlannedRun"]) -> int:
        """Print the plan with its cost, from a few timed rounds of each arm; returns the exit code."""
        from equipoise.cli.study_live import labels
        from equipoise.data.kept import sources_kept
        from equipoise.studies.cost import cost, one_of_each_arm

        table = Table("", "runs", "steps at most", "ms a round", "minutes a run at most", box=None)
        total = 0.0
        with sources_kept():
            costs = [cost(one, self.threads) for one in one_of_each_arm(runs)]
        for found in costs:
            arm = labels(found.run, without="seed")
            num_runs = sum(labels(run, without="seed") == arm for run in runs)
            total += found.seconds * num_runs
            milliseconds, minutes = f"{found.round_seconds * 1e3:.2f}", f"{found.seconds / 60:.1f}"
            table.add_row(arm, f"{num_runs}", f"{found.run.settings.training.steps:,}", milliseconds, minutes)
        self.console.print(table)
        hours = total / 3600 / self.given.workers
        print(
            f"{len(runs)} runs, {self.given.workers} at a time: {hours:.1f} hours at most, less as far as runs end "
            f"earlier. Nothing was run."
        )
        return 0


def say_tables(tables: Sequence[dict[str, Any]], console: Console) -> None:
    """Print tables of ``analysis.json``; long words, such as the name of an arm, are folded and not cut off."""
    from equipoise.studies.tables import cell_text

    for made in tables:
        columns = [Column(name, overflow="fold") for name in made["columns"]]
        table = Table(*columns, title=made["title"], title_justify="left", box=None)
        for row in made["rows"]:
            table.add_row(*map(cell_text, row))
        console.print(table)
        console.print()


def say_unfinished(standings: "Standings", num_left: int) -> int:
    """Say what is left and what failed; returns the exit code."""
    if num_left:
        print(f"{num_left} of {len(standings)} runs have not ended and are left out; the same command goes on.")
    failed = [standing.sentence for standing in standings.values() if standing.status == "failed"]
    for sentence in failed:
        print(f"Failed: {sentence}")
    return 1 if failed else 0


@contextmanager
def _stopping(stop: Callable[[], None], say: Callable[[str], None]) -> Iterator[None]:
    """The first SIGINT or SIGTERM lets every worker finish its round and save; the second interrupts."""
    asked: list[int] = []

    def handle(number: int, _: Any) -> None:
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
