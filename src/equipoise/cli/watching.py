"""A run with a view on it: progress while it lasts, a picture and a sentence when it ends, Ctrl-C in between."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from equipoise.cli.live import LineView, LiveView
from equipoise.core.outcomes import Ending, Outcome
from equipoise.reports.curves import draw_curves

Start = Callable[[LiveView | LineView, threading.Event, Callable[[int, int], None]], Ending]


def watched(start: Start, folder: Path) -> int:
    """Start or resume the run that lies in ``folder``, with the view that fits the output; returns the exit code."""
    console = Console()
    view = LiveView(console) if console.is_terminal else LineView()
    with stop_on_signal(view.say) as stop, view:
        ending = start(view, stop, view.on_load)
    print(closing_words(ending, folder, draw_curves(folder)))
    return 1 if ending.outcome in (Outcome.DIVERGED, Outcome.FAILED) else 0


@contextmanager
def stop_on_signal(say: Callable[[str], None]) -> Iterator[threading.Event]:
    """An event that the first SIGINT or SIGTERM sets; the second one interrupts at once."""
    stop = threading.Event()

    def handle(number: int, _: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        say(f"{signal.Signals(number).name}: finishing the round and saving; once more to stop now.")

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def closing_words(ending: Ending, folder: Path, picture: Path | None) -> str:
    """What a person reads when the run is over."""
    lines = [ending.sentence]
    values = ending.values
    if values.get("latest") is not None:
        name = {"fd": "FD", "mode_error": "Mode error", "jsd4": "JSD-4"}[str(values.get("judge", "fd"))]
        lines.append(
            f"{name}: first {values['first']:.4g} (step {values['first_step']:,}), best {values['best']:.4g} "
            f"(step {values['best_step']:,}), final {values['latest']:.4g} (step {values['latest_step']:,})."
        )
    if ending.outcome is Outcome.STOPPED:
        lines.append(f"Go on with: equipoise resume {folder}")
    if any(folder.glob("samples/step-*")):
        lines.append(f"Samples in {folder / 'samples'}")
    if picture:
        lines.append(f"Curves in {picture}")
    return "\n".join(lines)
