"""A run in memory: every part built from the settings, the rounds played so far, and the state to go on from.

This is the one place where players, losses, optimisers, schedules and data meet.
"""

import contextlib
import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from equipoise.config import RunSettings
from equipoise.core import vectors
from equipoise.core.devices import keep_freed_memory, resolve_device
from equipoise.core.seeding import Streams, derived_seed
from equipoise.data import Source, build_source
from equipoise.games import build_game, sample_latents
from equipoise.networks import Networks, build_networks
from equipoise.optimizers import build_optimizer
from equipoise.schedules import build_decay
from equipoise.training.average import MovingAverage
from equipoise.training.meter import LossMeter
from equipoise.training.orders import Match, build_order
from equipoise.training.player import Player


class Session:
    """Builds every part of a run and plays its rounds.

    Attributes:
        step: finished rounds.
        images: real examples the discriminator has seen.
        seconds: time spent in the run so far, evaluations included.
        distances: first, best and latest distance so far, with their steps.

    Raises:
        UserError: the settings do not fit the data or the machine. Nothing has been written then.
    """

    def __init__(self, settings: RunSettings, on_load: Callable[[int, int], None] | None = None) -> None:
        self.settings = settings
        self.device = prepare_machine(settings)
        self.streams = Streams(settings.seed, self.device)
        self.source: Source = build_source(settings.data, self.device, on_progress=on_load)
        self.networks = make_networks(settings, self.source.example_shape, self.device)
        self.loader = self.source.batches(
            settings.training.batch_size,
            self.streams["data"],
            memory_format=memory_format(settings, self.source.example_shape),
        )
        self.match = Match(
            game=build_game(settings.game, self.networks.disc, self.networks.gen),
            disc=self._player(self.networks.disc, "disc"),
            gen=self._player(self.networks.gen, "gen"),
            batches=self.loader,
            streams=self.streams,
            precision=precision_context(settings, self.device),
        )
        self.order = build_order(settings.training)
        self.average = MovingAverage(self.networks.gen, settings.training.ema)
        self.meter = LossMeter(self.device)
        self.step, self.images, self.seconds = 0, 0, 0.0
        self.distances: dict[str, float | int | None] = {}

    def _player(self, module: nn.Module, name: str) -> Player:
        settings = getattr(self.settings, name)
        optimizer = build_optimizer(settings, list(module.parameters()))
        return Player(module, optimizer, build_decay(settings.schedule, self.settings.training.steps))

    def play_round(self) -> None:
        """One round: rates, updates, average, losses; no host read."""
        self.match.disc.set_step(self.step)
        self.match.gen.set_step(self.step)
        disc_terms, gen_terms = self.order.play(self.match)
        self.step += 1
        self.images += self.settings.training.batch_size * self.order.num_batches
        self.average.update(self.step)
        self.meter.add(disc_terms, gen_terms)

    def generate(self, num_examples: int, generator: torch.Generator) -> Tensor:
        """Examples (N, ...) of the averaged generator, from latents drawn with ``generator``."""
        latents = sample_latents(self.settings.game, num_examples, generator)
        with torch.inference_mode(), self.match.precision():
            examples: Tensor = self.average.module(latents)
        return examples.float()

    def note_distance(self, distance: float) -> None:
        """Keep the distance measured after the newest round."""
        distances = self.distances
        distances.update(latest=distance, latest_step=self.step)
        if "first" not in distances:
            distances.update(first=distance, first_step=self.step)
        best = distances.get("best")
        if best is None or distance <= best:
            distances.update(best=distance, best_step=self.step)

    def is_finite(self) -> bool:
        """Whether the losses of the open interval and all weights are finite; reads the device."""
        norms = [vectors.norm(player.parameters).detach() for player in (self.match.disc, self.match.gen)]
        return self.meter.is_finite() and all(bool(norm.isfinite()) for norm in norms)

    def _modules(self) -> dict[str, nn.Module]:
        return {"disc": self.networks.disc, "gen": self.networks.gen, "gen_ema": self.average.module}

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
            "example_shape": list(self.source.example_shape),
            "disc": self.match.disc.state_dict(),
            "gen": self.match.gen.state_dict(),
            "order": self.order.state_dict(),
            "streams": self.streams.state_dict(),
            "loader": self.loader.state_dict(),
            "meter": self.meter.state_dict(),
        }

    def load(self, networks: dict[str, dict[str, Tensor]], state: dict[str, Any]) -> None:
        """Go on from a checkpoint as if the run had never stopped."""
        for name, module in self._modules().items():
            module.load_state_dict(networks[name])
        self.step, self.images, self.seconds = state["step"], state["images"], state["seconds"]
        self.distances = state["distances"]
        self.match.disc.load_state_dict(state["disc"])
        self.match.gen.load_state_dict(state["gen"])
        self.order.load_state_dict(state["order"], self.match)
        self.streams.load_state_dict(state["streams"])
        self.loader.load_state_dict(state["loader"])
        self.meter.load_state_dict(state["meter"])


def prepare_machine(settings: RunSettings) -> torch.device:
    """Settle threads, memory and device for this process."""
    if settings.threads:
        torch.set_num_threads(settings.threads)
    keep_freed_memory()
    return resolve_device(settings.device)


def make_networks(settings: RunSettings, example_shape: tuple[int, ...], device: torch.device) -> Networks:
    """Both networks on ``device``, their weights drawn on the CPU from the run's seed so that devices agree."""
    generator = torch.Generator().manual_seed(derived_seed(settings.seed, "weights"))
    networks = build_networks(settings.network, example_shape, settings.game.latent_dim, generator)
    layout = memory_format(settings, example_shape)
    return Networks(*(network.to(device).to(memory_format=layout) for network in networks))  # type: ignore[call-overload]


def memory_format(settings: RunSettings, example_shape: tuple[int, ...]) -> torch.memory_format:
    """Layout of image tensors and convolutions."""
    is_image = len(example_shape) == 3
    return torch.channels_last if is_image and settings.training.channels_last else torch.contiguous_format


def precision_context(settings: RunSettings, device: torch.device) -> Callable[[], Any]:
    """Makes the context of forward passes: bfloat16 autocast, or nothing."""
    if settings.training.precision == "fp32":
        return contextlib.nullcontext
    return functools.partial(torch.autocast, device.type, dtype=torch.bfloat16)
