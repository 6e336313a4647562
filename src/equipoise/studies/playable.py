"""Whether the runs of a study can be built at all, asked before its folder is made."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from equipoise.config import RunSettings
from equipoise.data.kept import sources_kept
from equipoise.studies.folder import StudyFolder
from equipoise.studies.plan import PlannedRun
from equipoise.training.session import Session


def require_buildable(settings: Iterable[RunSettings]) -> None:
    """Build a session of each of ``settings``, data and networks, and drop it.

    Raises:
        UserError: one cannot be built.
    """
    with sources_kept():
        for one in settings:
            Session(one.model_copy(update={"threads": 1}))


def require_playable(path: Path, runs: Sequence[PlannedRun]) -> None:
    """Build the first run of every arm that has not begun in the study folder ``path``, which need not be there.

    Raises:
        UserError: one cannot be built.
    """
    firsts = {run.labels["arm"]: run for run in reversed(runs)}
    folder = StudyFolder(path)
    require_buildable(run.settings for run in firsts.values() if not folder.run_path(run).exists())
