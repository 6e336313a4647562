"""Rules about losses, rates, the probe, penalties and batch sizes; see `equipoise.training.diagnosis.advice`."""

import math

from equipoise.training.diagnosis.findings import Findings
from equipoise.training.diagnosis.noise_scales import PlayerNoise

FAR = 0.1
"""Gap, relative to the ideal loss (or absolute, where that is 0), from which a player is ahead or behind: the width
at which the gap-aware schedule of Hazimeh & Ponomareva 2023 is at its ends."""
APART = 4.0
"""Factor between batch size and noise scale from which another batch size is worth it."""
BLOWN = 5.0
"""How many times as far above its ideal as "behind" a fresh discriminator is that does not learn."""
CRITIC = 0.3
"""By how much of its own loss a Wasserstein critic, which has no scale, must be beaten to be called weak."""
FAST = 2.0
"""Ratio of the rates from which one player is called faster."""


def width(ideal: float | None) -> float:
    """The gap, in units of the loss, from which a player is ahead or behind.

    >>> width(0.5), width(0.0)
    (0.05, 0.1)
    """
    return FAR * abs(ideal) if ideal else FAR


def disc_is_ahead(found: Findings) -> str | None:
    """The discriminator's loss is far below its ideal."""
    loss = found.losses and found.losses.disc
    if not loss or loss.gap is None or not loss.gap < -width(loss.ideal):
        return None
    if not is_gan(found) or _measures_distance(found):
        return None
    faster = _times_faster(found)
    reason = f"The discriminator's loss is {-loss.gap:.2g} below ideal ({loss.loss:.3g} against {loss.ideal:.3g})"
    reason += f" and its rate is {faster:.2g}x the generator's" if faster else ""
    if loss.gap_factor is not None:
        return (
            f"{reason}, although the gap-aware schedule already multiplies its rate by {loss.gap_factor:.2g}: lower "
            f"--disc.lr (it is {loss.base_rate:.3g}) or --disc.schedule.gap-min-factor."
        )
    return (
        f"{reason}: lower --disc.lr (it is {loss.base_rate:.3g}), or turn on the gap-aware schedule "
        "(--disc.schedule.gap exponential)."
    )


def is_gan(found: Findings) -> bool:
    """Whether a discriminator scores examples; the other games are between two points."""
    return found.run.game.kind in ("generative", "dirac")


def _measures_distance(found: Findings) -> bool:
    """Whether the discriminator is a critic that is to be ahead, whose loss has the units of the data."""
    return is_gan(found) and found.run.game.objective == "wasserstein"


def _times_faster(found: Findings) -> float | None:
    assert found.losses
    ratio = found.losses.rate_ratio
    return ratio if ratio is not None and ratio >= FAST else None


def disc_is_behind(found: Findings) -> str | None:
    """The discriminator's loss is far above its ideal."""
    loss = found.losses and found.losses.disc
    if not found.losses or not loss or loss.gap is None or not loss.gap > width(loss.ideal) or not is_gan(found):
        return None
    reason = f"The discriminator's loss is {loss.gap:.2g} above ideal ({loss.loss:.3g} against {loss.ideal:.3g})"
    ratio = found.losses.rate_ratio
    slower = f" and its rate is {ratio:.2g}x the generator's" if ratio is not None and ratio <= 1 / FAST else ""
    steps = found.run.training.disc_steps
    return (
        f"{reason}{slower}, so that it says less than a constant score would: raise --disc.lr (it is "
        f"{loss.base_rate:.3g}), lower --gen.lr, or give it more updates a round (--training.disc-steps {steps + 1})."
    )


def probe_finds_more(found: Findings) -> str | None:
    """A fresh discriminator tells apart what the run's own does not."""
    probe = found.probe
    if not probe or probe.gap is None or probe.own_gap is None:
        return None
    clear = max(width(probe.ideal), CRITIC * abs(probe.own_loss)) if _measures_distance(found) else width(probe.ideal)
    is_near = probe.own_gap >= -clear or _measures_distance(found)  # elsewhere one that is ahead is not weak
    if not is_near or not probe.own_loss - probe.loss > clear:
        return None
    lighter = "" if found.run.game.penalty == "none" else ", or lower --game.penalty-weight"
    opponent = "not the domains alike" if found.run.game.adapts else "not the generator good"
    return (
        f"A fresh discriminator reaches a loss of {probe.loss:.3g} in {probe.num_rounds} rounds against the frozen "
        f"opponent, {-probe.gap:.2g} below ideal, where the run's own stands at {probe.own_loss:.3g}: the run's "
        f"discriminator is weak or worn, {opponent}; raise --disc.lr or --training.disc-steps{lighter}."
    )


