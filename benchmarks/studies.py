"""Checks of the study engine and of the batch-size analysis that take too long for the test suite.

    python benchmarks/studies.py coverage [--repetitions 500]      intervals of b* on synthetic truth
    python benchmarks/studies.py kill [--backend processes|ray] [--kills 20] [--steps 1500]
    python benchmarks/studies.py mnist --data FOLDER [--steps 1200]   noise scale of plain classification, about 900
    python benchmarks/studies.py cost [--rounds 400]               what measuring the gradient noise costs a run
    python benchmarks/studies.py overhead [--steps 3000]           what the engine adds to runs played one by one

*coverage*: the share of repetitions whose 95 % interval holds the true b*, for hyperbolas with realistic scatter,
coarse evaluation cadence and censored runs; wanted 90 to 99 %. *kill*: a study of 24 short runs whose engine and
workers are killed at random moments; wanted 24 complete, 0 duplicated, 0 lost, all bit for bit as if undisturbed.
*mnist*: McCandlish et al. 2018 give a noise scale of about 900 examples for MNIST late in training.
"""

import argparse
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn
from torch.func import functional_call, grad, vmap
from torch.nn import functional

from equipoise.config import DataSettings, RunSettings
from equipoise.config.files import merged
from equipoise.core.files import read_json_lines
from equipoise.data import build_source
from equipoise.recipes import RECIPES
from equipoise.studies.backends import Backend, Here, OnRay, Processes
from equipoise.studies.batch_size.fitting import fit
from equipoise.studies.batch_size.laws import Hyperbola
from equipoise.studies.batch_size.profile import critical_batch_interval
from equipoise.studies.engine import Engine
from equipoise.studies.folder import Status, StudyFolder, ToTheEnd
from equipoise.studies.plan import PlannedRun
from equipoise.studies.reaches import Reach
from equipoise.training import train
from equipoise.training.noise import NoiseAverage, from_norms
from equipoise.training.session import Session

SIZES = (4, 8, 16, 32, 64, 128, 256, 512)
TIMES = ("seconds", "images_per_second")
SHARE_AT_WORK = 0.8
"""Of the kills, once workers play; the others come at any time."""


def coverage(repetitions: int) -> None:
    """Print the share of intervals that hold the truth, case by case."""
    cases = ((1.0, 0.15, 8000), (3.0, 0.15, 8000), (10.0, 0.15, 3000), (30.0, 0.25, 2500))
    for (smallest, scatter, budget), uneven in itertools.product(cases, (False, True)):
        held, estimates = 0, []
        for number in range(repetitions):
            found = synthetic_runs(smallest, scatter, budget, np.random.default_rng(number), uneven=uneven)
            interval = critical_batch_interval(fit(Hyperbola(), found), found)
            assert interval.low is not None
            assert interval.high is not None
            held += interval.low <= 2 * smallest <= interval.high
            estimates.append(interval.value)
        kind = " uneven" if uneven else ""
        print(
            f"b* {2 * smallest:g}, scatter {scatter:.0%}{kind}, budget {budget}: covered {held / repetitions:.1%} of "
            f"{repetitions}, median estimate {np.median(estimates):.3g}",
            flush=True,
        )


def synthetic_runs(
    smallest: float, scatter: float, budget: float, generator: np.random.Generator, *, uneven: bool
) -> list[Reach]:
    """Five seeds at each size on a hyperbola of 500 steps at least, evaluated every 25 steps.

    Uneven scatter is heavy-tailed (Student's with 4 degrees of freedom, at unit variance) and larger at small batches.
    """
    found = []
    for size in SIZES:
        for seed in range(5):
            noise = generator.normal()
            if uneven:
                noise = (0.5 + 2 * smallest / size) * generator.standard_t(4) / np.sqrt(2)
            steps = 500 / (1 - smallest / size) * np.exp(scatter * noise) if size > smallest else np.inf
            met = steps <= budget
            seen = float(np.ceil(steps / 25) * 25 - 12.5) if met else float(budget)
            found.append(Reach(size, seed, seen, met=bool(met), half_width=12.5 if met else 0.0))
    return found


