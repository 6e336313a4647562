"""A run with a view on it: progress while it lasts, a page and a sentence when it ends, Ctrl-C in between."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from equipoise.cli.live import LineView, LiveView
from equipoise.cli.output import unfailing_output
from equipoise.cli.pages import page_after
from equipoise.cli.signs import Signs
from equipoise.core.judges import JUDGES
from equipoise.core.outcomes import Ending, Outcome
from equipoise.reports.curves import draw_curves
from equipoise.training.observer import Observer, Several

Start = Callable[[Observer, threading.Event, Callable[[int, int], None]], Ending]


def watched(start: Start, folder: Path) -> int:
    """Start or resume the run that lies in ``folder``, with the view that fits the output; returns the exit code."""
    with unfailing_output():
        console = Console()
        view = LiveView(console) if console.is_terminal else LineView()
        with stop_on_signal(view.say) as stop, view:
            ending = start(Several([view, Signs(view.say)]), stop, view.on_load)
        print(closing_words(ending, folder, curves(folder), page_after(folder)), flush=True)
    return 1 if ending.outcome in (Outcome.DIVERGED, Outcome.FAILED) else 0


def curves(folder: Path) -> Path | None:
    """Draw the run's curves; None where there are none, or where they cannot be written, which fails no run."""
    try:
        return draw_curves(folder)
    except OSError as error:
        print(f"warning: the curves were not drawn ({error.strerror or error}).", file=sys.stderr)
        return None


@contextmanager
def stop_on_signal(say: Callable[[str], None]) -> Iterator[threading.Event]:
    """An event that the first SIGINT, SIGTERM or SIGHUP sets; the second one interrupts at once.

    A SIGHUP that is ignored stays so: that is how ``nohup`` lets a run go on when the terminal is closed.
    """
    stop = threading.Event()

    def handle(number: int, _: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        say(f"{signal.Signals(number).name}: finishing the round and saving; once more to stop now.")

    numbers = [signal.SIGINT, signal.SIGTERM]
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
        numbers.append(signal.SIGHUP)
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def closing_words(ending: Ending, folder: Path, picture: Path | None, page: Path | None) -> str:
    """What a person reads when the run is over: what happened, how good it was, where things lie, what to type next."""
    lines = [ending.sentence]
    values = ending.values
    distances = [
        f"{name} {values[key]:.4g} (step {values[f'{key}_step']:,})"
        for name, key in (("first", "first"), ("best", "best"), ("final", "latest"))
        if values.get(key) is not None
    ]
    if distances:
        judge = JUDGES[str(values.get("judge", "fd"))]
        lines.append(f"{judge[0].upper()}{judge[1:]}: {', '.join(distances)}.")
    if any(folder.glob("samples/step-*")):
        lines.append(f"Samples in {folder / 'samples'}")
    if picture:
        lines.append(f"Curves in {picture}")
    if page:
        lines.append(f"What happened, in words and pictures: {page}")
    return "\n".join(lines + ([ending.next] if ending.next else []))
