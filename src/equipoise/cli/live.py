"""Two views on a run: a live panel in a terminal, plain lines elsewhere."""

import math
import time
from typing import Any, Self

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from equipoise.config import RunSettings
from equipoise.core.outcomes import Ending

Record = dict[str, Any]


class LineView:
    """Lines on standard output: one at each evaluation, and where there is none, one every ``interval`` seconds."""

    def __init__(self, interval: float = 10.0) -> None:
        self.interval, self._said_at = interval, time.monotonic()
        self._num_steps, self._metrics = 0, Record()

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

    def on_start(self, settings: RunSettings, step: int, description: dict[str, str]) -> None:
        """Say what is trained."""
        self._num_steps = settings.training.steps
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
        values = ", ".join(f"{name} {_number(value)}" for name, value in record["values"].items())
        self.say(self._line(record["step"], values))
        self._said_at = time.monotonic()

    def on_end(self, ending: Ending) -> None:
        """Nothing: the closing words follow."""

    def _line(self, step: int, values: str) -> str:
        parts = [f"step {step:>{len(f'{self._num_steps:,}')},}/{self._num_steps:,}", values]
        return " | ".join(part for part in [*parts, *summary(self._metrics).values()] if part)


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
        self._best: tuple[float, int] | None = None
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

    def on_start(self, settings: RunSettings, step: int, description: dict[str, str]) -> None:
        """Say what is trained, and start the bar of rounds."""
        for name, text in description.items():
            self.say(f"{name:<9} {text}")
        num_steps = settings.training.steps
        self._progress.reset(self._task, total=num_steps, completed=step, description=escape(settings.name), step="")

    def on_progress(self, step: int) -> None:
        """Move the bar, ten times a second at most: a round can be shorter than a redraw."""
        if time.monotonic() - self._moved_at > 0.1:
            self._moved_at = time.monotonic()
            self._progress.update(self._task, completed=step, step=f"step {step:,}")

    def on_metrics(self, record: Record) -> None:
        """Show the newest losses and rates."""
        self._rows |= summary(record)

    def on_evaluation(self, record: Record) -> None:
        """Show the newest and the best distance."""
        values, step = record["values"], record["step"]
        if math.isfinite(values["fd"]) and (self._best is None or values["fd"] <= self._best[0]):
            self._best = (values["fd"], step)
        others = "".join(f", {name} {_number(value)}" for name, value in values.items() if name != "fd")
        best = f"best {self._best[0]:.4g} (step {self._best[1]:,})" if self._best else "none so far"
        self._rows["distance"] = f"FD {values['fd']:.4g} (step {step:,}), {best}{others}"

    def on_end(self, ending: Ending) -> None:
        """Leave the bar where the run ended; the closing words follow."""
        self._progress.update(self._task, completed=ending.step, step=f"step {ending.step:,}")

    def _render(self) -> Group:
        table = Table.grid(padding=(0, 2))
        for name, text in self._rows.items():
            table.add_row(f"[bold]{name}", text)
        return Group(self._progress, table)


def summary(record: Record) -> dict[str, str]:
    """The numbers of one metrics record as short texts by topic."""
    if not record:
        return {}
    rates = f"disc {record['disc_rate']:.3g}, gen {record['gen_rate']:.3g} (ratio {_number(record['rate_ratio'])})"
    speed = record["images_per_second"]
    return {
        "losses": f"disc {_loss(record, 'disc')}, gen {_loss(record, 'gen')}",
        "rates": rates,
        "speed": f"{speed:,.0f} images/s" if speed else "",
    }


def _loss(record: Record, player: str) -> str:
    gap = record[f"{player}_gap"]
    return f"{record[f'{player}_loss']:.3f}" + ("" if gap is None else f" (gap {gap:+.3f})")


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
