"""The board that a match is played on: the game, its real examples, and what both start from.

A generative game has a source of examples and two networks, a domain-adversarial one two domains. An analytic one has
two points and no data; it is dealt empty batches, so that orders, players, records and checkpoints need not know which
of them they serve.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from equipoise.config import GameSettings, RunSettings
from equipoise.config.schedules import first_value
from equipoise.core.batches import Batch
from equipoise.core.errors import UserError
from equipoise.core.seeding import Streams, derived_seed
from equipoise.data import Domains, Loader, PairLoader, Parts, Source, build_domains_and_labels, build_source
from equipoise.games import (
    ANALYTIC_GAMES,
    AnalyticGame,
    Game,
    build_adaptation_game,
    build_game,
    build_objective,
    sample_latents,
)
from equipoise.networks import Networks, build_adaptation_networks, build_networks, dropouts
from equipoise.training.machine import memory_format, precision_context

OnLoad = Callable[[int, int], None]
Walk = Callable[[Streams], Loader]
"""Begins an endless walk over real examples, in an order drawn from its streams."""


@dataclass(frozen=True)
class Board:
    """What a match is played on.

    Attributes:
        game: the losses, and both players' modules.
        loader: endless batches.
        walk: begins another walk like that of the loader.
        source: real examples, or None where the game needs none.
        batch_size: real examples in each batch, of both domains where there are two.
        domains: both domains of a domain-adversarial game, the target without labels; None in other games.
        withheld: the target's parts with the labels that it has, which the evaluator's oracle alone may read.
    """

    game: Game[Any]
    loader: Loader
    walk: Walk
    source: Source | None
    batch_size: int
    domains: Domains | None = None
    withheld: Parts | None = None

    @property
    def to_measure(self) -> tuple[Domains, Parts] | None:
        """Both domains and the target's parts with labels, as an evaluator takes them; None in other games."""
        return None if self.domains is None or self.withheld is None else (self.domains, self.withheld)


class EmptyBatches(Loader):
    """The loader of a game without data."""

    def __init__(self, device: torch.device) -> None:
        self._batch = Batch(torch.empty(1, 0, device=device))

    def __next__(self) -> Batch:
        return self._batch

    def state_dict(self) -> dict[str, Any]:
        """Nothing to keep."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Nothing to take up."""


def set_up(settings: RunSettings, device: torch.device, streams: Streams, on_load: OnLoad | None = None) -> Board:
    """The board that the settings describe.

    Raises:
        UserError: the settings do not fit the data.
    """
    if settings.game.adapts:
        return _between_domains(settings, device, streams, on_load)
    if settings.game.kind != "generative":
        empty = EmptyBatches(device)
        return Board(_between_points(settings.game, device), empty, lambda streams: empty, None, 0)
    source = build_source(settings.data, device, on_progress=on_load)
    disc, gen = make_networks(settings, source.example_shape, device)
    for layer in dropouts(disc):
        layer.generator = streams["dropout"]
    layout, size = memory_format(settings, source.example_shape), settings.training.batch_size

    def walk(streams: Streams) -> Loader:
        return source.batches(size, streams["data"], memory_format=layout)

    return Board(build_game(settings.game, disc, gen), walk(streams), walk, source, size)


def _between_domains(settings: RunSettings, device: torch.device, streams: Streams, on_load: OnLoad | None) -> Board:
    domains, withheld = build_domains_and_labels(settings.data, settings.target, device, settings.division, on_load)
    labelled, other = domains.source.train, domains.target.train
    if settings.adaptation.baseline == "source-only":
        other = labelled
    elif settings.adaptation.baseline == "target-only":
        labelled = _require_labels(withheld.train)
    disc, gen = make_adaptation_networks(settings, labelled.example_shape, domains.num_classes, device)
    for layer in dropouts(disc) + dropouts(gen):
        layer.generator = streams["dropout"]
    layout, size = memory_format(settings, labelled.example_shape), settings.training.batch_size

    def walk(streams: Streams) -> Loader:
        return PairLoader(
            labelled.batches(size, streams["data"], memory_format=layout),
            other.batches(size, streams["target-data"], memory_format=layout),
        )

    game = build_adaptation_game(settings.game, disc, gen)
    return Board(game, walk(streams), walk, domains.source.train, 2 * size, domains, withheld)


def _require_labels(target: Source) -> Source:
    """The target's training part with its labels, for the bound that is trained on them."""
    if target.labels is None:
        raise UserError("The target has no labels to train on; leave adaptation.baseline at none or source-only.")
    return target


def generate_examples(gen: nn.Module, settings: RunSettings, num_examples: int, generator: torch.Generator) -> Tensor:
    """Examples (N, ...) in float32 of a generator, in the run's precision, from latents drawn with ``generator``."""
    return examples_of(gen, settings, sample_latents(settings.game, num_examples, generator))


def examples_of(gen: nn.Module, settings: RunSettings, latents: Tensor) -> Tensor:
    """Examples (N, ...) in float32 of a generator, in the run's precision, from ``latents`` (N, Z)."""
    with torch.inference_mode(), precision_context(settings, latents.device)():
        examples: Tensor = gen(latents)
    return examples.float()


def _between_points(settings: GameSettings, device: torch.device) -> AnalyticGame:
    arguments: dict[str, Any] = {"noise": settings.noise}
    if settings.kind == "dirac":  # a GAN in two numbers: it has an objective and a penalty, as the large ones do
        penalty = None if settings.penalty == "none" else settings.penalty
        weight = first_value(settings.penalty_weight)
        arguments |= {"objective": build_objective(settings), "penalty": penalty, "penalty_weight": weight}
    game = ANALYTIC_GAMES[settings.kind](**arguments)
    game.disc.to(device)
    game.gen.to(device)
    return game


def make_networks(settings: RunSettings, example_shape: tuple[int, ...], device: torch.device) -> Networks:
    """Both networks on ``device``, their weights drawn on the CPU from the run's seed so that devices agree."""
    generator = torch.Generator().manual_seed(derived_seed(settings.seed, "weights"))
    networks = build_networks(settings.network, example_shape, settings.game.latent_dim, generator)
    layout = memory_format(settings, example_shape)
    return Networks(*(network.to(device).to(memory_format=layout) for network in networks))  # type: ignore[call-overload]


def make_adaptation_networks(
    settings: RunSettings, example_shape: tuple[int, ...], num_classes: int, device: torch.device
) -> Networks:
    """Discriminator of domains and classifier on ``device``, their weights drawn as those of `make_networks`."""
    generator = torch.Generator().manual_seed(derived_seed(settings.seed, "weights"))
    conditioned = settings.game.conditioned
    networks = build_adaptation_networks(
        settings.network, example_shape, num_classes, generator, conditioned=conditioned
    )
    layout = memory_format(settings, example_shape)
    return Networks(*(network.to(device).to(memory_format=layout) for network in networks))  # type: ignore[call-overload]
