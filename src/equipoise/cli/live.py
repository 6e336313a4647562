"""Two views on a run: a live panel in a terminal, plain lines elsewhere."""

import math
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from equipoise.config import RunSettings
from equipoise.core.judges import JUDGES, RISKS
from equipoise.core.outcomes import Ending

Record = dict[str, Any]
_NUM_LINES = 4
_OF_CLASSIFIERS = (
    "source_accuracy",
    "expected_accuracy",
    "domain_accuracy",
    "probe_accuracy",
    "oracle_target_accuracy",
)
Distances = Mapping[str, float | int | str | None]


class Best:
    """The best distance so far, that of before a resume included."""

    def __init__(self) -> None:
        self.distance: float | None = None
        self.step = 0

    def start(self, distances: Distances) -> None:
        """Take up what was measured before."""
        if distances.get("best") is not None:
            self.distance, self.step = float(distances["best"] or 0), int(distances["best_step"] or 0)

    def note(self, record: Record) -> str:
        """Take in an evaluation; the best of all in words."""
        judge = record["judge"]
        distance = record["values"][judge]
        is_candidate = record["step"] > 0 or judge not in RISKS.values()  # as in the session
        if is_candidate and math.isfinite(distance) and (self.distance is None or distance <= self.distance):
            self.distance, self.step = distance, record["step"]
        name = "best" if judge == "fd" else f"best {JUDGES[judge]}"
        return f"{name} {self.distance:.4g} (step {self.step:,})" if self.distance is not None else f"no {name} yet"


class LineView:
    """Lines on standard output: one at each evaluation, and where there is none, one every ``interval`` seconds."""

    def __init__(self, interval: float = 10.0) -> None:
        self.interval, self._said_at = interval, time.monotonic()
        self._num_steps, self._metrics, self._best = 0, Record(), Best()
        self._started_at, self._first_step = self._said_at, 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def say(self, text: str) -> None:
        """Print a line now."""
        print(text, flush=True)

    def on_load(self, done: int, total: int) -> None:
        """Say how far the data are read."""
        if time.monotonic() - self._said_at > self.interval:
            self._said_at = time.monotonic()
            self.say(f"reading data: {done:,} of {total:,}")

    def on_start(self, settings: RunSettings, step: int, description: dict[str, str], distances: Distances) -> None:
        """Say what is trained."""
        self._num_steps = settings.training.steps
        self._started_at, self._first_step = time.monotonic(), step
        self._best.start(distances)
        for name, text in description.items():
            self.say(f"{name:<9} {text}")

    def on_progress(self, step: int) -> None:
        """Nothing: lines come with records."""

    def on_metrics(self, record: Record) -> None:
        """Remember the newest numbers, and say them if nothing was said for long."""
        self._metrics = record
        if time.monotonic() - self._said_at > self.interval:
            self.say(self._line(record["step"], ""))
            self._said_at = time.monotonic()

    def on_evaluation(self, record: Record) -> None:
        """Say the distance with the newest numbers."""
        values = ", ".join(f"{name} {_number(value)}" for name, value in shown_values(record).items())
        self.say(self._line(record["step"], f"{values}, {self._best.note(record)}"))
        for line in shown(record):
            self.say(f"  | {line}")
        self._said_at = time.monotonic()

    def on_sample(self, step: int, path: Path) -> None:
        """Nothing: the closing words say where samples lie."""

    def on_end(self, ending: Ending) -> None:
        """Nothing: the closing words follow."""

    def _line(self, step: int, values: str) -> str:
        parts = [f"step {step:>{len(f'{self._num_steps:,}')},}/{self._num_steps:,}", values]
        parts += [*summary(self._metrics).values(), self._time_left(step)]
        return " | ".join(part for part in parts if part)

    def _time_left(self, step: int) -> str:
        done, left = step - self._first_step, self._num_steps - step
        if not done or not left:
            return ""
        seconds = (time.monotonic() - self._started_at) * left / done
        return f"{timedelta(seconds=round(seconds))} left"


