"""Rules about the run, and what the generator makes; see `equipoise.training.diagnosis.advice`."""

from equipoise.training.diagnosis.findings import Findings

DULL = 0.5
"""Different nearest training examples, relative to held-out ones, below which a generator makes few things."""
SURE = 3.0
"""Standard deviations from which a test speaks."""
UNEVEN = 0.2
"""Share of examples in the wrong mode or class from which the shares are called uneven."""


def is_broken(found: Findings) -> str | None:
    """Weights that are not finite."""
    if not found.broken:
        return None
    prevention = ", and lower --disc.lr and --gen.lr"
    if found.run.guard.nonfinite != "rollback":
        prevention = ", lower --disc.lr and --gen.lr, and let --guard.nonfinite rollback catch it next time"
    return (
        f"The weights of the {' and the '.join(found.broken)} are not finite, so that nothing can go on from here: "
        f"take an earlier checkpoint (--step){prevention}."
    )


def has_ended_badly(found: Findings) -> str | None:
    """The run's own ending."""
    if found.ending is None or found.ending[0] not in ("diverged", "failed"):
        return None
    return f"The run ended badly, and this is its state before: {found.ending[1]}"


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
    """Generated examples lie nearer to the training set than held-out ones, and are as many different things."""
    if not found.memorisation or not found.memorisation.test.statistic < -SURE:
        return None
    test = found.memorisation.test
    if test.variety < DULL:
        return None
    mirrored = "" if found.run.data.flip else " or mirror it (--data.flip)"
    return (
        f"Generated examples lie nearer to the training set than held-out ones do ({test.ratio:.2f}x the distance, "
        f"{-test.statistic:.1f} standard deviations): it is being copied; take more data{mirrored}, a "
        "smaller --network.width, or an earlier checkpoint."
    )


def makes_few_things(found: Findings) -> str | None:
    """Generated examples crowd round few of the training examples."""
    if not found.memorisation or not found.memorisation.test.variety < DULL:
        return None
    test = found.memorisation.test
    cures = "lower rates or a larger --training.batch-size"
    if found.run.game.penalty == "none":
        cures = "lower rates, a larger --training.batch-size or --game.penalty r1"
    return (
        f"Generated examples crowd round few training examples (their nearest are {test.variety:.0%} as many as those "
        f"of held-out ones): little variety is made; train longer, or try {cures}."
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
