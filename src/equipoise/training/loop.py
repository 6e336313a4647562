"""The loop: rounds, and what is logged, measured, drawn and saved between them.

`train` and `resume` are the two entries. Both return how the run ended; neither prints anything.
"""

import contextlib
import threading
from pathlib import Path

import torch

from equipoise.config import RunSettings
from equipoise.core.errors import RunFailedError
from equipoise.core.outcomes import Ending, Outcome
from equipoise.core.seeding import derived_seed
from equipoise.data import Source
from equipoise.training.board import OnLoad
from equipoise.training.checkpoint import find_checkpoint, keep_only, load_network, load_state, save_checkpoint
from equipoise.training.evaluator import Evaluator, build_evaluator
from equipoise.training.lines import save_lines, vocabulary_of
from equipoise.training.observer import Observer, Silence
from equipoise.training.pictures import save_picture
from equipoise.training.records import Stopwatch, describe, metrics_record
from equipoise.training.run_folder import RunFolder
from equipoise.training.session import Session
from equipoise.training.text_evaluator import TextEvaluator

NUM_PICTURED_IMAGES, NUM_PICTURED_POINTS = 64, 1000


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
    session = Session(settings, on_load)
    evaluator = build_evaluator(settings, session.device, session.board.source)
    loop = Loop(session, evaluator, RunFolder.create(settings, vocabulary_of(session.board.source)), observer, stop)
    return loop.run(from_start=True)


def resume(
    path: Path,
    observer: Observer | None = None,
    stop: threading.Event | None = None,
    on_load: OnLoad | None = None,
) -> Ending:
    """Go on with the run at ``path`` from its newest intact checkpoint; arguments and returns as in `train`."""
    folder = RunFolder.open(path)
    checkpoint = find_checkpoint(folder.checkpoints)
    session = Session(folder.settings, on_load)
    networks = {name: load_network(checkpoint, name) for name in session.networks_state()}
    session.load(networks, load_state(checkpoint))
    evaluator = build_evaluator(folder.settings, session.device, session.board.source)
    folder.forget_after(session.step)
    return Loop(session, evaluator, folder, observer, stop).run(from_start=False)


class Loop:
    """Plays the rounds of one session and keeps its folder."""

    def __init__(
        self,
        session: Session,
        evaluator: Evaluator | TextEvaluator | None,
        folder: RunFolder,
        observer: Observer | None,
        stop: threading.Event | None,
    ) -> None:
        self.session, self.evaluator, self.folder = session, evaluator, folder
        self.settings = session.settings.training
        self.observer = observer or Silence()
        self.stop = stop or threading.Event()
        self._stopwatch = Stopwatch()

    def run(self, *, from_start: bool) -> Ending:
        """Play until the last round, a request to stop, or numbers that are not finite.

        Raises:
            RunFailedError: something failed the run: a full disk, memory, a worker; the last whole checkpoint is there.
        """
        try:
            return self._play(from_start=from_start)
        except Exception as error:
            sentence = f"Failed at step {self.session.step}: {str(error).rstrip('.') or type(error).__name__}."
            with contextlib.suppress(OSError):
                self._end(Outcome.FAILED, sentence)
            raise RunFailedError(f"{sentence} Go on with 'equipoise resume {self.folder.path}'.") from error

    def _play(self, *, from_start: bool) -> Ending:
        session = self.session
        self.observer.on_start(session.settings, session.step, describe(session), session.distances)
        self._stopwatch.rate(session.images)
        if from_start:
            self._between_rounds()
        while session.step < self.settings.steps:
            session.play_round()
            self.observer.on_progress(session.step)
            if (self._anything_due() or self.stop.is_set()) and not session.is_finite():
                return self._end(
                    Outcome.DIVERGED, f"Diverged: losses or weights were not finite at step {session.step}."
                )
            self._between_rounds()
            if self.stop.is_set() and session.step < self.settings.steps:
                self._save_checkpoint()
                return self._end(Outcome.STOPPED, f"Stopped on request after step {session.step}.")
        return self._end(Outcome.COMPLETE, f"Complete: all {session.step} steps were played.")

    def _due(self, every: int) -> bool:
        return self.session.step % every == 0 or self.session.step == self.settings.steps

    def _anything_due(self) -> bool:
        settings = self.settings
        cadences = [settings.log_every, settings.sample_every, settings.checkpoint_every]
        return any(self._due(every) for every in cadences + ([self.evaluator.every] if self.evaluator else []))

    def _between_rounds(self) -> None:
        if self.session.step and self._due(self.settings.log_every):
            self._log()
        with self._stopwatch.paused():
            if self.evaluator and self._due(self.evaluator.every):
                self._evaluate(self.evaluator)
            if self.session.board.source and self._due(self.settings.sample_every):
                self._draw(self.session.board.source)
            is_best = self.session.distances.get("best_step") == self.session.step
            if is_best or self._due(self.settings.checkpoint_every):
                self._save_checkpoint()

    def _log(self) -> None:
        self.session.seconds += self._stopwatch.lap()
        record = metrics_record(self.session, self._stopwatch.rate(self.session.images))
        self.folder.add_metrics(record)
        self.observer.on_metrics(record)

    def _evaluate(self, evaluator: Evaluator | TextEvaluator) -> None:
        session = self.session
        measured = evaluator.evaluate(session.generate)
        session.seconds += self._stopwatch.lap()
        session.note_distance(measured["values"][evaluator.judge], evaluator.judge)
        record = {"step": session.step, "images": session.images, "seconds": session.seconds, **measured}
        self.folder.add_evaluation(record)
        self.observer.on_evaluation(record)

    def _draw(self, source: Source) -> None:
        session = self.session
        number = NUM_PICTURED_POINTS if len(source.example_shape) == 1 else NUM_PICTURED_IMAGES
        latents = torch.Generator(session.device).manual_seed(derived_seed(session.settings.seed, "samples"))
        if vocabulary := vocabulary_of(source):
            save_lines(self.folder.sample_path(session.step, ".txt"), [session.generate(number, latents)], vocabulary)
            return
        real = next(iter(source.ordered(NUM_PICTURED_POINTS, session.device))).examples
        save_picture(self.folder.sample_path(session.step), session.generate(number, latents), real)

    def _save_checkpoint(self) -> None:
        session = self.session
        session.seconds += self._stopwatch.lap()
        save_checkpoint(self.folder.checkpoints, session.step, session.networks_state(), session.state_dict())
        best = session.distances.get("best_step")
        keep_only(self.folder.checkpoints, self.settings.keep_checkpoints, also=[] if best is None else [int(best)])

    def _end(self, outcome: Outcome, sentence: str) -> Ending:
        ending = Ending(outcome, sentence, self.session.step, self.session.distances)
        self.folder.write_ending(ending)
        self.observer.on_end(ending)
        return ending
