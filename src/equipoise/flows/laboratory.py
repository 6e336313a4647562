"""A laboratory of mode collapse: particles on the ring of 8 or the grid of 25, two illnesses of a critic, and cures.

The game is the MMD-GAN of `equipoise.flows.particles`. Its critic is ill in one of two ways:

    memoryless      it stands at its best response (r = infinity) with little damping, so that it is strong, and steps
                    are long: particles leap to where the critic points, and the critic turns at once
    unforgetting    it is fast and has no damping: f is r times the integral of k * nu - k * mu, a sum of all that was
                    ever wrong

and every cure changes one thing. The illnesses, the cures and what they are called are ours: the paper that this room
follows discusses mode collapse, but only its abstract was at hand.
"""

import functools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy
import torch
from numpy.typing import NDArray
from torch import Tensor

from equipoise.config.flows import LaboratorySettings
from equipoise.core.seeding import Streams
from equipoise.data.mixtures import Mixture, grid_centres, ring_centres
from equipoise.flows.flow import Flow, State
from equipoise.flows.integrate import Trajectory, integrate
from equipoise.flows.particles import ParticleFlow, RandomFeatures
from equipoise.flows.response import BestResponse
from equipoise.flows.schemes import build_scheme
from equipoise.metrics import Coverage, mode_coverage

Record = dict[str, Any]
CENTRES = {"ring": ring_centres, "grid": grid_centres}


@dataclass(frozen=True)
class Treatment:
    """How one game is played.

    Attributes:
        ratio: r; infinity for the best response.
        damping: of the critic.
        tau: step.
        scheme: by name.
        replay: share of the critic's fakes that are all former clouds in equal parts, in [0, 1).
        average: whether the law that is judged is that of all clouds of the second half, pooled.
    """

    ratio: float
    damping: float
    tau: float
    scheme: str = "explicit"
    replay: float = 0.0
    average: bool = False


ILLNESSES: dict[str, Treatment] = {
    "memoryless": Treatment(ratio=math.inf, damping=0.002, tau=0.1),
    "unforgetting": Treatment(ratio=10.0, damping=0.0, tau=0.1),
}

CURES: dict[str, Callable[[Treatment], Treatment]] = {
    "none": lambda ill: ill,
    "smaller-steps": lambda ill: replace(ill, tau=ill.tau / 8),
    "slower-critic": lambda ill: replace(ill, ratio=0.1 if math.isfinite(ill.ratio) else 10.0),
    "damping": lambda ill: replace(ill, damping=ill.damping + 0.5),
    "replay": lambda ill: replace(ill, replay=0.5),
    "implicit": lambda ill: replace(ill, scheme="implicit"),
    "extragradient": lambda ill: replace(ill, scheme="extragradient"),
    "averaging": lambda ill: replace(ill, average=True),
}


class ReplayFlow(ParticleFlow):
    """A particle flow whose critic sees old fakes too. `remember` is to be called after every step.

    The replay buffer holds every former cloud: in a Hilbert space it is the running mean of their embeddings.
    """

    share: float = 0.5
    memory: Tensor | None = None
    num_clouds: int = 0

    def fakes(self, points: Tensor) -> Tensor:
        """The embedding of the mixture of the present cloud and all former ones."""
        now: Tensor = super().fakes(points)
        return now if self.memory is None else (1 - self.share) * now + self.share * self.memory

    def remember(self, points: Tensor) -> None:
        """Put a cloud into the buffer."""
        now, self.num_clouds = super().fakes(points), self.num_clouds + 1
        self.memory = now if self.memory is None else self.memory + (now - self.memory) / self.num_clouds


