"""A long run, and whether its process grows: memory, open files, threads.

python -m faultlab.longrun FOLDER STEPS        prints {"rss_mib": [...], "files": [...], "threads": [...]}
"""

import gc
import json
import os
import subprocess
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

CHANGES: dict[str, Any] = {
    "training": {"log_every": 20, "sample_every": 500, "checkpoint_every": 50, "keep_checkpoints": 2},
    "evaluation": {"every": 100},
}


def measure(folder: Path, num_steps: int) -> dict[str, list[float]]:
    """Play a tiny ring run in a process of its own, measuring and saving all the while; one entry per evaluation."""
    paths = [str(Path(__file__).parents[1]), *sys.path]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, "-m", "faultlab.longrun", str(folder), str(num_steps)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    found: dict[str, list[float]] = json.loads(result.stdout.splitlines()[-1])
    return found


def growth(values: list[float]) -> float:
    """How much higher the last fifth lies than the second one: start-up is past, and a leak would have grown."""
    fifth = len(values) // 5
    return max(values[-fifth:]) - max(values[fifth : 2 * fifth])


def main() -> None:
    from equipoise.training import train
    from faultlab.lab import small

    class Meter:
        def __init__(self) -> None:
            self.found: dict[str, list[float]] = {"rss_mib": [], "files": [], "threads": []}

        def on_evaluation(self, record: dict[str, Any]) -> None:
            gc.collect()
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            self.found["rss_mib"].append(pages * os.sysconf("SC_PAGE_SIZE") / 2**20)
            self.found["files"].append(len(os.listdir("/proc/self/fd")))
            self.found["threads"].append(len(os.listdir("/proc/self/task")))
            assert threading.active_count() == 1

        def on_start(self, *_: Any) -> None: ...
        def on_progress(self, step: int) -> None: ...
        def on_metrics(self, record: dict[str, Any]) -> None: ...
        def on_sample(self, *_: Any) -> None: ...
        def on_end(self, ending: Any) -> None: ...

    warnings.simplefilter("ignore")
    meter = Meter()
    changes = {**CHANGES, "training": {**CHANGES["training"], "steps": int(sys.argv[2])}}
    train(small("ring", Path(sys.argv[1]), changes), meter)
    print(json.dumps(meter.found))


if __name__ == "__main__":
    main()
