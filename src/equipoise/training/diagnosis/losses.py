"""Both players' losses against their ideals, and the rates in force, at a checkpoint.

Losses are means over fresh batches at the weights as they stand, not the averages that a run logs between updates.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from equipoise.games import LossTerms
from equipoise.training.diagnosis.fields import loss_terms
from equipoise.training.diagnosis.position import Position
from equipoise.training.noise import unchanged_buffers
from equipoise.training.player import Player


@dataclass(frozen=True)
class PlayerLoss:
    """Where one player stands.

    Attributes:
        loss: adversarial, mean over batches.
        error: its standard error.
        ideal: what it is to stay near; None where that is not known.
        gap: loss - ideal: below 0 the player is ahead, above 0 behind.
        penalty: weighted penalty, 0 where there is none.
        rate: learning rate in force.
        base_rate: before decay and gap factor.
        gap_factor: of the gap-aware schedule; None without one.
    """

    loss: float
    error: float
    ideal: float | None
    gap: float | None
    penalty: float
    rate: float
    base_rate: float
    gap_factor: float | None


@dataclass(frozen=True)
class Losses:
    """Both players' losses.

    Attributes:
        disc: the discriminator's.
        gen: the generator's.
        rate_ratio: rate of the discriminator over that of the generator; None where that is 0.
        num_batches: batches averaged over.
        batch_size: examples of each, pairs of them where there are two domains.
    """

    disc: PlayerLoss
    gen: PlayerLoss
    rate_ratio: float | None
    num_batches: int
    batch_size: int


def measure_losses(position: Position) -> Losses:
    """Losses on fresh batches; they may be NaN where weights are."""
    session, number = position.session, position.settings.num_batches
    streams, found = position.streams("losses"), list[tuple[LossTerms, LossTerms]]()
    with unchanged_buffers(session.board.game):
        for done, batch in enumerate(position.batches("losses", number), start=1):
            disc, gen = loss_terms(position, batch, streams)
            found.append((_detached(disc), _detached(gen)))
            position.on_progress("losses", done, number)
    game, match = session.board.game, session.match
    disc_loss = _player([disc for disc, _ in found], match.disc, game.ideal_disc_loss)
    gen_loss = _player([gen for _, gen in found], match.gen, game.ideal_gen_loss)
    ratio = disc_loss.rate / gen_loss.rate if gen_loss.rate else None
    return Losses(disc_loss, gen_loss, ratio, number, position.batch_size)


def _detached(terms: LossTerms) -> LossTerms:
    penalty = None if terms.penalty is None else terms.penalty.detach()
    return LossTerms(terms.adversarial.detach(), penalty)


def _player(terms: Sequence[LossTerms], player: Player, of_game: float | None) -> PlayerLoss:
    losses = np.array(torch.stack([each.adversarial for each in terms]).tolist())
    penalties = [0.0 if each.penalty is None else float(each.penalty) for each in terms]
    loss, ideal = float(losses.mean()), player.ideal_loss(of_game)
    return PlayerLoss(
        loss,
        float(losses.std(ddof=1) / math.sqrt(len(losses))),
        ideal,
        None if ideal is None else loss - ideal,
        float(np.mean(penalties)),
        player.rate,
        player.base_rates[0],
        None if player.gap is None else player.gap.factor,
    )