class LiveView:
    """A progress bar and a table of the newest numbers, redrawn in place."""

    def __init__(self, console: Console) -> None:
        columns = [
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[step]}"),
        ]
        self._progress = Progress(
            *columns, TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(), console=console
        )
        self._task = self._progress.add_task("reading data", total=None, step="")
        self._rows: dict[str, str] = {}
        self._moved_at = 0.0
        self._best = Best()
        self._live = Live(console=console, refresh_per_second=4, get_renderable=self._render)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(self, *details: Any) -> None:
        self._live.__exit__(*details)

    def say(self, text: str) -> None:
        """Print a line above the panel."""
        self._live.console.print(text, markup=False, highlight=False)

    def on_load(self, done: int, total: int) -> None:
        """Show how far the data are read."""
        self._progress.update(self._task, completed=done, total=total)

    def on_start(self, settings: RunSettings, step: int, description: dict[str, str], distances: Distances) -> None:
        """Say what is trained, start the bar of rounds, and show what was measured before."""
        for name, text in description.items():
            self.say(f"{name:<9} {text}")
        num_steps = settings.training.steps
        self._progress.reset(self._task, total=num_steps, completed=step, description=escape(settings.name), step="")
        self._best.start(distances)
        if distances:
            judge, latest_step = str(distances["judge"]), distances["latest_step"]
            self.on_evaluation({"values": {judge: distances["latest"]}, "judge": judge, "step": latest_step})

    def on_progress(self, step: int) -> None:
        """Move the bar, ten times a second at most: a round can be shorter than a redraw."""
        if time.monotonic() - self._moved_at > 0.1:
            self._moved_at = time.monotonic()
            self._progress.update(self._task, completed=step, step=f"step {step:,}")

    def on_metrics(self, record: Record) -> None:
        """Show the newest losses and rates."""
        self._rows |= {name: text for name, text in summary(record).items() if text}

    def on_evaluation(self, record: Record) -> None:
        """Show the newest and the best distance."""
        values, judge = shown_values(record), record["judge"]
        others = "".join(f", {name} {_number(value)}" for name, value in values.items() if name != judge)
        newest = f"{JUDGES[judge]} {values[judge]:.4g} (step {record['step']:,})"
        self._rows["distance"] = f"{newest}, {self._best.note(record)}{others}"
        if "lines" in record:
            self._rows["samples"] = escape("\n".join(shown(record)))

    def on_sample(self, step: int, path: Path) -> None:
        """Nothing: the closing words say where samples lie."""

    def on_end(self, ending: Ending) -> None:
        """Leave the bar where the run ended; the closing words follow."""
        self._progress.update(self._task, completed=ending.step, step=f"step {ending.step:,}")

    def _render(self) -> Group:
        table = Table.grid(padding=(0, 2))
        for name, text in self._rows.items():
            table.add_row(f"[bold]{name}", text)
        return Group(self._progress, table)


def shown_values(record: Record) -> Record:
    """What fits on a line: all values, but of an adapted classifier only the judge's of the many risks."""
    values, judge = record["values"], record["judge"]
    if judge not in RISKS.values():
        return dict(values)
    return {name: values[name] for name in (judge, *_OF_CLASSIFIERS) if name in values}


def shown(record: Record) -> list[str]:
    """A few of the generated lines of an evaluation, each on one line of the screen; none of other data."""
    lines = record.get("lines", [])[:_NUM_LINES]
    # Text may hold any character, also those that a terminal obeys.
    return ["".join(sign if sign.isprintable() else "\ufffd" for sign in line) for line in lines]


def summary(record: Record) -> dict[str, str]:
    """The numbers of one metrics record as short texts by topic."""
    if not record:
        return {}
    rates = f"disc {record['disc_rate']:.3g}, gen {record['gen_rate']:.3g} (ratio {_number(record['rate_ratio'])})"
    speed = record["images_per_second"]
    return {
        "losses": f"disc {_loss(record, 'disc')}, gen {_loss(record, 'gen')}",
        **_domains(record),
        "rates": rates,
        "gap": ", ".join(filter(None, (_gap_factor(record, player) for player in ("disc", "gen")))),
        "speed": f"{speed:,.0f} images/s" if speed else "",
    }


def _domains(record: Record) -> dict[str, str]:
    """How a domain-adversarial game stands: a loss at its ideal and an accuracy of a half are what is wanted."""
    if "adversarial_weight" not in record:
        return {}
    return {
        "domains": f"told apart {record['disc_accuracy']:.1%} (ideal 50 %, loss {record['disc_ideal']:.3f}), "
        f"lambda {record['adversarial_weight']:.3g}",
        "labels": f"loss {record['gen_auxiliary']:.3f}, accuracy {record['gen_accuracy']:.1%}",
    }


def _loss(record: Record, player: str) -> str:
    gap = record[f"{player}_gap"]
    return f"{record[f'{player}_loss']:.3f}" + ("" if gap is None else f" (gap {gap:+.3f})")


def _gap_factor(record: Record, player: str) -> str:
    """What the gap-aware schedule of a player sees and does, if it has one."""
    if f"{player}_gap_factor" not in record:
        return ""
    average, ideal = record[f"{player}_average_loss"], record[f"{player}_ideal_loss"]
    return f"{player} average {average:.3f}, ideal {ideal:.3f}: rate x {record[f'{player}_gap_factor']:.2f}"


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
