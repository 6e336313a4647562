"""Commands that a finding proposes."""

import math
import shlex

from equipoise.reports.pages.records import RunRecords, number_or


def typed(what: str, run: RunRecords) -> str:
    """A command on the run."""
    return f"equipoise {what} {shlex.quote(str(run.path))}"


def again(run: RunRecords, options: str) -> str:
    """The run again, under another name, with ``options`` besides."""
    config, name = shlex.quote(str(run.path / "config.yaml")), shlex.quote(f"{run.name}-2")
    return f"equipoise train --config {config} --name {name} {options.strip()}"


def rates(run: RunRecords, disc: float, gen: float) -> str:
    """Both players' rates times a factor each, as options; those that stay are left out."""
    rates = {
        name: number_or(run.setting(f"{name}.lr")) * factor
        for name, factor in (("disc", disc), ("gen", gen))
        if factor != 1
    }
    return " ".join(f"--{name}.lr {rate:.3g}" for name, rate in rates.items() if math.isfinite(rate))


def penalty(run: RunRecords) -> str:
    """An option that bounds the discriminator's slope, where nothing does yet."""
    return " --game.penalty r1" if run.setting("game.penalty") == "none" else ""


def features_for(run: RunRecords) -> str:
    """Features that know the run's data."""
    if run.adapts:
        return "classifier"
    known = {"digits": "digits", "ring": "points", "grid": "points", "text": "ngrams"}
    return known.get(str(run.setting("data.source")), "inception")
