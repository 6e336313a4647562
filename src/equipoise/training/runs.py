"""A run from its settings, or from its folder, to its ending: the two entries to training.

Both return how the run ended; neither prints anything.
"""

import threading
from pathlib import Path

from equipoise.config import RunSettings
from equipoise.core.devices import is_out_of_memory
from equipoise.core.errors import UserError
from equipoise.core.outcomes import Ending
from equipoise.training.board import OnLoad
from equipoise.training.guarding.guard import Guard
from equipoise.training.lines import vocabulary_of
from equipoise.training.loop import Loop
from equipoise.training.measuring.evaluator import build_evaluator
from equipoise.training.observer import Observer
from equipoise.training.resuming import take_up
from equipoise.training.run_folder import RunFolder
from equipoise.training.session import Session
from equipoise.training.trackers import with_trackers


def train(
    settings: RunSettings,
    observer: Observer | None = None,
    stop: threading.Event | None = None,
    on_load: OnLoad | None = None,
) -> Ending:
    """Start a run and play it to its end.

    Args:
        settings: the whole run.
        observer: told of all records; None for silence.
        stop: set it from elsewhere to end after the round being played, with a checkpoint.
        on_load: called with (done, total) while data are read.

    Returns:
        How the run ended; the same is in the folder's ``outcome.json``.

    Raises:
        UserError: the request cannot be met; then no run folder was made.
    """
    RunFolder.refuse_existing(settings)
    session = open_session(settings, on_load)
    evaluator = build_evaluator(settings, session.device, session.board.source, session.board.to_measure)
    guard = new_guard(session)
    observer = with_trackers(settings, Path(settings.root) / settings.name, observer)
    folder = RunFolder.create(settings, vocabulary_of(session.board.source))
    with folder.being_written():
        return Loop(session, evaluator, guard, folder, observer, stop).run(from_start=True)


def resume(
    path: Path,
    observer: Observer | None = None,
    stop: threading.Event | None = None,
    on_load: OnLoad | None = None,
    settings: RunSettings | None = None,
) -> Ending:
    """Go on with the run at ``path`` from its newest intact checkpoint.

    Args:
        path: the run folder.
        observer: as in `train`.
        stop: as in `train`.
        on_load: as in `train`.
        settings: to go on with, where they are not those of ``config.yaml``, and to keep there.

    Returns:
        As `train`.

    Raises:
        UserError: there is no such run, another process trains it, or it cannot be resumed under these settings.

    Warns:
        ResumeWarning: settings (those that may), versions, machine or data have changed.
    """
    folder = RunFolder.open(path)
    with folder.being_written():
        settings = settings or folder.settings
        observer = with_trackers(settings, path, observer)
        session = open_session(settings, on_load)
        guard = new_guard(session)
        goes_on = take_up(session, guard, folder)
        evaluator = build_evaluator(settings, session.device, session.board.source, session.board.to_measure)
        folder.complete_parts()
        folder.forget_after(session.step if goes_on else -1, num_events=guard.num_events)
        if settings != folder.settings:
            folder.keep_settings(settings)
        return Loop(session, evaluator, guard, folder, observer, stop).run(from_start=not goes_on)


def open_session(settings: RunSettings, on_load: OnLoad | None) -> Session:
    """A session, or a `UserError` where it does not fit in memory."""
    try:
        return Session(settings, on_load)
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise UserError(
            f"Data and networks of these settings do not fit in memory; choose a smaller network.width (it is "
            f"{settings.network.width}) or training.batch_size (it is {settings.training.batch_size})."
        ) from error


def new_guard(session: Session) -> Guard:
    """A guard that has seen nothing yet."""
    match = session.match
    return Guard(session.settings.guard, match.disc.ideal_loss(match.game.ideal_disc_loss))
