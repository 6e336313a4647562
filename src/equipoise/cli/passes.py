"""Progress of passes over data, with the time left, on the error stream: a bar in a terminal, lines elsewhere."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn


class PassView:
    """Call it with what is being done, how much is done, and how much there is.

    Args:
        interval: seconds between two lines where the error stream is no terminal.
    """

    def __init__(self, interval: float = 10.0) -> None:
        console = Console(stderr=True)
        columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
        self._bar = Progress(*columns, console=console, transient=True) if console.is_terminal else None
        self._console, self._interval = console, interval
        self._tasks: dict[str, TaskID] = {}
        self._started: dict[str, float] = {}
        self._said_at = time.monotonic()

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._bar:
            self._bar.stop()

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show that ``done`` of ``total`` are done of ``what``."""
        if self._bar:
            if what not in self._tasks:
                self._tasks[what] = self._bar.add_task(what, total=total)
            self._bar.update(self._tasks[what], completed=done, total=total)
            return
        now = time.monotonic()
        started = self._started.setdefault(what, now)
        if now - self._said_at > self._interval:
            self._said_at = now
            left = (now - started) / max(done, 1) * (total - done)
            print_line = self._console.print
            print_line(f"{what}: {done:,} of {total:,}, {left:,.0f} s left", highlight=False, soft_wrap=True)
