"""Divergence on purpose: faults put into a session in the middle of a run, and how soon the guard says so."""

import contextlib
import math
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import torch

from equipoise.config.files import merged
from equipoise.core.batches import Batch
from equipoise.core.files import read_json_lines
from equipoise.core.outcomes import Ending
from equipoise.data import Mixture
from equipoise.training import runs, train
from equipoise.training.session import Session
from faultlab.lab import small

FAULT_STEP = 20
LENGTH: dict[str, Any] = {
    "training": {"steps": 60, "log_every": 2, "sample_every": 1000, "checkpoint_every": 5, "keep_checkpoints": 2},
    "evaluation": {"every": 4},
    "guard": dict.fromkeys(("nonfinite", "disc_wins", "blow_up", "mode_loss"), "ignore"),
}


@dataclass(frozen=True)
class Case:
    """A fault.

    Attributes:
        name: what is done to the run.
        detector: what has to find it.
        delay: rounds after the fault shows within which it has to.
        inject: put it into a session; it strikes from `FAULT_STEP` on, on the run's first branch only.
        changes: to the settings of the scene.
    """

    name: str
    detector: str
    delay: int
    inject: Callable[[Session], None]
    changes: dict[str, Any]


def strikes(session: Session) -> bool:
    """Whether the fault is there in the round being played: not any more once the guard went back."""
    return session.step >= FAULT_STEP and not session.streams.branch


def _before_each_round(session: Session, act: Callable[[], None]) -> None:
    play = session.play_round

    def play_after_acting() -> None:
        act()
        play()

    session.play_round = play_after_acting  # type: ignore[method-assign]


def rates_100_times(session: Session) -> None:
    """Both rates a hundred times as large."""
    usual = [list(player.base_rates) for player in (session.match.disc, session.match.gen)]

    def act() -> None:
        for player, rates in zip((session.match.disc, session.match.gen), usual, strict=True):
            if strikes(session):
                player.base_rates = [100 * rate for rate in rates]

    _before_each_round(session, act)


class _NanOnce:
    """A loader whose one batch holds a single NaN."""

    def __init__(self, session: Session) -> None:
        self.session, self.loader = session, session.board.loader

    def __iter__(self) -> "_NanOnce":
        return self

    def __next__(self) -> Batch:
        batch = next(self.loader)
        if self.session.step == FAULT_STEP and strikes(self.session):
            batch.examples[0, 0] = math.nan
        return batch


def nan_batch(session: Session) -> None:
    """One number of one batch."""
    session.match.batches = _NanOnce(session)


def zeroed_generator(session: Session) -> None:
    """A generator that says 0 to everything: nothing it does reaches the discriminator any more."""
    session.board.game.gen.register_forward_hook(lambda _, __, made: made * 0 if strikes(session) else None)


def collapse(session: Session) -> None:
    """What is sampled and measured: all the data's modes up to the fault, a single point from then on."""
    assert isinstance(session.board.source, Mixture)
    centres = session.board.source.centres

    def instead(_: Any, latents: tuple[torch.Tensor], made: torch.Tensor) -> torch.Tensor:
        kept = centres[:1] if strikes(session) else centres
        return kept[torch.arange(len(made)) % len(kept)] + 0.01 * latents[0][:, :2]

    session.average.module.register_forward_hook(instead)


SGD = {"optimizer": "sgd", "betas": None, "lr": 0.05, "schedule": {"decay": "constant", "final": 0.01}}
UNBOUNDED = {"game": {"objective": "wasserstein", "penalty": "none"}, "disc": SGD, "gen": SGD}
SATURATING = {"game": {"objective": "minimax", "penalty": "none"}, "disc": {"lr": 0.02}, "gen": {"lr": 1e-4}}
QUICK = {"guard": {"disc_wins_after": 5}}
CASES = (
    Case("rates x 100", "nonfinite", 2, rates_100_times, {**UNBOUNDED, "training": {"steps": 100}}),
    Case("NaN in a batch", "nonfinite", 2, nan_batch, {}),
    Case("zeroed generator", "disc_wins", 8, zeroed_generator, merged(SATURATING, QUICK)),
    Case("collapse to a point", "blow_up", 8, collapse, {}),
    Case("collapse to a point", "mode_loss", 8, collapse, {}),
)


@dataclass(frozen=True)
class Result:
    """What came of a case under a policy."""

    ending: Ending
    events: list[dict[str, Any]]
    warned: list[str]
    shows_at: int
    """First round with a weight that was not finite, first record with the loss pinned, or `FAULT_STEP`."""


def diverge(case: Case, policy: str, root: Path, **guard: Any) -> Result:
    """Play a case under a policy."""
    changes = merged(merged(LENGTH, case.changes), {"guard": {case.detector: policy, **guard}})
    first: list[int] = []
    with injected(case, first), warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        settings = small("ring", root, changes)
        ending = train(settings)
    events = read_json_lines(root / "run" / "events.jsonl")
    shows_at = FAULT_STEP
    if case.detector == "nonfinite":
        shows_at = first[0]
    elif case.detector == "disc_wins":
        shows_at = _pinned_at(read_json_lines(root / "run" / "metrics.jsonl"))
    return Result(ending, events, [str(warning.message) for warning in said], shows_at)


def _pinned_at(metrics: list[dict[str, Any]]) -> int:
    """The first record after the fault at which the loss, averaged as the guard says it does, is below its bound."""
    average = metrics[0]["disc_loss"]
    for record in metrics:
        average = (average + record["disc_loss"]) / 2
        if record["step"] > FAULT_STEP and average < 0.1 * math.log(4):
            return int(record["step"])
    return FAULT_STEP


@contextlib.contextmanager
def injected(case: Case, first: list[int]) -> Iterator[None]:
    """Inside, every session has the fault of ``case``; ``first`` gets the first round that is not finite."""
    build = runs.open_session

    def open_session(*arguments: Any) -> Session:
        session = build(*arguments)
        case.inject(session)
        play = session.play_round

        def play_and_look() -> None:
            play()
            weights = [*session.match.disc.parameters, *session.match.gen.parameters]
            if not first and not all(bool(weight.isfinite().all()) for weight in weights):
                first.append(session.step)

        session.play_round = play_and_look  # type: ignore[method-assign]
        return session

    with mock.patch.object(runs, "open_session", open_session):
        yield
