"""From training to flow: one game trained at eta, eta/2, eta/4, ... for the same time, against its dual flow.

The rounds are played by `equipoise.training` (its update orders, its players, plain SGD), the flow by
`equipoise.flows`, on the same game object's losses and from the same first weights. What defines both is one fixed
sample of real examples and latents. Rounds on the whole sample are a scheme of step eta, whose distance to the flow
falls in proportion to eta; rounds on minibatches drawn from the sample add noise, whose share falls with the root of
the batch size.

A game between points has no sample: a "batch of size b" is noise of standard deviation 1/sqrt(b) on every gradient.
"""

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils import parameters_to_vector

from equipoise.config import EvaluationSettings, PlayerSettings, RunSettings, TrainingSettings
from equipoise.config.flows import LimitSettings
from equipoise.core.batches import Batch
from equipoise.core.errors import UserError
from equipoise.core.seeding import Streams, derived_seed
from equipoise.flows import Flow, GameFlow, NetworkFlow, Result, State, integrate
from equipoise.flows.checks import fitted_slope
from equipoise.flows.records import FlowFolder
from equipoise.flows.schemes import Reference
from equipoise.games import AnalyticGame, GenerativeGame
from equipoise.training.session import Session

NUM_RECORDS = 40
"""Times at which distances are taken."""


@dataclass(frozen=True)
class Arm:
    """One training run of the study.

    Attributes:
        rate: eta, the generator's learning rate.
        batch_size: examples of a minibatch, or None for the whole sample.
        seed: of the minibatches.
    """

    rate: float
    batch_size: int | None = None
    seed: int = 0


@dataclass(frozen=True)
class Path:
    """Where an arm went: joint vectors at common times, and its distance to the flow there."""

    arm: Arm
    times: tuple[float, ...]
    points: Tensor
    distances: tuple[float, ...]

    @property
    def largest(self) -> float:
        """Largest distance over all times; infinite where the arm diverged."""
        return max(self.distances) if all(map(math.isfinite, self.distances)) else math.inf


def run_settings(settings: LimitSettings, base: RunSettings) -> RunSettings:
    """The settings with which every arm is trained, all but its rate: those of the recipe without its refinements."""
    changes: dict[str, Any] = {
        "seed": settings.seed,
        "device": "cpu",
        "game": base.game.model_copy(update={"noise": 0.0}),
        "evaluation": EvaluationSettings(),
        "training": TrainingSettings(order=settings.order, batch_size=settings.num_examples, ema=0.0),
    }
    if base.game.kind == "generative" and base.network.architecture == "mlp":
        changes["network"] = base.network.model_copy(update={"width": settings.width})
    return base.model_copy(update=changes)


def arms(settings: LimitSettings) -> list[Arm]:
    """The halvings on the whole sample, then the minibatches at the smallest rate."""
    rates = [settings.lr / 2**number for number in range(settings.halvings + 1)]
    seeds = range(settings.seed, settings.seed + settings.num_seeds)
    noisy = [Arm(rates[-1], size, seed) for size, seed in itertools.product(settings.batch_sizes, seeds)]
    return [Arm(rate) for rate in rates] + noisy


