"""Going on from a checkpoint: after a stop or a kill, and after the guard went back.

Going back is a resume with two differences: both players' rates are multiplied by a factor, and all streams of
randomness (data order, latents, penalties) begin afresh from the run's seed and the number of the rollback. So the
part that is played again differs from the first, and every repetition of it is the same.
"""

import itertools
import shutil
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from torch import Tensor

from equipoise.core.errors import ResumeWarning, UserError
from equipoise.training.changes import environment_changes, settings_changes
from equipoise.training.checkpoint import (
    checkpoint_path,
    checkpoint_steps,
    find_checkpoint,
    load_network,
    load_state,
)
from equipoise.training.guarding.guard import Guard
from equipoise.training.guarding.probe import floating
from equipoise.training.run_folder import RunFolder, environment
from equipoise.training.session import Session

Networks = dict[str, dict[str, Tensor]]


def state_of(session: Session, guard: Guard) -> dict[str, Any]:
    """Everything but the networks' weights: what `take_up` goes on from."""
    return {
        **session.state_dict(),
        "guard": guard.state_dict(),
        "settings": session.settings.model_dump(mode="json"),
        "environment": environment(),
        "device": session.device.type,
        "data": session.data_fingerprint,
    }


def take_up(session: Session, guard: Guard, folder: RunFolder) -> bool:
    """Bring a new session and guard to the newest intact checkpoint; says whether there was any.

    A run that was killed before its first checkpoint has none, and nothing to lose: it begins at the beginning.

    Raises:
        UserError: no checkpoint is intact, more steps are played than the settings ask for, or the settings or data
            have changed so that this would be another run.

    Warns:
        ResumeWarning: settings, versions, machine or data have changed.
    """
    if not checkpoint_steps(folder.checkpoints) and not folder.has_played():
        return False
    checkpoint = find_checkpoint(folder.checkpoints)
    state = load_state(checkpoint)
    _require_length(session.settings.training.steps, state["step"])
    changes = settings_changes(state.get("settings", {}), session.settings)
    changes += environment_changes(state.get("environment") or folder.environment(), environment())
    if state.get("data", session.data_fingerprint) != session.data_fingerprint:
        changes.append("the data (or the times at which their files were changed)")
    if changes:
        words = f"Changed since step {state['step']} was saved: {'; '.join(changes)}."
        warnings.warn(words, ResumeWarning, stacklevel=3)
    guard.load_state_dict(state.get("guard", {}))
    bring_to(session, guard, load_networks(checkpoint, session), state)
    return True


def _require_length(num_steps: int, played: int) -> None:
    if num_steps < played:
        raise UserError(
            f"training.steps is {num_steps}, but {played} steps of this run are played and saved already; give "
            f"{played} or more."
        )


def load_networks(checkpoint: Path, session: Session) -> Networks:
    """Weights of all networks of a session from a checkpoint."""
    return {name: load_network(checkpoint, name) for name in session.networks_state()}


def bring_to(session: Session, guard: Guard, networks: Networks, state: dict[str, Any]) -> None:
    """Bring a session to a checkpoint, with the rates and streams that ``guard`` has come to.

    Raises:
        UserError: the checkpoint does not fit the session.
    """
    session.streams.branch = _branch(guard)
    has_moved = state.get("device", session.device.type) != session.device.type
    if has_moved:  # generators of another kind of device cannot be taken up
        state = {**state, "streams": {}, "loader": session.board.loader.state_dict()}
    try:
        session.load(networks, state)
    except (RuntimeError, KeyError, ValueError, TypeError) as error:
        if isinstance(error, UserError):
            raise
        reason = str(error).partition("\n")[0].rstrip(".")
        raise UserError(
            f"The checkpoint of step {state['step']} does not fit the settings or this version of Equipoise "
            f"({reason}); resume it with those that it was made with."
        ) from error
    _set_rates(session, guard.rate_factor)
    if has_moved:
        _draw_afresh(session, f"{session.device.type} at step {session.step}")


def _set_rates(session: Session, factor: float) -> None:
    for player, settings in ((session.match.disc, session.settings.disc), (session.match.gen, session.settings.gen)):
        player.base_rates = [settings.lr * factor for _ in player.base_rates]


def _draw_afresh(session: Session, branch: str) -> None:
    session.streams.begin_branch(branch)
    session.board.loader.restart()


def _branch(guard: Guard) -> str:
    return f"rollback {guard.num_rollbacks}" if guard.num_rollbacks else ""


def go_back(session: Session, guard: Guard, folder: RunFolder) -> bool:
    """Bring session, guard and folder back to the last good checkpoint; says whether there was any.

    What lies past it in the folder is dropped, but for the best checkpoint, which is kept under another name.
    """
    seconds = session.seconds
    found = next(_good_checkpoints(session, folder, guard.targets()), None)
    if found is None:
        return False
    networks, state = found
    _set_best_aside(session, guard, folder, state["step"])
    guard.go_back(state["guard"], state["step"])
    bring_to(session, guard, networks, state)
    session.seconds = seconds
    _draw_afresh(session, _branch(guard))
    folder.forget_after(session.step, num_events=guard.num_events)
    return True


def _good_checkpoints(
    session: Session, folder: RunFolder, targets: Iterable[int]
) -> "itertools.chain[tuple[Networks, dict[str, Any]]]":
    return itertools.chain.from_iterable(_finite_checkpoints(session, folder, target) for target in targets)


def _finite_checkpoints(session: Session, folder: RunFolder, target: int) -> Iterable[tuple[Networks, dict[str, Any]]]:
    """Checkpoints of at most ``target``, the newest first: whole, of this version, and finite all through."""
    while any(step <= target for step in checkpoint_steps(folder.checkpoints)):
        try:
            checkpoint = find_checkpoint(folder.checkpoints, not_after=target)
        except UserError:
            return
        networks, state = load_networks(checkpoint, session), load_state(checkpoint)
        if "guard" in state and all(bool(tensor.isfinite().all()) for tensor in floating([networks, state])):
            yield networks, state
        target = state["step"] - 1


def _set_best_aside(session: Session, guard: Guard, folder: RunFolder, target: int) -> None:
    best = session.distances.get("best_step")
    if best is None or int(best) <= target:
        return
    path = checkpoint_path(folder.checkpoints, int(best))
    aside = folder.checkpoints / f"before-rollback-{guard.num_rollbacks + 1}-{path.name}"
    if path.exists():
        shutil.rmtree(aside, ignore_errors=True)  # the same, of a run that was killed here and has come here again
        path.rename(aside)
