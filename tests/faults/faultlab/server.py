"""A process that has imported everything once and forks a child for each job: a kill then costs no import.

    python -m faultlab.server    reads one job (JSON) a line, answers with two lines: {"pid": ...}, then {"status": ...}

A job: ``do`` ("train" or "resume"), ``settings`` or ``path``, ``log`` (where the child's output goes), ``count``
(a file for the number of file-system calls below ``root``), and ``kill_at`` (the call before which it dies).
With ``torn`` it first leaves half a line in the record that the call would have appended to.
"""

import json
import os
import signal
import sys
import warnings
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from equipoise.config import RunSettings
from equipoise.training import resume, train
from equipoise.training.measuring.evaluator import build_evaluator
from equipoise.training.session import Session
from faultlab.lab import SCENES, small

CALLS = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.truncate", "shutil.rmtree")


class Counter:
    """Counts what happens to files below ``root``, and dies before the one chosen."""

    def __init__(self, root: str, kill_at: int | None, *, torn: bool) -> None:
        self.root, self.kill_at, self.torn, self.number = root, kill_at, torn, 0
        self._fsync = os.fsync
        os.fsync = self.fsync  # the one call that is not audited
        sys.addaudithook(self.hook)

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and str(arguments[0]).startswith(self.root):
            self.step(str(arguments[0]), appends=arguments[1] == "a")
        elif event in CALLS and str(arguments[0]).startswith(self.root):
            self.step(str(arguments[0]), appends=False)

    def fsync(self, descriptor: int) -> None:
        self.step("", appends=False)
        self._fsync(descriptor)

    def step(self, path: str, *, appends: bool) -> None:
        self.number += 1
        if self.kill_at is None or self.number < self.kill_at or (self.torn and not appends):
            return
        if self.torn:
            descriptor = os.open(path.encode(), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            os.write(descriptor, b'{"step": 3, "images": 4')
        os.kill(os.getpid(), signal.SIGKILL)


def play(job: dict[str, Any]) -> None:
    """What the child does."""
    warnings.simplefilter("ignore")
    with open(job["log"], "a") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    counter = Counter(job["root"], job.get("kill_at"), torn=job.get("torn", False))
    if job["do"] == "train":
        train(RunSettings.model_validate(job["settings"]))
    else:
        resume(Path(job["path"]))
    if job.get("count"):
        Path(job["count"]).write_text(str(counter.number))


def warm_up() -> None:
    """Import what training imports late; nothing here starts the threads of autograd, which no fork survives."""
    for scene in SCENES:
        session = Session(small(scene, Path("nowhere")))
        build_evaluator(session.settings, session.device, session.board.source)
        for player in (session.match.disc, session.match.gen):
            player.apply(tuple(torch.zeros_like(parameter) for parameter in player.parameters))
    Image.init()


def main() -> None:
    torch.set_num_threads(1)
    warm_up()
    for line in sys.stdin:
        job = json.loads(line)
        if not (pid := os.fork()):
            code = 1
            try:
                play(job)
                code = 0
            except BaseException:
                import traceback

                traceback.print_exc()
                sys.stderr.flush()
            finally:
                os._exit(code)
        print(json.dumps({"pid": pid}), flush=True)
        print(json.dumps({"status": os.waitpid(pid, 0)[1]}), flush=True)


if __name__ == "__main__":
    main()
