"""The loop: rounds, and what is logged, measured, drawn and saved between them (`runs` starts it)."""

import contextlib
import threading
import warnings

import torch

from equipoise.core.errors import GuardWarning, PictureWarning, RunFailedError
from equipoise.core.outcomes import Ending, Outcome
from equipoise.core.seeding import derived_seed
from equipoise.data import Source
from equipoise.training.adapting.projection import save_projection
from equipoise.training.checkpoint import keep_only, save_checkpoint
from equipoise.training.closing_look import closing_look
from equipoise.training.endings import what_next, why_it_failed
from equipoise.training.guarding.guard import Finding, Guard
from equipoise.training.guarding.probe import Probe, probe
from equipoise.training.lines import save_lines, vocabulary_of
from equipoise.training.measuring.evaluator import AnyEvaluator
from equipoise.training.observer import Observer
from equipoise.training.pictures import NUM_PICTURED_IMAGES, NUM_PICTURED_POINTS, save_picture
from equipoise.training.records import Stopwatch, describe, metrics_record, spent
from equipoise.training.resuming import go_back, state_of
from equipoise.training.run_folder import RunFolder
from equipoise.training.session import Session


class Loop:
    """Plays the rounds of one session, keeps its folder, and does what the guard's settings ask for."""

    def __init__(
        self,
        session: Session,
        evaluator: AnyEvaluator | None,
        guard: Guard,
        folder: RunFolder,
        observer: Observer,
        stop: threading.Event | None,
    ) -> None:
        self.session, self.evaluator, self.guard, self.folder = session, evaluator, guard, folder
        self.settings = session.settings.training
        self.observer = observer
        self.stop = stop or threading.Event()
        self._stopwatch, self._stopping = Stopwatch(), False

    def run(self, *, from_start: bool) -> Ending:
        """Play until the last round, a request to stop, or trouble that the guard is to stop at.

        Raises:
            RunFailedError: something failed the run: a full disk, memory, a worker; the last whole checkpoint is there.
            KeyboardInterrupt: the same, with what was done noted in ``outcome.json``.
        """
        try:
            return self._play(from_start=from_start)
        except KeyboardInterrupt:
            with contextlib.suppress(OSError):
                self._end(Outcome.STOPPED, f"Interrupted at step {self.session.step}, before it was saved.")
            raise
        except Exception as error:
            sentence = f"Failed at step {self.session.step}: {why_it_failed(error)}."
            with contextlib.suppress(OSError):
                self._end(Outcome.FAILED, sentence)
            raise RunFailedError(f"{sentence} Go on with 'equipoise resume {self.folder.path}'.") from error

    def _play(self, *, from_start: bool) -> Ending:
        session = self.session
        self.observer.on_start(session.settings, session.step, describe(session), session.distances)
        self._stopwatch.rate(session.images)
        if not from_start:
            self._thin_out()  # a kill may have come between a checkpoint and the removal of older ones
        elif ending := self._between_rounds():
            return ending
        while session.step < self.settings.steps:
            session.play_round()
            self.observer.on_progress(session.step)
            self._stopping = False
            if (self._anything_due() or self.stop.is_set()) and (ending := self._between_rounds()):
                return ending
            if self._stopping and session.step < self.settings.steps:
                return self._end(Outcome.STOPPED, f"Stopped on request after step {session.step}.")
        if trouble := closing_look(session, self.evaluator, self.folder):
            warnings.warn(f"The closing pictures were not drawn ({trouble}).", PictureWarning, stacklevel=2)
        return self._end(Outcome.COMPLETE, f"Complete: all {session.step} steps were played.")

    def _due(self, every: int) -> bool:
        return self.session.step % every == 0 or self.session.step == self.settings.steps

    def _anything_due(self) -> bool:
        settings = self.settings
        cadences = [settings.log_every, settings.sample_every, settings.checkpoint_every]
        return any(self._due(every) for every in cadences + ([self.evaluator.every] if self.evaluator else []))

    def _between_rounds(self) -> Ending | None:
        """Log, measure, draw and save what is due, or asked for by a stop; how the run ends, if the guard ends it."""
        seen = probe(self.session)
        findings = self.guard.after_probe(seen)
        if self.session.step and self._due(self.settings.log_every):
            findings += self._log(seen)
        with self._stopwatch.paused():
            if not seen.broken or self.guard.policy("nonfinite") in ("ignore", "warn"):
                findings += self._measure_and_draw(seen)
            step = self.session.step
            if ending := self._act_on(findings):
                return ending
            # Read once, and after the evaluation, whose watcher may ask for it: what ends the run has been saved.
            self._stopping = self.stop.is_set()
            if self.session.step == step and not seen.broken:
                self._save_if_due()
        return None

    def _log(self, seen: Probe) -> list[Finding]:
        self.session.seconds += self._stopwatch.lap()
        record = metrics_record(self.session, self._stopwatch.rate(self.session.images))
        self.folder.add_metrics(record)
        self.observer.on_metrics(record)
        return self.guard.after_log(record["disc_loss"], seen.gen_gradient)

    def _measure_and_draw(self, seen: Probe) -> list[Finding]:
        findings = []
        if self.evaluator and self._due(self.evaluator.every):
            findings = self._evaluate(self.evaluator)
        if self.session.board.source and self._due(self.settings.sample_every) and not seen.broken:
            self._draw(self.session.board.source)
        return findings

    def _evaluate(self, evaluator: AnyEvaluator) -> list[Finding]:
        session = self.session
        measured = evaluator.evaluate(session.subject)
        session.seconds += self._stopwatch.lap()
        session.note_distance(measured["values"][evaluator.judge], evaluator.judge)
        record = {**spent(session), **measured}
        self.folder.add_evaluation(record)
        self.observer.on_evaluation(record)
        return self.guard.after_evaluation(measured["values"])

    def _draw(self, source: Source) -> None:
        session = self.session
        if domains := session.board.domains:
            save_projection(self.folder.sample_path(session.step, ".npz"), session.subject, domains, session.settings)
            return
        number = NUM_PICTURED_POINTS if len(source.example_shape) == 1 else NUM_PICTURED_IMAGES
        latents = torch.Generator(session.device).manual_seed(derived_seed(session.settings.seed, "samples"))
        vocabulary = vocabulary_of(source)
        path = self.folder.sample_path(session.step, ".txt" if vocabulary else ".png")
        if vocabulary:
            save_lines(path, [session.generate(number, latents)], vocabulary)
        else:
            real = next(iter(source.ordered(NUM_PICTURED_POINTS, session.device))).examples
            save_picture(path, session.generate(number, latents), real)
        self.observer.on_sample(session.step, path)

    def _save_if_due(self) -> None:
        is_best = self.session.distances.get("best_step") == self.session.step
        if is_best or self._due(self.settings.checkpoint_every) or self._stopping:
            self._save_checkpoint()

    def _save_checkpoint(self) -> None:
        session, guard = self.session, self.guard
        session.seconds += self._stopwatch.lap()
        guard.note_checkpoint(session.step)
        self.folder.flush_records()
        save_checkpoint(self.folder.checkpoints, session.step, session.networks_state(), state_of(session, guard))
        self._thin_out()

    def _thin_out(self) -> None:
        kept = (self.session.distances.get("best_step"), self.guard.good_step)
        keep_only(
            self.folder.checkpoints,
            self.settings.keep_checkpoints,
            also=[int(step) for step in kept if step is not None],
        )

    def _act_on(self, findings: list[Finding]) -> Ending | None:
        """Do what the policies ask for: all warnings, then the one thing that ends the run or goes back."""
        for finding in findings:
            if finding.policy == "warn":
                self._warn(finding)
        for policy, act in (("stop", self._stop_at), ("rollback", self._go_back)):
            for finding in findings:
                if finding.policy == policy:
                    return act(finding)
        return None

    def _warn(self, finding: Finding) -> None:
        sentence = f"At step {self.session.step} {finding.words}."
        self.guard.note_warning(sentence)
        self._record(finding, "warn", self.session.step)
        warnings.warn(sentence, GuardWarning, stacklevel=2)

    def _stop_at(self, finding: Finding, why: str = "") -> Ending:
        self._record(finding, "stop", self.session.step)
        return self._end(Outcome.DIVERGED, f"Diverged at step {self.session.step}: {finding.words}{why}.", finding)

    def _go_back(self, finding: Finding) -> Ending | None:
        left = self.session.step
        if not self.guard.may_go_back:
            return self._stop_at(finding, f", after {self.guard.num_rollbacks} rollbacks")
        self.session.seconds += self._stopwatch.lap()
        if not go_back(self.session, self.guard, self.folder):
            return self._stop_at(finding, ", and there is no good checkpoint to go back to")
        self._stopwatch.rate(self.session.images)
        to = {"to_step": self.session.step, "number": self.guard.num_rollbacks, "rate_factor": self.guard.rate_factor}
        self._record(finding, "rollback", left, **to)
        sentence = f"At step {left} {finding.words}; back to step {self.session.step}"
        warnings.warn(f"{sentence}, at {to['rate_factor']:g} of the rates.", GuardWarning, stacklevel=2)
        return None

    def _record(self, finding: Finding, done: str, step: int, **more: float) -> None:
        self.guard.num_events += 1
        event = {"step": step, "found": finding.detector, "done": done, **more, "sentence": finding.words}
        self.folder.add_event(event)

    def _end(self, outcome: Outcome, sentence: str, finding: Finding | None = None) -> Ending:
        session = self.session
        words = " ".join(part for part in (sentence, self.guard.summary) if part)
        next_step = what_next(
            outcome, session, self.folder.path, None if finding is None else finding.detector, self.guard
        )
        ending = Ending(outcome, words, session.step, session.distances, next_step)
        self.folder.write_ending(ending)
        self.observer.on_end(ending)
        return ending
