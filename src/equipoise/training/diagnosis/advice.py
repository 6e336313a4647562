"""Advice: a small table of rules, each a pure function from what was measured to a sentence with its reason, or None.

The order of `RULES` is that of importance. Numbers above which a rule speaks are constants here, with their reasons;
none of them is a law. Options that a sentence names are those of ``equipoise train`` and ``equipoise resume``.
"""

from collections.abc import Callable

from equipoise.training.diagnosis.findings import Findings
from equipoise.training.diagnosis.noise_scales import PlayerNoise

FAR = 0.1
"""Gap, relative to the ideal loss (or absolute, where that is 0), from which a player is ahead or behind: the width
at which the gap-aware schedule of Hazimeh & Ponomareva 2023 is at its ends."""
FAST = 2.0
"""Ratio of the rates from which one player is called faster."""
TURNING = 3.0
"""|imaginary| / |real| from which rotation is worth a remedy: the longest stable step is then a tenth of what it is
without the imaginary part."""
APART = 4.0
"""Factor between batch size and noise scale from which another batch size is worth it."""
SURE = 3.0
"""Standard deviations from which a test speaks."""
CRITIC = 0.3
"""By how much of its own loss a Wasserstein critic, which has no scale, must be beaten to be called weak."""
UNEVEN = 0.2
"""Share of examples in the wrong mode or class from which the shares are called uneven."""

Rule = Callable[[Findings], str | None]


def width(ideal: float | None) -> float:
    """The gap, in units of the loss, from which a player is ahead or behind.

    >>> width(0.5), width(0.0)
    (0.05, 0.1)
    """
    return FAR * abs(ideal) if ideal else FAR


def is_broken(found: Findings) -> str | None:
    """Weights that are not finite."""
    if not found.broken:
        return None
    return (
        f"The weights of the {' and the '.join(found.broken)} are not finite, so that nothing can go on from here: "
        "take an earlier checkpoint (--step), lower --disc.lr and --gen.lr, and let --guard.nonfinite rollback catch "
        "it next time."
    )


def has_ended_badly(found: Findings) -> str | None:
    """The run's own ending."""
    if found.ending is None or found.ending[0] not in ("diverged", "failed"):
        return None
    return f"The run ended badly, and this is its state before: {found.ending[1]}"


def disc_is_ahead(found: Findings) -> str | None:
    """The discriminator's loss is far below its ideal."""
    loss = found.losses and found.losses.disc
    if not loss or loss.gap is None or not loss.gap < -width(loss.ideal):
        return None
    if not _is_gan(found) or _measures_distance(found):
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


def _is_gan(found: Findings) -> bool:
    """Whether a discriminator scores examples; the other games are between two points."""
    return found.run.game.kind in ("generative", "dirac")


def _measures_distance(found: Findings) -> bool:
    """Whether the discriminator is a critic that is to be ahead, whose loss has the units of the data."""
    return _is_gan(found) and found.run.game.objective == "wasserstein"


def _times_faster(found: Findings) -> float | None:
    assert found.losses
    ratio = found.losses.rate_ratio
    return ratio if ratio is not None and ratio >= FAST else None


def disc_is_behind(found: Findings) -> str | None:
    """The discriminator's loss is far above its ideal."""
    loss = found.losses and found.losses.disc
    if not found.losses or not loss or loss.gap is None or not loss.gap > width(loss.ideal) or not _is_gan(found):
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
    return (
        f"A fresh discriminator reaches a loss of {probe.loss:.3g} in {probe.num_rounds} rounds against the frozen "
        f"generator, {-probe.gap:.2g} below ideal, where the run's own stands at {probe.own_loss:.3g}: the run's "
        "discriminator is weak or worn, not the generator good; raise --disc.lr or --training.disc-steps, or lower "
        "--game.penalty-weight."
    )


