"""A run in short: the settings that matter most in a line, and the few numbers that everyone asks for."""

from equipoise.reports.pages.findings import OUTCOMES, label_of
from equipoise.reports.pages.records import RunRecords, number_or
from equipoise.reports.pages.tables import cell
from equipoise.reports.pages.words import duration, number, steps_text

_WITH_EXAMPLES = ("generative", "domain-adversarial")
_CAST = ("network.architecture", "data.source", "target.source")


def in_short(run: RunRecords) -> str:
    """The settings that matter most, in a line."""
    kind = run.setting("game.kind")
    has_examples = kind in (None, *_WITH_EXAMPLES)
    if has_examples:
        architecture, source, target = (run.setting(name) for name in _CAST)
        cast = f"{architecture} adapted from {source} to {target}" if run.adapts else f"{architecture} on {source}"
        parts = [cast, _objective(run)]
    else:
        parts = [f"{kind} game between points"]
    for player in ("disc", "gen"):
        parts.append(f"{player} {run.setting(f'{player}.optimizer')} {cell(run.setting(f'{player}.lr'))}")
    batch = run.setting("training.batch_size")
    return " · ".join([*parts, *([f"batches of {batch}"] if has_examples else [])])


def _objective(run: RunRecords) -> str:
    objective, penalty = run.setting("game.objective"), run.setting("game.penalty")
    return str(objective) if penalty in (None, "none") else f"{objective} + {penalty}"


def tiles(run: RunRecords) -> list[tuple[str, str, str]]:
    """The few numbers that everyone asks for: name, value, remark."""
    total = number_or(run.setting("training.steps"), 0)
    made = [("Ending", OUTCOMES[run.ending][1] if run.ending in OUTCOMES else "Not ended", "")]
    made += _distance_tiles(run)
    made.append(("Steps", f"{run.last_step:,}", f"of {total:,.0f}" if total else ""))
    last = (run.metrics or run.evaluations or [{}])[-1]
    seconds = max(number_or(last.get("seconds"), 0), number_or((run.evaluations or [{}])[-1].get("seconds"), 0))
    made.append(("Time", duration(seconds), _where(run)))
    return made


def _distance_tiles(run: RunRecords) -> list[tuple[str, str, str]]:
    values = run.outcome.get("values")
    if not run.evaluations or not isinstance(values, dict) or "best" not in values:
        return []
    label = label_of(run)
    return [
        (f"{name} {label}", number(number_or(values.get(key))), steps_text(number_or(values.get(f"{key}_step"), 0)))
        for name, key in (("Best", "best"), ("Final", "latest"))
    ]


def _where(run: RunRecords) -> str:
    device = run.environment.get("cuda_device")
    threads = run.setting("threads") or run.environment.get("threads")
    if device and run.setting("device") != "cpu":
        return str(device)
    return {0: "", 1: "one CPU thread"}.get(int(number_or(threads, 0)), f"{threads} CPU threads")