@dataclass(frozen=True)
class Course:
    """One treatment over time.

    Attributes:
        times: of the frames.
        clouds: N points of the law that is judged at each frame, (N, 2).
        coverage: of modes at each frame.
        discrepancy: MMD to the data at each frame.
        trajectory: of the game.
    """

    times: tuple[float, ...]
    clouds: tuple[Tensor, ...]
    coverage: tuple[Coverage, ...]
    discrepancy: tuple[float, ...]
    trajectory: Trajectory

    def served(self) -> list[float]:
        """`served_modes` at each frame."""
        return [served_modes(coverage) for coverage in self.coverage]

    def late(self) -> float:
        """Mean of `served` over the last quarter of the frames."""
        served = self.served()
        quarter = served[-max(1, len(served) // 4) :]
        return sum(quarter) / len(quarter)


def served_modes(coverage: Coverage) -> float:
    """Modes served, in [0, K]: the exponential of the entropy over modes, times the fraction of high quality.

    K modes served alike by all particles give K; all particles in one mode give 1; none near any mode, 0.

    >>> served_modes(Coverage((5, 5), 10)), served_modes(Coverage((10, 0), 10)), served_modes(Coverage((0, 0), 10))
    (2.0, 1.0, 0.0)
    """
    total = sum(coverage.counts)
    shares = [count / total for count in coverage.counts if count]
    entropy = -sum(share * math.log(share) for share in shares)
    return coverage.high_quality * math.exp(entropy) if shares else 0.0


def play(settings: LaboratorySettings, cure: str, seed: int) -> Course:
    """Play one cure against the illness of the settings; the same seed is the same data, start and critic."""
    treatment = CURES[cure](ILLNESSES[settings.illness])
    treatment = replace(treatment, tau=treatment.tau * settings.tau / ILLNESSES[settings.illness].tau)
    flow = build_flow(settings, treatment, seed)
    particles = flow.flow if isinstance(flow, BestResponse) else flow
    assert isinstance(particles, ReplayFlow)

    def on_step(_: int, state: State) -> None:
        particles.remember(state.gen)

    every = max(1, round(settings.time / settings.frames / treatment.tau))
    scheme = build_scheme(treatment.scheme, tolerance=1e-6)
    trajectory = integrate(
        flow, scheme, treatment.tau, settings.time, every=every, on_step=on_step if treatment.replay else None
    )
    return judge(settings, treatment, particles, trajectory)


def build_flow(settings: LaboratorySettings, treatment: Treatment, seed: int) -> Flow:
    """The particle game with everything drawn from ``seed``."""
    streams = Streams(seed)
    data = Mixture(settings.data, CENTRES[settings.data](), settings.std).sample(settings.num_data, streams["data"])
    start = torch.randn(settings.num_particles, 2, generator=streams["particles"], dtype=torch.float64)
    space = RandomFeatures(2, settings.num_frequencies, settings.bandwidths, streams["critic"])
    slow = math.isfinite(treatment.ratio)
    ratio = treatment.ratio if slow else 1.0
    flow = ReplayFlow(space, data.examples.double(), settings.start_std * start, treatment.damping, ratio)
    flow.share = treatment.replay
    return flow if slow else BestResponse(flow)


def judge(settings: LaboratorySettings, treatment: Treatment, flow: ParticleFlow, trajectory: Trajectory) -> Course:
    """Count the modes of every frame, or with averaging of all frames of the latter half so far, pooled."""
    clouds = [state.gen for state in trajectory.states]
    centres = CENTRES[settings.data]().double()
    counts = [mode_coverage(cloud, centres, settings.std) for cloud in clouds]
    contrasts = [flow.target - flow.space.embed(cloud, flow.weights) for cloud in clouds]
    windows = [slice(number // 2 if treatment.average else number, number + 1) for number in range(len(clouds))]
    coverage = tuple(functools.reduce(Coverage.__add__, counts[window]) for window in windows)
    pooled = [torch.stack(contrasts[window]).mean(0) for window in windows]
    # As many points as one cloud has, from every cloud of the window.
    shown = tuple(torch.cat(clouds[window])[:: window.stop - window.start] for window in windows)
    discrepancy = tuple(float(contrast.norm()) for contrast in pooled)
    return Course(trajectory.times, shown, coverage, discrepancy, trajectory)


def courses(settings: LaboratorySettings) -> Iterator[tuple[str, int, Course]]:
    """Every cure on every seed: (cure, seed, course)."""
    for cure in settings.cures:
        for seed in range(settings.seed, settings.seed + settings.num_seeds):
            yield cure, seed, play(settings, cure, seed)


def records(settings: LaboratorySettings, cure: str, seed: int, course: Course) -> Iterator[Record]:
    """One record per frame."""
    frames = zip(course.times, course.coverage, course.served(), course.discrepancy, strict=True)
    for time, coverage, served, discrepancy in frames:
        modes = {"modes": coverage.num_found, "high_quality": coverage.high_quality, "served": served}
        where = {"cure": cure, "seed": seed, "time": time, "result": course.trajectory.result.name}
        yield {**where, **modes, "discrepancy": discrepancy}


def finding(settings: LaboratorySettings, cure: str, seed: int, course: Course) -> Record:
    """How one course ended."""
    last = course.coverage[-1]
    values = {"served_late": course.late(), "modes": last.num_found, "high_quality": last.high_quality}
    ended = {"result": course.trajectory.result.name, "note": course.trajectory.note}
    return {"illness": settings.illness, "cure": cure, "seed": seed, "values": values, **ended}


def arrays(settings: LaboratorySettings, shown: Mapping[str, Course]) -> dict[str, NDArray[Any]]:
    """What the figures need: data, centres, the times of the frames, and the cloud of every course at each."""
    centres = CENTRES[settings.data]()
    mixture = Mixture(settings.data, centres, settings.std)
    data = mixture.sample(settings.num_data, Streams(settings.seed)["data"]).examples
    clouds = {f"cloud_{cure}": torch.stack(course.clouds).float().numpy() for cure, course in shown.items()}
    times = max((course.times for course in shown.values()), key=len)
    return {"data": data.numpy(), "centres": centres.numpy(), "times": numpy.array(times), **clouds}
