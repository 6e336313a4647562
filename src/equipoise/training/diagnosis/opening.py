"""A session brought to a checkpoint of its run, to be looked at."""

import warnings

from torch import Tensor

from equipoise.config.diagnosis import DiagnosisSettings
from equipoise.core.errors import DataWarning
from equipoise.training.checkpoint import load_state, read_checkpoint
from equipoise.training.resuming import bring_to, load_networks
from equipoise.training.run_folder import RunFolder
from equipoise.training.runs import new_guard
from equipoise.training.session import Session


def load_checkpoint(folder: RunFolder, session: Session, step: int | None) -> None:
    """Bring ``session`` to a checkpoint, with the numbers in force that its next round would have.

    Args:
        folder: of the run.
        session: built from the run's settings; it may stand at another checkpoint.
        step: of the checkpoint; None for the newest intact one.

    Raises:
        UserError: there is no such checkpoint, or it does not fit the session.

    Warns:
        DataWarning: the data are not those that the run was trained on.
    """
    state, networks = read_checkpoint(
        folder.checkpoints, lambda found: (load_state(found), load_networks(found, session)), step
    )
    if state.get("data", session.data_fingerprint) != session.data_fingerprint:
        words = f"The data have changed since step {state['step']} was saved: it is measured on other examples."
        warnings.warn(words, DataWarning, stacklevel=2)
    guard = new_guard(session)
    guard.load_state_dict(state.get("guard", {}))
    bring_to(session, guard, networks, state)
    session.set_numbers()


def start_of_path(folder: RunFolder, session: Session, settings: DiagnosisSettings) -> tuple[tuple[Tensor, ...], int]:
    """The weights that the path begins with, and their step: a checkpoint's, or those that a new session has."""
    if settings.path_from is not None:
        load_checkpoint(folder, session, settings.path_from)
    game = session.board.game
    weights = [*game.disc.parameters(), *game.gen.parameters()]
    return tuple(parameter.detach().clone() for parameter in weights), session.step
