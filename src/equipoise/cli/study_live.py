"""Two views on a study: a table of all runs, redrawn from the disk, in a terminal; plain lines elsewhere."""

import threading
from collections.abc import Sequence
from typing import Any, Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

from equipoise.core.files import read_json_lines
from equipoise.core.judges import distance_of
from equipoise.studies.engine import Engine
from equipoise.studies.folder import Standing, Status
from equipoise.studies.plan import PlannedRun
from equipoise.studies.play import Report

_REDRAW_EVERY = 2.0
_STYLES = {
    Status.COMPLETE: "green",
    Status.DIVERGED: "red",
    Status.FAILED: "bold red",
    Status.PRUNED: "yellow",
    Status.RUNNING: "cyan",
}


class StudyLines:
    """A line for every run that ends."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._total = engine, len(engine.runs)
        self._num_ended = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def say(self, text: str) -> None:
        """Print a line now."""
        print(text, flush=True)

    def on_report(self, run: PlannedRun, report: Report) -> None:
        """Say how a run ended."""
        self._num_ended += 1
        self.say(
            f"[{self._num_ended}/{self._total}] {labels(run)}: {report.standing.status}. {report.standing.sentence}"
        )


class StudyTable:
    """A row for each arm, a column for each seed; what is running shows its newest step and distance."""

    def __init__(self, engine: Engine, console: Console) -> None:
        self._engine = engine
        self._live = Live(console=console, auto_refresh=False, get_renderable=self._render)
        self._closed = threading.Event()
        self._redrawing = threading.Thread(target=self._redraw, daemon=True)

    def __enter__(self) -> Self:
        self._live.__enter__()
        self._redrawing.start()
        return self

    def __exit__(self, *details: Any) -> None:
        self._closed.set()
        self._redrawing.join()
        self._live.refresh()
        self._live.__exit__(*details)

    def say(self, text: str) -> None:
        """Print a line above the table."""
        self._live.console.print(text)

    def on_report(self, run: PlannedRun, report: Report) -> None:
        """Say what went wrong; the table shows the rest."""
        if report.standing.status in (Status.FAILED, Status.DIVERGED):
            self.say(f"{labels(run)}: {report.standing.status}. {report.standing.sentence}")

    def _redraw(self) -> None:
        while not self._closed.wait(_REDRAW_EVERY):
            self._live.refresh()

    def _render(self) -> Table:
        return standings_table(self._engine)


def standings_table(engine: Engine) -> Table:
    """How every run of ``engine`` stands."""
    standings = engine.standings()
    arms: dict[str, dict[Any, PlannedRun]] = {}
    for run in engine.runs:
        arms.setdefault(labels(run, without="seed"), {})[run.labels["seed"]] = run
    seeds = sorted({run.labels["seed"] for run in engine.runs})
    num_ended = sum(standing.status not in (Status.MISSING, Status.RUNNING) for standing in standings.values())
    table = Table(
        "", *(f"seed {seed}" for seed in seeds), title=f"{num_ended} of {len(standings)} runs ended", box=None
    )
    for arm, runs in arms.items():
        table.add_row(arm, *(_cell(engine, runs.get(seed), standings) for seed in seeds))
    return table


def labels(run: PlannedRun, without: str = "") -> str:
    """What tells a run from the others, in words."""
    shown = {name: value for name, value in run.labels.items() if name != without and (name, value) != ("factor", 1.0)}
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in shown.items())


def _cell(engine: Engine, run: PlannedRun | None, standings: dict[str, Standing]) -> str:
    if run is None:
        return ""
    status = standings[run.key].status
    style = _STYLES.get(status, "dim")
    words = str(status)
    if status in (Status.RUNNING, Status.COMPLETE):
        words = _newest(read_json_lines(engine.folder.run_path(run) / "evaluations.jsonl")) or words
    return f"[{style}]{words}[/]"


def _newest(evaluations: Sequence[dict[str, Any]]) -> str:
    if not evaluations:
        return ""
    return f"{evaluations[-1]['step']:,}: {distance_of(evaluations[-1]):.3g}"
