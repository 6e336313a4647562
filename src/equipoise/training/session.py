"""A run in memory: every part built from the settings, the rounds played so far, and the state to go on from.

This is the one place where players, losses, optimisers, schedules and data meet.
"""

import math
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from equipoise.config import RunSettings
from equipoise.config.schedules import first_value
from equipoise.core.seeding import Streams
from equipoise.optimizers import build_optimizer
from equipoise.schedules import Scheduled, build_decay, build_gap_aware, build_ramp, build_scheduled
from equipoise.training.adapting.looking import AdaptedClassifier, class_names
from equipoise.training.average import MovingAverage
from equipoise.training.board import OnLoad, generate_examples, set_up
from equipoise.training.lines import require_same_vocabulary, saved_vocabulary, vocabulary_of
from equipoise.training.machine import precision_context, prepare_machine
from equipoise.training.meter import LossMeter
from equipoise.training.noise_probe import NoiseProbe, Peekable
from equipoise.training.orders import Match, build_order
from equipoise.training.player import Player


class Session:
    """Builds every part of a run and plays its rounds.

    Attributes:
        step: finished rounds.
        images: real examples the discriminator has seen.
        seconds: time spent in the run so far, evaluations included.
        distances: first, best and latest distance so far, with their steps, and the name of the value (judge).

    Raises:
        UserError: the settings do not fit the data or the machine. Nothing has been written then.
    """

    def __init__(self, settings: RunSettings, on_load: OnLoad | None = None) -> None:
        self.settings = settings
        self.device = prepare_machine(settings)
        self.streams = Streams(settings.seed, self.device)
        self.board = set_up(settings, self.device, self.streams, on_load)
        self.match = Match(
            game=self.board.game,
            disc=self._player(self.board.game.disc, "disc"),
            gen=self._player(self.board.game.gen, "gen"),
            batches=Peekable(self.board.loader),
            streams=self.streams,
            precision=precision_context(settings, self.device),
        )
        self.order = build_order(settings.training)
        self.average = MovingAverage(self.board.game.gen, first_value(settings.training.ema))
        self.average_decay = build_scheduled(settings.training.ema, settings.training.steps)
        self.penalty_weight = build_scheduled(settings.game.penalty_weight, settings.training.steps)
        self.adversarial_weight = adversarial_weight(settings)
        self.meter = LossMeter(self.device)
        measured = settings.training.measure_noise_every > 0
        self.noise = NoiseProbe(settings, self.board.game, self.streams) if measured else None
        self.step, self.images, self.seconds = 0, 0, 0.0
        self.distances: dict[str, float | int | str | None] = {}

    def _player(self, module: nn.Module, name: str) -> Player:
        settings, num_steps = getattr(self.settings, name), self.settings.training.steps
        optimizer = build_optimizer(settings, list(module.parameters()))
        ideal_loss = getattr(self.board.game, f"ideal_{name}_loss")
        return Player(
            module,
            optimizer,
            build_decay(settings.schedule, num_steps),
            gap=build_gap_aware(settings.schedule, ideal_loss, name),
            betas=settings.betas and tuple(build_scheduled(beta, num_steps) for beta in settings.betas),
        )

    def play_round(self) -> None:
        """One round: scheduled numbers, updates, average, losses; no host read."""
        self.set_numbers()
        if self.noise:
            self.noise.before_round(self.step, self.match)
        disc_terms, gen_terms = self.order.play(self.match)
        self.step += 1
        self.images += self.board.batch_size * self.order.num_batches
        self.average.update(self.step)
        self.meter.add(disc_terms, gen_terms)

    def set_numbers(self) -> None:
        """Put in force all numbers that change with the step."""
        self.match.disc.set_step(self.step)
        self.match.gen.set_step(self.step)
        self.match.game.penalty_weight = self.penalty_weight.at(self.step)
        self.match.game.adversarial_weight = self.adversarial_weight.at(self.step)
        self.average.decay = self.average_decay.at(self.step)

    @cached_property
    def data_fingerprint(self) -> str | None:
        """Key of the content of the real examples; None where the game needs none."""
        if self.board.domains:
            return " ".join(part.fingerprint() for part in (*self.board.domains.source, *self.board.domains.target))
        return self.board.source.fingerprint() if self.board.source else None

    @property
    def subject(self) -> Any:
        """What an evaluator measures: the function that generates, or the classifier and the judge of its features."""
        if self.board.domains:
            return AdaptedClassifier(self.average.module, self.board.game.disc, self.settings.game)
        return self.generate

    def generate(self, num_examples: int, generator: torch.Generator) -> Tensor:
        """Examples (N, ...) of the averaged generator, from latents drawn with ``generator``."""
        return generate_examples(self.average.module, self.settings, num_examples, generator)

    def note_distance(self, distance: float, judge: str) -> None:
        """Keep the distance measured after the newest round; ``judge`` is the name of that value.

        An untrained classifier is never the best one of its run.
        """
        distances = self.distances
        distances.update(judge=judge, latest=distance, latest_step=self.step)
        if "first" not in distances:
            distances.update(first=distance, first_step=self.step)
        best = distances.get("best")
        if self.board.domains and not self.step:  # sure of one class for all, an untrained classifier can look good
            return
        if math.isfinite(distance) and (not isinstance(best, float) or distance <= best):
            distances.update(best=distance, best_step=self.step)

    def _modules(self) -> dict[str, nn.Module]:
        return {"disc": self.board.game.disc, "gen": self.board.game.gen, "gen_ema": self.average.module}

    def networks_state(self) -> dict[str, dict[str, Tensor]]:
        """Weights and buffers of all networks, by the name of their file."""
        return {name: module.state_dict() for name, module in self._modules().items()}

    def state_dict(self) -> dict[str, Any]:
        """Everything but the networks' weights."""
        return {
            "step": self.step,
            "images": self.images,
            "seconds": self.seconds,
            "distances": self.distances,
            "example_shape": list(self.board.source.example_shape) if self.board.source else None,
            "classes": class_names(self.board.domains) if self.board.domains else None,
            "vocabulary": vocabulary.state_dict() if (vocabulary := vocabulary_of(self.board.source)) else None,
            "disc": self.match.disc.state_dict(),
            "gen": self.match.gen.state_dict(),
            "order": self.order.state_dict(),
            "streams": self.streams.state_dict(),
            "loader": self.board.loader.state_dict(),
            "meter": self.meter.state_dict(),
            "noise": self.noise.state_dict() if self.noise else {},
        }

    def load(self, networks: dict[str, dict[str, Tensor]], state: dict[str, Any]) -> None:
        """Go on from a checkpoint as if the run had never stopped."""
        require_same_vocabulary(saved_vocabulary(state), vocabulary_of(self.board.source))
        for name, module in self._modules().items():
            module.load_state_dict(networks[name])
        self.step, self.images, self.seconds = state["step"], state["images"], state["seconds"]
        self.distances = state["distances"]
        self.match.disc.load_state_dict(state["disc"])
        self.match.gen.load_state_dict(state["gen"])
        self.order.load_state_dict(state["order"], self.match)
        self.streams.load_state_dict(state["streams"])
        self.board.loader.load_state_dict(state["loader"])
        self.meter.load_state_dict(state["meter"])
        if self.noise:
            self.noise.load_state_dict(state.get("noise", {}))


def adversarial_weight(settings: RunSettings) -> Scheduled:
    """The lambda of a domain-adversarial game by the finished rounds; 0 where a baseline adapts nothing."""
    if settings.adaptation.baseline != "none":
        return Scheduled(0.0)
    game = settings.game
    return Scheduled(game.adversarial_weight, build_ramp(game.adversarial_ramp, settings.training.steps))
