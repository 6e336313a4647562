"""Whether the runs of a study were played by the same versions on the same kind of machine, in words.

A study goes on under whatever version its command is given; numbers of two versions, or of a CPU and a GPU, may differ
by more than seeds do.
"""

from collections import Counter
from collections.abc import Sequence

from equipoise.core.words import listed
from equipoise.studies.folder import StudyFolder
from equipoise.studies.plan import PlannedRun, distinct
from equipoise.training.changes import CONDITIONS
from equipoise.training.run_folder import RunFolder


def environment_words(folder: StudyFolder, runs: Sequence[PlannedRun], *, timed: bool = False) -> list[str]:
    """A sentence where runs were begun under different conditions, else none.

    Args:
        folder: of the study.
        runs: that count; those that have not begun do not.
        timed: whether seconds are compared, so that the number of threads counts as well.
    """
    found = [RunFolder(folder.run_path(run), run.settings).environment() for run in distinct(runs)]
    names = [name for name in CONDITIONS if timed or name != "threads"]
    said = [words for name in names if (words := _differing([str(one[name]) for one in found if name in one], name))]
    if not said:
        return []
    return [f"Runs were not all played alike: {'; '.join(said)}. Differences between arms or seeds may come from that."]


def _differing(values: Sequence[str], name: str) -> str:
    counts = Counter(values)
    words = [f"{value} ({number} run{'s' * (number > 1)})" for value, number in counts.items()]
    return f"{name} {listed(words)}" if len(words) > 1 else ""