def probe_finds_no_more(found: Findings) -> str | None:
    """The run's discriminator is at its ideal, and a fresh one does no better."""
    probe = found.probe
    if not probe or probe.gap is None or probe.own_gap is None:
        return None
    if max(abs(probe.gap), abs(probe.own_gap)) > width(probe.ideal) / 2:
        return None
    return (
        f"The discriminator is {abs(probe.own_gap):.2g} from its ideal, and a fresh one finds no more in "
        f"{probe.num_rounds} rounds ({probe.loss:.3g} against {probe.ideal:.3g}): as far as such a discriminator can "
        "see in so many rounds (--probe-rounds), the generator is good."
    )


def rotates(found: Findings) -> str | None:
    """Eigenvalues turn much more than they attract."""
    spectrum = found.spectrum
    if not spectrum or spectrum.verdict.most_rotating is None or spectrum.verdict.rotation < TURNING:
        return None
    real, imaginary = spectrum.verdict.most_rotating
    reason = f"The game turns: a pair of eigenvalues {real:.2g} +- {imaginary:.2g}i"
    cures = []
    if found.run.training.order not in ("extragradient", "past-extragradient", "optimistic"):
        cures.append("look ahead (--training.order extragradient)")
    if found.run.game.penalty == "none" and _is_gan(found):
        cures.append("damp it with a penalty (--game.penalty r1)")
    if not cures:
        cures.append("shorten the steps (--disc.lr, --gen.lr) or raise --game.penalty-weight")
    return f"{reason}, for which plain descent needs very short steps: {', or '.join(cures)}."


def is_unstable(found: Findings) -> str | None:
    """Some direction is pushed away."""
    spectrum = found.spectrum
    if not spectrum or spectrum.verdict.kind != "unstable" or spectrum.jacobian.lowest is None:
        return None
    strength = f"{spectrum.jacobian.lowest:.2g} against a largest eigenvalue of {spectrum.jacobian.scale:.2g}"
    if found.is_stationary is False:
        return (
            f"Some direction is pushed away ({strength}), as is usual while the gradients are not at rest: go on "
            "training, with falling rates (--disc.schedule.decay cosine, --gen.schedule.decay cosine), and look again."
        )
    cure = "another ratio of --disc.lr and --gen.lr may"
    if found.run.game.penalty != "r1-r2" and _is_gan(found):
        cure = f"a penalty (--game.penalty r1-r2) or {cure}"
    return f"Some direction is pushed away ({strength}), and no common learning rate holds training here: {cure}."


