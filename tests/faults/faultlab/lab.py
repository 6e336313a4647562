"""Runs in processes that can be killed, and what a run folder holds, apart from the time it took."""

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

import yaml

from equipoise.config import RunSettings
from equipoise.config.files import merged

TIMES = ("seconds", "images_per_second")
SCENES: dict[str, dict[str, Any]] = {
    # The recipes of these names in small, with everything that a run can do in every few rounds.
    "ring": {
        "data": {"source": "ring"},
        "network": {"architecture": "mlp", "width": 8, "depth": 2, "disc_norm": "none", "gen_norm": "none"},
        "game": {"penalty": "r1-r2", "penalty_weight": 0.02, "latent_dim": 8},
        "disc": {"lr": 2e-3, "betas": (0.0, 0.99), "schedule": {"decay": "cosine", "final": 0.05}},
        "gen": {"lr": 2e-3, "betas": (0.0, 0.99), "schedule": {"decay": "cosine", "final": 0.05}},
        "evaluation": {"features": "points", "every": 4, "num_samples": 64, "batch_size": 64},
    },
    "digits": {
        "data": {"source": "digits"},
        "network": {"architecture": "dcgan", "width": 8, "disc_norm": "none", "gen_norm": "batch"},
        "game": {"penalty": "r1", "penalty_weight": 0.6, "latent_dim": 16},
        "disc": {"lr": 3e-3, "betas": (0.0, 0.9), "schedule": {"decay": "linear"}},
        "gen": {"lr": 4e-3, "betas": (0.0, 0.9), "schedule": {"decay": "linear"}},
        "evaluation": {"features": "digits", "every": 4, "num_samples": 80, "batch_size": 64},
    },
}
SMALL: dict[str, Any] = {
    **{"name": "run", "device": "cpu", "threads": 1},
    "training": {
        **{"steps": 16, "batch_size": 16, "ema": 0.9},
        **{"log_every": 3, "sample_every": 8, "checkpoint_every": 3, "keep_checkpoints": 2},
    },
}


def small(scene: str, root: Path, changes: dict[str, Any] | None = None) -> RunSettings:
    """The settings of a scene in a folder of its own."""
    values = merged(merged(RunSettings().model_dump(), SMALL), SCENES[scene])
    return RunSettings.model_validate(merged(values, {"root": str(root), **(changes or {})}))


class Lab:
    """A server of killable runs."""

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "faultlab.server"]
        paths = [str(Path(__file__).parents[1]), *sys.path]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(paths)}
        self._server = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server.stdin
        assert self._server.stdout
        self._server.stdin.close()
        self._server.wait()
        self._server.stdout.close()

    def run(self, *, kill_after: float | None = None, **job: Any) -> int:
        """Play a job (see `server`), killed after so many seconds; returns its status, 9 for a kill."""
        assert self._server.stdin
        self._server.stdin.write(json.dumps(job) + "\n")
        self._server.stdin.flush()
        process = self._answer("pid")
        if kill_after is not None:
            time.sleep(kill_after)
            with contextlib.suppress(ProcessLookupError):  # it was faster
                os.kill(process, signal.SIGKILL)
        return self._answer("status")

    def _answer(self, key: str) -> int:
        assert self._server.stdout
        return int(json.loads(self._server.stdout.readline())[key])

    def begin(self, settings: RunSettings, log: Path, **job: Any) -> int:
        """Start a run."""
        values = settings.model_dump(mode="json")
        return self.run(do="train", settings=values, root=settings.root, log=str(log), **job)

    def go_on(self, settings: RunSettings, log: Path, **job: Any) -> int:
        """Do what a person does after a kill: resume, or where not even the folder was made, start again."""
        path = Path(settings.root) / settings.name
        if not path.exists():
            return self.begin(settings, log, **job)
        return self.run(do="resume", path=str(path), root=settings.root, log=str(log), **job)


def content(root: Path) -> dict[str, str]:
    """Every file below ``root`` with a digest of all in it that is no time; temporaries and strangers would show."""
    return {
        path.relative_to(root).as_posix(): _digest(path)
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name not in (".lock", "manifest.json")
    }


def _digest(path: Path) -> str:
    if path.suffix == ".jsonl":
        data = repr([_timeless(json.loads(line)) for line in path.read_text().splitlines()]).encode()
    elif path.suffix == ".json":
        data = repr(_timeless(json.loads(path.read_text()))).encode()
    elif path.name == "config.yaml":
        data = repr(_timeless(yaml.safe_load(path.read_text()))).encode()
    else:
        data = path.read_bytes()
    return hashlib.sha256(data).hexdigest()


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _timeless(item) for key, item in value.items() if key not in (*TIMES, "root", "next")}
    return [_timeless(item) for item in value] if isinstance(value, list) else value


def differing(expected: dict[str, str], found: dict[str, str]) -> list[str]:
    """Names of files that are missing, added or other than expected."""
    return sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