def probe_blows_up(found: Findings) -> str | None:
    """A fresh discriminator does not learn at the run's base rate."""
    probe = found.probe
    if not probe or probe.ideal is None or probe.loss <= probe.ideal + BLOWN * width(probe.ideal):
        return None
    return (
        f"A fresh discriminator does not learn at the run's base rate: after {probe.num_rounds} rounds its loss is "
        f"{probe.loss:.3g}, where a constant score has {probe.ideal:.3g}; lower --disc.lr (it is "
        f"{found.run.disc.lr:.3g})."
    )


def probe_finds_no_more(found: Findings) -> str | None:
    """The run's discriminator is at its ideal, and a fresh one does no better."""
    probe = found.probe
    if not probe or probe.gap is None or probe.own_gap is None:
        return None
    if max(abs(probe.gap), abs(probe.own_gap)) > width(probe.ideal) / 2:
        return None
    praise = "the domains are alike" if found.run.game.adapts else "the generator is good"
    return (
        f"The discriminator is {abs(probe.own_gap):.2g} from its ideal, and a fresh one finds no more in "
        f"{probe.num_rounds} rounds ({probe.loss:.3g} against {probe.ideal:.3g}): as far as such a discriminator can "
        f"see in so many rounds (--probe-rounds), {praise}."
    )


def penalty_leads(found: Findings) -> str | None:
    """The penalty's gradient is far longer than that of the loss, and against it."""
    gradient = found.gradients and found.gradients.disc
    if not gradient or gradient.penalty_norm is None or gradient.penalty_cosine is None or not gradient.norm:
        return None
    if gradient.penalty_norm < FAST * gradient.norm or gradient.penalty_cosine > -0.5:
        return None
    return (
        f"The penalty's gradient is {gradient.penalty_norm / gradient.norm:.2g}x as long as the whole and points "
        f"against the loss (cosine {gradient.penalty_cosine:.2g}), so that the two mostly fight: lower "
        "--game.penalty-weight."
    )


def batch_is_small(found: Findings) -> str | None:
    """Both players' gradients are mostly noise."""
    noise = found.noise
    if not noise or min(noise.disc.low or 0.0, noise.gen.low or 0.0) < APART * noise.batch_size:
        return None
    scale = min(_likely(noise.disc), _likely(noise.gen))  # the player that gains least
    batch = 2 ** round(math.log2(scale))
    return (
        f"Both gradients are mostly noise at batch {noise.batch_size} (noise scales {_words(noise.disc)} and "
        f"{_words(noise.gen)}): {_costs(batch, noise.batch_size, scale)}."
    )


def batch_is_large(found: Findings) -> str | None:
    """Both players' gradients would be nearly the same from a smaller batch."""
    noise = found.noise
    if not noise or noise.disc.high is None or noise.gen.high is None:
        return None
    if found.is_stationary is False:  # noise scales are small at first, and grow as the gradients come to rest
        return None
    scale = max(_likely(noise.disc), _likely(noise.gen), 0.0)  # the player that loses most
    batch = 2 ** max(1, math.ceil(math.log2(max(APART * scale, 1.0))))
    if max(noise.disc.high, noise.gen.high) * APART > noise.batch_size or batch >= noise.batch_size:
        return None
    return (
        f"The noise scales of both players ({_words(noise.disc)} and {_words(noise.gen)}) are far below the batch of "
        f"{noise.batch_size}: {_costs(batch, noise.batch_size, scale)}."
    )


def _likely(noise: PlayerNoise) -> float:
    """The noise scale, or the lower end of its interval where the signal is lost in the noise."""
    return noise.scale if noise.scale is not None else noise.low or 0.0


def _words(noise: PlayerNoise) -> str:
    scale = _likely(noise)
    number = f"{scale:,.0f}" if scale >= 100 else f"{scale:.3g}"
    return number if noise.scale is not None else f"above {number}"


def _costs(batch: int, before: int, scale: float) -> str:
    """What another batch costs: rounds to the same end grow like 1 + scale / batch (McCandlish et al. 2018)."""
    rounds = (1 + scale / batch) / (1 + scale / before)
    return (
        f"by the rule 1 + (noise scale) / (batch), a batch of {batch} (--training.batch-size) takes {rounds:.2g}x the "
        f"rounds and {rounds * batch / before:.2g}x the examples to get as far"
    )