def is_no_equilibrium(found: Findings) -> str | None:
    """Stable, and yet a player would leave it alone."""
    if not found.spectrum or found.spectrum.verdict.kind != "stable-not-nash":
        return None
    return (
        "The game is at rest where a player could gain alone, which GANs often are (Berard et al. 2020): nothing is "
        "wrong with it, but do not read the losses as those of an equilibrium; judge it by its distance and samples."
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
    if not noise:
        return None
    low = [_low(each) for each in (noise.disc, noise.gen)]
    scales = [each.scale for each in (noise.disc, noise.gen) if each.scale is not None]
    if len(scales) < 2 or min(low) < APART * noise.batch_size:
        return None
    suggested = min(each.suggested or 1 for each in (noise.disc, noise.gen))
    return (
        f"Both gradients are mostly noise at batch {noise.batch_size} (noise scales {scales[0]:.0f} and "
        f"{scales[1]:.0f}): a batch of up to {suggested} (--training.batch-size) takes fewer rounds for nearly the "
        "same number of examples."
    )


def batch_is_large(found: Findings) -> str | None:
    """Both players' gradients would be nearly the same from a smaller batch."""
    noise = found.noise
    if not noise or noise.disc.high is None or noise.gen.high is None:
        return None
    if found.is_stationary is False:  # noise scales are small at first, and grow as the gradients come to rest
        return None
    if max(noise.disc.high, noise.gen.high) * APART > noise.batch_size:
        return None
    suggested = max(each.suggested or 1 for each in (noise.disc, noise.gen))
    return (
        f"The noise scales of both players ({noise.disc.scale:.2g} and {noise.gen.scale:.2g}) are far below the batch "
        f"of {noise.batch_size}: a batch of {max(suggested, 2)} (--training.batch-size) would do nearly as much a "
        "round, at less cost."
    )


def _low(noise: PlayerNoise) -> float:
    return noise.low if noise.low is not None else 0.0


def modes_are_lost(found: Findings) -> str | None:
    """Modes or classes that nothing was generated for, or shares that are uneven."""
    modes = found.modes
    if not modes:
        return None
    wanted = sum(share > 0 for share in modes.shares)
    lost = [
        str(number)
        for number, (count, share) in enumerate(zip(modes.counts, modes.shares, strict=True))
        if share and not count
    ]
    if not lost and modes.error < UNEVEN:
        return None
    if lost:
        reason = f"{len(lost)} of {wanted} {modes.kind} get no example out of {modes.num_samples:,}"
        reason += f" (numbers {', '.join(lost[:10])})"
    else:
        reason = (
            f"All {wanted} {modes.kind} are reached, but {modes.error:.0%} of the examples would have to lie elsewhere"
        )
    cure = (
        "a smoother discriminator (--game.penalty r1-r2)"
        if found.run.game.penalty != "r1-r2"
        else "lower rates of both players"
    )
    return f"{reason}: try {cure}, a larger --training.batch-size, or a longer average (--training.ema)."


def copies_training_set(found: Findings) -> str | None:
    """Generated examples lie nearer to the training set than held-out ones."""
    if not found.memorisation or not found.memorisation.test.statistic < -SURE:
        return None
    test = found.memorisation.test
    return (
        f"Generated examples lie nearer to the training set than held-out ones do ({test.ratio:.2f}x the distance, "
        f"{-test.statistic:.1f} standard deviations): it is being copied; take more data or mirror it (--data.flip), a "
        "smaller --network.width, or an earlier checkpoint."
    )


def misses_training_set(found: Findings) -> str | None:
    """Generated examples lie farther from the training set than held-out ones."""
    if not found.memorisation or not found.memorisation.test.statistic > SURE:
        return None
    test = found.memorisation.test
    return (
        f"Generated examples lie farther from real ones than other real ones do ({test.ratio:.2f}x the distance): "
        "nothing is copied, and the generator is not yet good in these features; train longer or with a larger "
        "--network.width."
    )


def path_turns(found: Findings) -> str | None:
    """The field stands across the path, so that the average of what turns is nearer to its centre."""
    path = found.path
    if not path or path.shape not in ("rotation", "spiral") or found.run.training.ema != 0.0:
        return None
    return (
        f"Along the path from step {path.from_step} the field turns (bump {path.bump:.2g}): an average of the "
        "generator's weights lies nearer to the centre than any one of them (--training.ema 0.999)."
    )


def path_leads_away(found: Findings) -> str | None:
    """The field pushes along the path beyond its end."""
    if not found.path or found.path.shape != "repulsion":
        return None
    return (
        f"Along the path from step {found.path.from_step} the field pushes on beyond this checkpoint and back before "
        f"it (switch {found.path.switch:.2g}): it is left, not approached; look at a later checkpoint, or lower both "
        "rates."
    )


def search_fell_short(found: Findings) -> str | None:
    """Eigenvalues that were not found within the budget."""
    spectrum = found.spectrum
    failures = (
        []
        if not spectrum
        else [
            failure
            for ends in (spectrum.jacobian, spectrum.disc_hessian, spectrum.gen_hessian)
            for failure in ends.failures
        ]
    )
    return f"Not all eigenvalues were found. {' '.join(failures)}" if failures else None


RULES: tuple[Rule, ...] = (
    is_broken,
    has_ended_badly,
    disc_is_ahead,
    disc_is_behind,
    probe_finds_more,
    modes_are_lost,
    copies_training_set,
    rotates,
    is_unstable,
    path_leads_away,
    penalty_leads,
    batch_is_small,
    batch_is_large,
    misses_training_set,
    path_turns,
    is_no_equilibrium,
    probe_finds_no_more,
    search_fell_short,
)


def advise(found: Findings) -> list[tuple[str, str]]:
    """(rule, sentence) of every rule that has something to say, the most important first."""
    spoken = [(rule.__name__, rule(found)) for rule in RULES]
    sentences = [(name, sentence) for name, sentence in spoken if sentence]
    return sentences or [("nothing_found", "Nothing that was measured asks for a change.")]
