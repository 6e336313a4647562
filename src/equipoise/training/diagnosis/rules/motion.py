"""Rules about eigenvalues and the path-angle; see `equipoise.training.diagnosis.advice`."""

from equipoise.training.diagnosis.findings import Findings
from equipoise.training.diagnosis.rules.players import is_gan

TURNING = 3.0
"""|imaginary| / |real| from which rotation is worth a remedy: the longest stable step is then a tenth of what it is
without the imaginary part."""


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
    if found.run.game.penalty == "none" and is_gan(found):
        cures.append("damp it with a penalty (--game.penalty r1)")
    if not cures:
        heavier = "" if found.run.game.penalty == "none" else " or raise --game.penalty-weight"
        cures.append(f"shorten the steps (--disc.lr, --gen.lr){heavier}")
    return f"{reason}, for which plain descent needs very short steps: {', or '.join(cures)}."


def is_unstable(found: Findings) -> str | None:
    """Some direction is pushed away."""
    spectrum = found.spectrum
    if not spectrum or spectrum.verdict.kind != "unstable" or spectrum.jacobian.lowest is None:
        return None
    strength = f"{spectrum.jacobian.lowest:.2g} against a largest eigenvalue of {spectrum.jacobian.scale:.2g}"
    if not found.is_stationary:
        usual = "as is usual while the gradients are not at rest"
        unknown = "" if found.moving else " (whether they are was not measured)"
        return (
            f"Some direction is pushed away ({strength}), {usual}{unknown}: go on training{_falling(found)}, and look "
            "again."
        )
    cure = "another ratio of --disc.lr and --gen.lr may"
    if found.run.game.penalty != "r1-r2" and is_gan(found):
        cure = f"a penalty (--game.penalty r1-r2) or {cure}"
    return f"Some direction is pushed away ({strength}), and no common learning rate holds training here: {cure}."


def _falling(found: Findings) -> str:
    """The advice to let rates fall, for the players whose rates are constant."""
    players = {"disc": found.run.disc, "gen": found.run.gen}
    constant = [name for name, player in players.items() if player.schedule.decay == "constant"]
    flags = [f"--{name}.schedule.decay cosine" for name in constant]
    return f", with falling rates ({', '.join(flags)})" if flags else ""


def is_no_equilibrium(found: Findings) -> str | None:
    """Stable, and yet a player would leave it alone."""
    if not found.spectrum or found.spectrum.verdict.kind != "stable-not-nash":
        return None
    return (
        "The game is at rest where a player could gain alone, which GANs often are (Berard et al. 2020): nothing is "
        "wrong with it, but do not read the losses as those of an equilibrium; judge it by its distance and samples."
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
