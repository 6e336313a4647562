"""What a line of ``metrics.jsonl`` says, and the stopwatch that knows training from everything else."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from equipoise.config.adaptation import BaselineName
from equipoise.data import Parts
from equipoise.games import AnalyticGame
from equipoise.optimizers import ConjugateGradient
from equipoise.training.player import Player
from equipoise.training.session import Session

_USES: dict[BaselineName, dict[str, str]] = {
    "none": {"source": "", "target": ", without labels"},
    "source-only": {"source": "", "target": ", not trained on"},
    "target-only": {"source": ", not trained on", "target": ", trained on with its labels"},
}
"""What a run, or either bound of it, does with the domains."""


class Stopwatch:
    """Wall-clock seconds, with the time spent between rounds (evaluating, saving) told apart."""

    def __init__(self) -> None:
        self._lap = self._rated_at = time.perf_counter()
        self._paused = 0.0
        self._images: int | None = None

    def lap(self) -> float:
        """Seconds since the last lap."""
        previous, self._lap = self._lap, time.perf_counter()
        return self._lap - previous

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Time in this context does not count against the rate of training."""
        started = time.perf_counter()
        yield
        self._paused += time.perf_counter() - started

    def rate(self, images: int) -> float | None:
        """Images per second of training since the last call; None at the first."""
        now = time.perf_counter()
        busy = now - self._rated_at - self._paused
        rate = None if self._images is None else (images - self._images) / max(busy, 1e-9)
        self._rated_at, self._paused, self._images = now, 0.0, images
        return rate


def spent(session: Session) -> dict[str, Any]:
    """What the run has cost so far, in every unit at which methods may be compared."""
    return {
        "step": session.step,
        "images": session.images,
        "seconds": session.seconds,
        "disc_gradients": session.match.disc.num_gradients,
        "gen_gradients": session.match.gen.num_gradients,
    }


def metrics_record(session: Session, images_per_second: float | None) -> dict[str, Any]:
    """One line of metrics: mean losses since the last one, their gaps to the ideal, and the rates in force."""
    losses = session.meter.read()
    game, disc_rate, gen_rate = session.match.game, session.match.disc.rate, session.match.gen.rate
    record: dict[str, Any] = {
        **spent(session),
        "images_per_second": images_per_second,
        **losses,
        "disc_gap": _gap(losses["disc_loss"], session.match.disc, game.ideal_disc_loss),
        "gen_gap": _gap(losses["gen_loss"], session.match.gen, game.ideal_gen_loss),
        "disc_rate": disc_rate,
        "gen_rate": gen_rate,
        "rate_ratio": disc_rate / gen_rate if gen_rate else None,
    }
    for name, player in (("disc", session.match.disc), ("gen", session.match.gen)):
        if player.gap is not None:
            record[f"{name}_ideal"] = getattr(game, f"ideal_{name}_loss")
            record[f"{name}_ideal_loss"] = player.gap.ideal_loss
            record[f"{name}_average_loss"] = player.gap.loss
            record[f"{name}_gap_factor"] = player.gap.factor
        if isinstance(player.optimizer, ConjugateGradient):
            record[f"{name}_beta"] = player.optimizer.beta.mean().item()
            record[f"{name}_cap_fraction"] = player.optimizer.cap_fraction.item()
    if session.board.domains:
        record |= {"adversarial_weight": game.adversarial_weight, "disc_ideal": game.ideal_disc_loss}
    if session.noise:
        record |= session.noise.read()
    if isinstance(game, AnalyticGame):
        record |= {"disc_point": game.disc.value.tolist(), "gen_point": game.gen.value.tolist()}
    return record


def _gap(loss: float, player: Player, ideal: float | None) -> float | None:
    # Signed: below 0 the player is ahead of the ideal, above 0 behind it.
    ideal = player.ideal_loss(ideal)
    return None if ideal is None else loss - ideal


def describe(session: Session) -> dict[str, str]:
    """What is about to be trained, in words, for whoever watches."""
    game, settings = session.board.game, session.settings
    counts = ", ".join(
        f"{name} {sum(parameter.numel() for parameter in module.parameters()):,} parameters"
        for name, module in (("disc", game.disc), ("gen", game.gen))
    )
    use = _USES[settings.adaptation.baseline]
    if session.board.source is None:
        return {"game": settings.game.kind, "players": counts, "device": str(session.device)}
    if session.board.domains:
        return {
            "source": _sizes(session.board.domains.source) + use["source"],
            "target": _sizes(session.board.domains.target) + use["target"],
            "networks": f"{settings.network.architecture}: {counts}",
            "device": str(session.device),
        }
    shape, number = session.board.source.example_shape, session.board.source.num_examples
    examples = f"{number:,} examples" if number else "endless examples"
    return {
        "data": f"{session.board.source.name}: {examples} of {' x '.join(map(str, shape))}",
        "networks": f"{settings.network.architecture}: {counts}",
        "device": str(session.device),
    }


def _sizes(parts: Parts) -> str:
    numbers = [
        f"{part.num_examples:,} for {name}" for name, part in zip(("training", *parts._fields[1:]), parts, strict=True)
    ]
    return f"{parts.train.name}: {', '.join(numbers)}"