def ring_plan(steps: int, number: int = 24) -> list[PlannedRun]:
    """Short runs on the ring: ``number`` of them."""
    base = RECIPES["ring"].settings().model_dump()
    changes = {
        "network": {"width": 32, "depth": 2},
        "training": {"steps": steps, "log_every": 100, "sample_every": steps, "checkpoint_every": 100},
        "evaluation": {"every": 250, "num_samples": 1000},
    }
    arms = [(size, seed) for size in (32, 64, 128, 256) for seed in range(number // 4)]
    return [
        PlannedRun(
            RunSettings.model_validate(merged(base, merged(changes, {"seed": seed, "training": {"batch_size": size}}))),
            {"batch_size": size, "seed": seed},
        )
        for size, seed in arms
    ]


def make_backend(name: str) -> Backend:
    """Two workers of the kind asked for."""
    backends: dict[str, Callable[[], Backend]] = {
        "here": Here,
        "processes": lambda: Processes(2),
        "ray": lambda: OnRay(2),
    }
    return backends[name]()


def play_study(folder: Path, steps: int, backend: str) -> None:
    """What a killed engine was doing: the whole study, from wherever it stands."""
    study = StudyFolder.open(folder, {"kind": "kill"})
    standings = Engine(study, ring_plan(steps), ToTheEnd(), make_backend(backend)).run()
    assert {standing.status for standing in standings.values()} == {Status.COMPLETE}, standings


def kill(backend: str, kills: int, steps: int) -> None:
    """Kill an engine or a worker ``kills`` times and compare with an undisturbed study."""
    chance = random.Random(0)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        play_study(root / "undisturbed", steps, "here")
        num_engines = _disturbed(root / "disturbed", backend, kills, steps, chance)
        runs = ring_plan(steps)
        found = sorted(path.name for path in (root / "disturbed" / "runs").iterdir())
        lost = sum(run.key not in found for run in runs)
        repeated = sum(_has_repeats(root / "disturbed" / "runs" / key) for key in found)
        same = sum(
            trace(root / "undisturbed" / "runs" / run.key) == trace(root / "disturbed" / "runs" / run.key)
            for run in runs
        )
        print(
            f"{backend}: {kills} kills, {num_engines} engines, {len(found)} of {len(runs)} runs, {lost} lost, "
            f"{repeated} with repeated records, {same} bit for bit as undisturbed"
        )
        assert (len(found), lost, repeated, same) == (len(runs), 0, 0, len(runs))


def _disturbed(folder: Path, backend: str, kills: int, steps: int, chance: random.Random) -> int:
    """Play a study to its end under kills; returns how many engines it took."""
    command = [sys.executable, __file__, "play", "--folder", str(folder), "--backend", backend, "--steps", str(steps)]
    process, num_engines, done = subprocess.Popen(command), 1, 0
    while True:
        if chance.random() < SHARE_AT_WORK:
            _wait_for_workers(process)
        ended_by_itself = _ended_within(process, chance.uniform(1, 6))
        if ended_by_itself and process.returncode == 0:
            assert done == kills, f"the study was complete after {done} of {kills} kills; give more --steps"
            return num_engines
        if not ended_by_itself and done < kills:
            workers = _workers(process.pid)
            victim = chance.choice([process.pid, *workers[:1]])
            os.kill(victim, signal.SIGKILL)
            done += 1
            print(f"kill {done}: {'engine' if victim == process.pid else 'worker'}", flush=True)
            ended_by_itself = _ended_within(process, 1.0)
        if process.poll() is not None:
            process, num_engines = subprocess.Popen(command), num_engines + 1


def _wait_for_workers(process: subprocess.Popen[bytes]) -> None:
    """Return once workers play, which takes Ray a while, or the engine has ended."""
    while process.poll() is None and not _workers(process.pid):
        time.sleep(0.2)


def _ended_within(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _workers(engine: int) -> list[int]:
    """Processes of the engine's own that play runs: loky's children, or Ray's workers below its daemons."""
    parents, names = {}, {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(path.name)] = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            names[int(path.name)] = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
    below = [process for process in parents if _is_below(process, engine, parents)]
    return [
        process for process in below if "loky.backend.popen_loky" in names[process] or "ray::play" in names[process]
    ]


def _is_below(process: int, engine: int, parents: dict[int, int]) -> bool:
    while process in parents:
        process = parents[process]
        if process == engine:
            return True
    return False


def trace(folder: Path) -> str:
    """All that a run leaves, but for its times, as one comparable text."""
    records = [
        [{key: value for key, value in record.items() if key not in TIMES} for record in read_json_lines(folder / name)]
        for name in ("metrics.jsonl", "evaluations.jsonl")
    ]
    newest = max(folder.glob("checkpoints/step-*"))
    tensors = {
        f"{file.stem}/{name}": tensor.flatten().tolist()
        for file in sorted(newest.glob("*.safetensors"))
        for name, tensor in sorted(load_file(file).items())
    }
    outcome = json.loads((folder / "outcome.json").read_text())
    del outcome["next"]  # a command with the folder's path
    return json.dumps([records, newest.name, tensors, outcome])


def _has_repeats(folder: Path) -> bool:
    steps = [record["step"] for record in read_json_lines(folder / "evaluations.jsonl")]
    return len(steps) != len(set(steps))


def mnist(data: Path, steps: int) -> None:
    """Noise scale of a small convolutional classifier along its training, by single examples and by two batch sizes."""
    source = build_source(DataSettings(source="table", path=str(data)), torch.device("cpu"))
    torch.manual_seed(0)
    model = nn.Sequential(
        *(nn.Conv2d(1, 16, 5, 2), nn.ReLU(), nn.Conv2d(16, 32, 5, 2), nn.ReLU(), nn.Flatten(), nn.Linear(512, 10))
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    batches = source.batches(64, torch.Generator().manual_seed(0))
    large = source.batches(1024, torch.Generator().manual_seed(1))
    single, pair = NoiseAverage(torch.device("cpu"), 0.95), NoiseAverage(torch.device("cpu"), 0.95)
    for step in range(1, steps + 1):
        batch = next(batches)
        assert batch.labels is not None, "the data have classes"
        loss = functional.cross_entropy(model(batch.examples), batch.labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step > steps / 2 and step % 10 == 0:
            whole = next(large)
            assert whole.labels is not None
            gradients = example_gradients(model, whole.examples, whole.labels)
            squares, mean = gradients.square().sum(1).mean(), gradients.mean(0).square().sum()
            single.update(from_norms(squares, mean, 1, len(gradients)))
            small = gradients.view(16, 64, -1).mean(1).square().sum(1).mean()
            pair.update(from_norms(small, mean, 64, len(gradients)))
        if step % (steps // 6) == 0:
            scales = [average.read()["noise_scale"] for average in (single, pair)]
            print(f"step {step}: loss {loss.item():.3f}, noise scale by examples {scales[0]}, by two sizes {scales[1]}")


def example_gradients(model: nn.Module, examples: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Gradients (N, parameters) of the cross entropy of each example."""

    def loss(parameters: dict[str, torch.Tensor], example: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        return functional.cross_entropy(functional_call(model, parameters, (example[None],)), label[None])

    parameters = {name: parameter.detach() for name, parameter in model.named_parameters()}
    gradients = vmap(grad(loss), in_dims=(None, 0, 0))(parameters, examples, labels)
    return torch.cat([gradient.flatten(1) for gradient in gradients.values()], dim=1)


def cost(rounds: int) -> None:
    """Time of a round with the noise measured at its default cadence, against one without, in turns."""
    for size in (8, 64, 512):
        sessions = []
        for every in (0, 200):
            settings = RECIPES["batch-size-digits"].settings().model_dump()
            settings = merged(settings, {"threads": 1, "training": {"batch_size": size, "measure_noise_every": every}})
            sessions.append(Session(RunSettings.model_validate(settings)))
        ratios = []
        for _ in range(5):
            plain, measured = (_seconds(session, rounds) for session in sessions)
            ratios.append(measured / plain - 1)
        print(f"batch {size}: measuring adds {np.median(ratios):+.2%} (from {min(ratios):+.2%} to {max(ratios):+.2%})")


def _seconds(session: Session, rounds: int) -> float:
    started = time.perf_counter()
    for _ in range(rounds):
        session.play_round()
    return time.perf_counter() - started


def overhead(steps: int) -> None:
    """Seconds of eight runs played by the engine, against the same by `train`, in turns, in one process."""
    with tempfile.TemporaryDirectory() as name:
        root, plan = Path(name), ring_plan(steps, number=8)
        alone = engine = 0.0
        for number, run in enumerate(plan):
            started = time.perf_counter()
            train(run.settings.model_copy(update={"root": str(root / "alone"), "name": f"run-{number}", "threads": 1}))
            alone += time.perf_counter() - started
            started = time.perf_counter()
            Engine(StudyFolder.open(root / f"study-{number}", {"kind": "overhead"}), [run], ToTheEnd(), Here()).run()
            engine += time.perf_counter() - started
        print(f"{len(plan)} runs of {alone / len(plan):.1f} s: the engine adds {engine / alone - 1:+.2%}")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["coverage", "kill", "mnist", "cost", "overhead", "play"])
    parser.add_argument("--repetitions", type=int, default=500)
    parser.add_argument("--backend", choices=["processes", "ray"], default="processes")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--rounds", type=int, default=400)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.what == "coverage":
        coverage(given.repetitions)
    if given.what == "kill":
        kill(given.backend, given.kills, given.steps or 1500)
    if given.what == "play":
        play_study(given.folder, given.steps, given.backend)
    if given.what == "mnist":
        mnist(given.data, given.steps or 1200)
    if given.what == "cost":
        cost(given.rounds)
    if given.what == "overhead":
        overhead(given.steps or 3000)


if __name__ == "__main__":
    main()
