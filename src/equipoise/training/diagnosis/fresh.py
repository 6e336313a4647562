"""A fresh discriminator against the frozen generator: is the gap small because the generator is good?

A new discriminator of the run's architecture, its weights drawn anew, is trained for a stated number of updates against
the generator as it stands, with the run's optimiser at its base rate (no gap-aware schedule, no decay: those of step
0). Then both, the fresh and the run's own, are measured on the same batches that neither was trained on in the probe.
If the fresh one ends far below the ideal where the run's own stays near it, the calm was the discriminator's weakness.

The budget bounds what can be said: a fresh discriminator that finds nothing in so many rounds may find it later.
"""

import copy
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from equipoise.config import RunSettings
from equipoise.core.batches import Batch
from equipoise.core.seeding import derived_seed
from equipoise.games import Game
from equipoise.networks import Networks, dropouts
from equipoise.optimizers import build_optimizer
from equipoise.schedules import build_scheduled
from equipoise.schedules.decays import constant
from equipoise.training.board import make_adaptation_networks, make_networks
from equipoise.training.diagnosis.position import NotMeasuredError, Position
from equipoise.training.noise import unchanged_buffers
from equipoise.training.orders import Match
from equipoise.training.player import Player
from equipoise.training.session import Session

NUM_POINTS = 20
"""Points of the curve that is kept of the probe's training."""


@dataclass(frozen=True)
class FreshDiscriminator:
    """What a fresh discriminator found.

    Attributes:
        loss: its adversarial loss after the probe.
        own_loss: that of the run's discriminator on the same batches.
        ideal: the ideal loss; None where it is not known.
        gap: loss - ideal; None likewise.
        own_gap: own_loss - ideal; None likewise.
        num_rounds: updates that the fresh one had.
        num_batches: batches that both were measured on.
        rounds: ends of stretches of the probe.
        losses: mean adversarial loss of the fresh one over each stretch, while it was trained.
    """

    loss: float
    own_loss: float
    ideal: float | None
    gap: float | None
    own_gap: float | None
    num_rounds: int
    num_batches: int
    rounds: tuple[int, ...]
    losses: tuple[float, ...]


def measure_fresh(position: Position) -> FreshDiscriminator:
    """Train a fresh discriminator against the frozen generator, and compare it with the run's own."""
    position.require_finite()
    game = position.session.board.game
    if position.session.board.source is None:
        raise NotMeasuredError("A game between two points has no networks that could be drawn afresh.")
    with unchanged_buffers(game):
        probe = _with_fresh_discriminator(position)
        rounds, losses = _train(position, probe)
        tested = position.batches("probe-test", position.settings.num_batches)
        loss, own = (_loss(position, each, tested) for each in (probe, game))
    ideal = position.session.match.disc.ideal_loss(game.ideal_disc_loss)
    return FreshDiscriminator(
        loss,
        own,
        ideal,
        None if ideal is None else loss - ideal,
        None if ideal is None else own - ideal,
        position.settings.probe_rounds,
        len(tested),
        tuple(rounds),
        tuple(losses),
    )


def _with_fresh_discriminator(position: Position) -> Game[Any]:
    """The same game, generator included, with another discriminator."""
    session = position.session
    settings = session.settings.model_copy(update={"seed": derived_seed(position.settings.seed, "fresh discriminator")})
    probe = copy.copy(session.board.game)
    probe.disc = _drawn(settings, session).disc
    streams = position.streams("probe-dropout")
    for layer in dropouts(probe.disc):
        layer.generator = streams["dropout"]
    return probe


def _drawn(settings: RunSettings, session: Session) -> Networks:
    assert session.board.source is not None
    shape, domains = session.board.source.example_shape, session.board.domains
    if domains:
        return make_adaptation_networks(settings, shape, domains.num_classes, session.device)
    return make_networks(settings, shape, session.device)


def _train(position: Position, probe: Game[Any]) -> tuple[list[int], list[float]]:
    """Play the probe's rounds; ends of stretches, and the mean loss of each."""
    session, number = position.session, position.settings.probe_rounds
    player = _player(position, probe.disc)
    streams, batches = position.streams("probe"), position.loader("probe")
    match = Match(probe, player, session.match.gen, batches, streams, session.match.precision)
    found: list[torch.Tensor] = []
    for done, batch in enumerate(itertools.islice(batches, number), start=1):
        terms, gradients = match.disc_gradient(batch)
        match.apply_disc(gradients)
        found.append(terms.adversarial.detach())
        position.on_progress("fresh discriminator", done, number)
    ends = sorted({number * point // NUM_POINTS for point in range(1, NUM_POINTS + 1)} - {0})
    values = torch.stack(found).cpu().double()
    means = [float(values[start:end].mean()) for start, end in itertools.pairwise([0, *ends])]
    return ends, means


def _player(position: Position, module: nn.Module) -> Player:
    settings, num_steps = position.session.settings.disc, position.session.settings.training.steps
    betas = settings.betas and tuple(build_scheduled(beta, num_steps) for beta in settings.betas)
    player = Player(module, build_optimizer(settings, list(module.parameters())), constant, betas=betas)
    player.set_step(0)
    return player


def _loss(position: Position, game: Game[Any], batches: Sequence[Batch]) -> float:
    """Mean adversarial loss of the game's discriminator; the same latents for every game."""
    streams, total = position.streams("probe-test"), 0.0
    for batch in batches:
        with position.session.match.precision():
            with torch.no_grad():
                move = game.generate(batch, streams)
            total += float(game.disc_terms(batch, move, streams).adversarial.detach())
    return total / len(batches)
