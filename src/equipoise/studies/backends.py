"""Where the runs of a study are played: in this process, over local processes (joblib), or on Ray.

A backend is given tasks and yields reports as they come. It knows nothing of studies: what has been done is on disk, so
that any of them can go on with what another began. A worker that dies (killed, out of memory) takes the tasks of its
pool with it; the backend says so by `WorkerDiedError`, and the engine asks the disk what is left.
"""

import contextlib
import os
import signal
import socket
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from equipoise.core.errors import EquipoiseError, UserError
from equipoise.data.kept import keep_sources, sources_kept
from equipoise.studies.play import Report, Task, play


class WorkerDiedError(EquipoiseError):
    """A worker process ended without a word."""


class Backend(Protocol):
    """Plays tasks, several at a time."""

    def run(self, tasks: Sequence[Task]) -> Iterator[Report]:
        """Reports of ``tasks`` in the order in which they end.

        Raises:
            WorkerDiedError: a worker died; tasks without a report may or may not have been played.
        """
        ...


class Here:
    """One task after the other in this process."""

    def run(self, tasks: Sequence[Task]) -> Iterator[Report]:
        """See `Backend.run`."""
        with sources_kept():
            yield from map(play, tasks)


@dataclass(frozen=True)
class Processes:
    """Local processes of joblib's loky, which are kept from one task to the next.

    Attributes:
        workers: how many, two or more.
        threads: CPU threads each may use.
    """

    workers: int
    threads: int = 1

    def run(self, tasks: Sequence[Task]) -> Iterator[Report]:
        """See `Backend.run`; workers end when this process does."""
        from joblib import Parallel, delayed, parallel_config
        from joblib.externals.loky.process_executor import TerminatedWorkerError

        leashed = [replace(task, leash=replace(task.leash, parent=os.getpid())) for task in tasks]
        try:
            with warnings.catch_warnings(), parallel_config("loky", inner_max_num_threads=self.threads):
                warnings.filterwarnings("ignore", message="A worker stopped while some jobs were given")
                pool = Parallel(self.workers, return_as="generator_unordered", batch_size=1, pre_dispatch="n_jobs")
                yield from pool(delayed(_play_undisturbed)(task) for task in leashed)
        except TerminatedWorkerError as error:
            raise WorkerDiedError("A worker process died.") from error


@dataclass(frozen=True)
class OnRay:
    """A Ray cluster: one that runs already, by its address, or one of this machine for as long as the study lasts.

    Every machine must see the study's folder under the same path.

    Attributes:
        workers: tasks at a time.
        address: of a running cluster (host:port, or auto); None starts a local one.
        gpus: GPUs of each task; a fraction lets several share one.
    """

    workers: int
    address: str | None = None
    gpus: float = 0.0

    def run(self, tasks: Sequence[Task]) -> Iterator[Report]:
        """See `Backend.run`.

        Raises:
            UserError: Ray is not installed, or there is no cluster at the address.
        """
        ray = _import_ray()
        with self._connected(ray):
            remote = ray.remote(num_cpus=1, num_gpus=self.gpus, max_retries=0)(play)
            waiting: list[Task] = list(tasks)
            playing: list[Any] = []
            while waiting or playing:
                while waiting and len(playing) < self.workers:
                    playing.append(remote.remote(waiting.pop(0)))
                done, playing = ray.wait(playing, num_returns=1)
                try:
                    yield ray.get(done[0])
                except ray.exceptions.RayError as error:
                    raise WorkerDiedError("A worker of Ray died.") from error

    @contextlib.contextmanager
    def _connected(self, ray: Any) -> Iterator[None]:
        options: dict[str, Any] = {"address": self.address} if self.address else self._local()
        try:
            if self.address:
                _knock(self.address)
            ray.init(**options, log_to_driver=False, logging_level="ERROR")
        except Exception as error:
            where = f"There is no Ray cluster at {self.address!r}" if self.address else "Ray cannot be started here"
            raise UserError(
                f"{where} ({str(error).splitlines()[0].rstrip('.')}); start one with 'ray start --head', or choose "
                f"--backend processes."
            ) from error
        try:
            yield
        finally:
            ray.shutdown()

    def _local(self) -> dict[str, Any]:
        return {"address": "local", "num_cpus": self.workers, "include_dashboard": False}


def _play_undisturbed(task: Task) -> Report:
    """`play` in a process that leaves Ctrl-C to its engine."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep_sources()
    return play(task)


def _knock(address: str) -> None:
    """Raise OSError if nothing answers at host:port; Ray itself would try for minutes."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if colon and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), timeout=5).close()


def _import_ray() -> Any:
    try:
        import ray
    except ModuleNotFoundError as error:
        raise UserError("Ray is not installed; 'pip install equipoise[ray]', or choose --backend processes.") from error
    return ray
