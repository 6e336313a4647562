"""What a person reads at the end of a run: why it failed, and what to type next."""

import shlex
from pathlib import Path

from equipoise.core.errors import EquipoiseError
from equipoise.core.outcomes import Outcome
from equipoise.training.guarding.guard import Guard
from equipoise.training.session import Session


def why_it_failed(error: Exception) -> str:
    """An exception in words, without full stop.

    >>> why_it_failed(OSError(28, "No space left on device", "runs/a/metrics.jsonl"))
    "No space left on device ('runs/a/metrics.jsonl')"
    >>> why_it_failed(MemoryError())
    'the memory is full'
    """
    if isinstance(error, MemoryError):
        return "the memory is full"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror + (f" ('{error.filename}')" if error.filename else "")
    words = " ".join(str(error).split()).rstrip(".")
    if isinstance(error, EquipoiseError):
        return words
    return words[:500] or type(error).__name__


def what_next(outcome: Outcome, session: Session, path: Path, found: str | None, guard: Guard) -> str:
    """What to type after a run that ended so.

    Args:
        outcome: how it ended.
        session: as it ended.
        path: of the run folder.
        found: what the guard stopped at, if it did.
        guard: of the run.
    """
    run = shlex.quote(str(path))
    if outcome in (Outcome.STOPPED, Outcome.FAILED):
        return f"Go on with: equipoise resume {run}"
    if outcome is Outcome.COMPLETE:
        if session.board.domains:
            return f"Apply the classifier: equipoise predict {run} IMAGES" if _can_predict(session) else ""
        return f"Make examples with: equipoise sample {run}" if session.board.source else ""
    use = _best_checkpoint(session, run)
    if found and guard.may_go_back:
        return f"{use}Go back and on at lower rates: equipoise resume {run} --guard.{found.replace('_', '-')} rollback"
    rates = " ".join(
        f"--{name}.lr {settings.lr * guard.rate_factor / 2:g}"
        for name, settings in (("disc", session.settings.disc), ("gen", session.settings.gen))
    )
    name = shlex.quote(f"{session.settings.name}-slower")
    return f"{use}Start again at lower rates: equipoise train --config {run}/config.yaml --name {name} {rates}"


def _can_predict(session: Session) -> bool:
    """Whether the run trains a classifier that is meant for images: bounds are made to compare with."""
    domains, is_bound = session.board.domains, session.settings.adaptation.baseline != "none"
    return domains is not None and not is_bound and len(domains.source.train.example_shape) == 3


def _best_checkpoint(session: Session, run: str) -> str:
    """A line with the command that uses the best checkpoint, or nothing where there is none to use."""
    best = session.distances.get("best_step")
    if best is None or (session.board.domains and not _can_predict(session)):
        return ""
    command = f"predict {run} IMAGES" if session.board.domains else f"sample {run}"
    return f"The best checkpoint: equipoise {command} --step {best}\n"