class Limit:
    """The study: `flow_path` is the limit, `play` trains one arm.

    Args:
        settings: of the study.
        base: of the recipe that it names.

    Raises:
        UserError: the recipe does not fit, or a batch is larger than the sample.
    """

    def __init__(self, settings: LimitSettings, base: RunSettings) -> None:
        self.settings, self.run = settings, run_settings(settings, base)
        analytic = self.run.game.kind != "generative"
        if not analytic and any(size > settings.num_examples for size in settings.batch_sizes):
            raise UserError(
                f"Batches of {max(settings.batch_sizes)} were asked for from a sample of {settings.num_examples} "
                f"examples; give at most that, or a larger --num-examples."
            )
        self.between_numbers = analytic
        session = self._session(settings.lr)
        self.examples = next(session.match.batches).examples.double()
        latents = torch.Generator().manual_seed(derived_seed(settings.seed, "sample"))
        game = session.board.game
        self.latents = None
        if isinstance(game, GenerativeGame):
            self.latents = game.sample_latents(settings.num_examples, latents).double()
            game.sample_latents = lambda number, generator: self._all_latents()
        self.flow = self._flow(game)
        # The times of every arm's records: multiples of the largest rate, so that every arm passes through them.
        num_largest = round(settings.time / settings.lr)
        stride = max(1, num_largest // NUM_RECORDS)
        self.interval, self.num_records = stride * settings.lr, num_largest // stride
        self.limit: Tensor | None = None

    def flow_path(self) -> Path:
        """The flow itself, from the common start.

        Raises:
            UserError: the flow leaves the range of numbers within the time.
        """
        # Leaky units make the field of a network jump by a little at countless places, which DOP853 would chase.
        networks = self.latents is not None
        reference = Reference(relative=1e-4, absolute=1e-6) if networks else Reference(relative=1e-9, absolute=1e-11)
        trajectory = integrate(self.flow, reference, self.interval, self.interval * self.num_records)
        if trajectory.result is not Result.REACHED:
            raise UserError(f"The flow of {self.settings.recipe!r} has no limit to compare with: {trajectory.result}")
        self.limit = torch.stack([_joined(state) for state in trajectory.states])
        return Path(Arm(0.0), trajectory.times, self.limit, (0.0,) * len(trajectory.times))

    def play(self, arm: Arm, on_round: Callable[[int, int], None] | None = None) -> Path:
        """Train one arm and measure its distance to the flow; `flow_path` is to be called first."""
        assert self.limit is not None, "the flow comes first"
        session = self._session(arm.rate)
        self._deal(session, arm)
        rounds = round(self.interval / arm.rate)
        points = [_position(session)]
        for number in range(1, self.num_records + 1):
            for _ in range(rounds):
                session.order.play(session.match)
            points.append(_position(session))
            if on_round:
                on_round(number * rounds, self.num_records * rounds)
        path = torch.stack(points)
        distances = (path - self.limit).norm(dim=1)
        times = tuple(self.interval * number for number in range(self.num_records + 1))
        return Path(arm, times, path, tuple(distances.tolist()))

    def _session(self, rate: float) -> Session:
        def player(lr: float) -> PlayerSettings:
            return PlayerSettings(optimizer="sgd", lr=lr)

        settings = self.run.model_copy(update={"gen": player(rate), "disc": player(rate * self.settings.ratio)})
        session = Session(settings)
        session.board.game.disc.double()
        session.board.game.gen.double()
        return session

    def _flow(self, game: Any) -> Flow:
        if isinstance(game, AnalyticGame):
            return GameFlow(game, self.settings.ratio)
        seed = self.settings.seed
        return NetworkFlow(game, lambda: Batch(self.examples), lambda: Streams(seed), self.settings.ratio)

    def _deal(self, session: Session, arm: Arm) -> None:
        """Deal the session the whole sample in every round, or minibatches of it."""
        game = session.board.game
        draws = torch.Generator().manual_seed(derived_seed(arm.seed, "minibatches"))
        size = arm.batch_size
        session.match.streams = Streams(arm.seed if size else self.settings.seed)
        if isinstance(game, AnalyticGame):
            game.noise = 0.0 if size is None else 1 / math.sqrt(size)
            return
        assert isinstance(game, GenerativeGame)
        everything = Batch(self.examples)
        if size is None:
            session.match.batches = itertools.repeat(everything)
            game.sample_latents = lambda number, generator: self._all_latents()
            return
        session.match.batches = self._minibatches(size, draws)
        game.sample_latents = lambda number, generator: self._all_latents()[_rows(self.examples, number, draws)]

    def _minibatches(self, size: int, draws: torch.Generator) -> Iterator[Batch]:
        while True:
            yield Batch(self.examples[_rows(self.examples, size, draws)])

    def _all_latents(self) -> Tensor:
        assert self.latents is not None
        return self.latents


def _rows(examples: Tensor, number: int, draws: torch.Generator) -> Tensor:
    return torch.randint(len(examples), (number,), generator=draws)


def _position(session: Session) -> Tensor:
    players = (session.match.disc.parameters, session.match.gen.parameters)
    return torch.cat([parameters_to_vector(parameters).detach() for parameters in players]).clone()


def _joined(state: State) -> Tensor:
    return torch.cat([state.disc.flatten(), state.gen.flatten()])


def record_limit(
    settings: LimitSettings, base: RunSettings, folder: FlowFolder, did: Callable[[str], None]
) -> Iterator[dict[str, Any]]:
    """Play the whole study into ``folder``; yields what was found of every arm.

    Raises:
        UserError: see `Limit` and `Limit.flow_path`.
    """
    limit = Limit(settings, base)
    flow = limit.flow_path()
    plane = Plane.of(flow.points, limit.between_numbers)
    folder.add_metrics(plane.records(flow))
    did("the flow itself")
    rates: list[float] = []
    errors: list[float] = []
    for arm in arms(settings):
        path = limit.play(arm)
        values: dict[str, Any] = {"largest": path.largest, "last": path.distances[-1]}
        if arm.batch_size is None:
            rates, errors = [*rates, arm.rate], [*errors, path.largest]
            if len(rates) > 2 and all(0 < error < math.inf for error in errors):
                values["order"], values["order_low"], values["order_high"] = fitted_slope(rates, errors)
        found = {"rate": arm.rate, "batch_size": arm.batch_size, "seed": arm.seed, "values": values}
        folder.add_metrics(plane.records(path))
        folder.add_evaluation(found)
        did(f"rate {arm.rate:.4g}" + (f", batches of {arm.batch_size}" if arm.batch_size else ""))
        yield found


@dataclass(frozen=True)
class Plane:
    """The plane that paths are drawn in: both numbers of a small game, or the flow's two principal directions."""

    origin: Tensor
    axes: Tensor
    labels: tuple[str, str]

    @classmethod
    def of(cls, flow: Tensor, between_numbers: bool) -> "Plane":
        """The plane for the flow's path (K, P)."""
        if between_numbers:
            return cls(
                torch.zeros_like(flow[0]), torch.eye(2, dtype=flow.dtype).flip(1), ("generator", "discriminator")
            )
        _, _, directions = torch.linalg.svd(flow - flow.mean(0), full_matrices=False)
        return cls(flow.mean(0), directions[:2].T, ("first principal direction", "second principal direction"))

    def records(self, path: Path) -> Iterator[dict[str, Any]]:
        """One record per time of ``path``."""
        drawn = ((path.points - self.origin) @ self.axes).tolist()
        who = {"rate": path.arm.rate, "batch_size": path.arm.batch_size, "seed": path.arm.seed}
        for time, (x, y), distance in zip(path.times, drawn, path.distances, strict=True):
            where = {"x": x, "y": y, "x_label": self.labels[0], "y_label": self.labels[1]}
            yield {**who, "time": time, "distance": distance, **where}
