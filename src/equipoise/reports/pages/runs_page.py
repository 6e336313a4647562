"""Several runs side by side: the same curves over one another, what differs in their settings, how each ended."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from equipoise.reports.pages.charts import Chart, Curve
from equipoise.reports.pages.differences import differing
from equipoise.reports.pages.findings import OUTCOMES, findings, label_of, verdict
from equipoise.reports.pages.ideals import ideal_of
from equipoise.reports.pages.page import rendered
from equipoise.reports.pages.pictures import BUDGET, frames
from equipoise.reports.pages.records import RunRecords, column, nested, number_or
from equipoise.reports.pages.run_charts import about_judge, distance_line, metric_line
from equipoise.reports.pages.run_samples import Still
from equipoise.reports.pages.tables import Table, cell
from equipoise.reports.pages.thinning import Line
from equipoise.reports.pages.words import duration, number, steps_text

LOOKS = ("disc", "gen", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
MOST_RUNS = 8
"""As many as there are colours and dashes to tell apart."""
_CHARTS = (
    ("disc_loss", "Discriminator's loss", False),
    ("gen_loss", "Generator's loss", False),
    ("disc_gap", "Discriminator's gap to its ideal", False),
    ("disc_rate", "Discriminator's rate", True),
    ("gen_rate", "Generator's rate", True),
    ("disc_noise_scale", "Discriminator's gradient noise scale", True),
    ("gen_noise_scale", "Generator's gradient noise scale", True),
)
_PLACES = ("name", "root")


def runs_page(runs: Sequence[RunRecords], commands: Sequence[str]) -> str:
    """The HTML of several runs.

    Args:
        runs: at most `MOST_RUNS`.
        commands: what makes each of them again.
    """
    names = told_apart(runs)
    return rendered(
        "runs.html",
        title=" · ".join(names),
        names=names,
        headline=_headline(runs, names),
        remark=_remark(runs),
        outcomes=_outcomes(runs, names),
        differences=_differences(runs, names),
        verdicts=[(name, *verdict(findings(run))) for name, run in zip(names, runs, strict=True)],
        charts=_charts(runs, names),
        last=_last_samples(runs, names),
        commands=list(zip(names, commands, strict=True)),
    )


def told_apart(runs: Sequence[RunRecords]) -> list[str]:
    """A name for each run, with its folder where two are called the same."""
    names = [run.name for run in runs]
    return [run.name if names.count(run.name) == 1 else f"{run.name} ({run.path})" for run in runs]


def _headline(runs: Sequence[RunRecords], names: Sequence[str]) -> str:
    """Which run came nearest, where they were measured alike."""
    best = {name: _best(run) for name, run in zip(names, runs, strict=True)}
    measured = {name: value for name, value in best.items() if np.isfinite(value)}
    if len(measured) < 2 or len({run.judge for run in runs if run.evaluations}) > 1 or not _are_comparable(runs):
        return f"{len(runs)} runs side by side"
    name = min(measured, key=lambda each: measured[each])
    judge = label_of(next(run for run in runs if run.evaluations))
    return f"{name} came nearest: {judge} {number(measured[name])} at best"


def _remark(runs: Sequence[RunRecords]) -> str:
    if not _are_comparable(runs):
        return "Their distances were measured under different protocols, and are not to be compared."
    return "One run of each is one draw of each: repeat them with other seeds before you trust small differences."


def _are_comparable(runs: Sequence[RunRecords]) -> bool:
    told = [nested(run.evaluations[-1], "protocol") for run in runs if run.evaluations]
    protocols = [{**each, "seed": None} if isinstance(each, dict) else each for each in told]
    return all(protocol == protocols[0] for protocol in protocols)


def _best(run: RunRecords) -> float:
    values = column(run.evaluations, "values", run.judge)
    return float(np.nanmin(values)) if np.isfinite(values).any() else float("nan")


def _outcomes(runs: Sequence[RunRecords], names: Sequence[str]) -> Table:
    columns = ["run", "ending", "best", "at", "final", "steps", "images", "time"]
    return Table("How each ended", columns, [_outcome(run, name) for run, name in zip(runs, names, strict=True)])


def _outcome(run: RunRecords, name: str) -> list[str]:
    values, last = column(run.evaluations, "values", run.judge), (run.metrics or run.evaluations or [{}])[-1]
    best = int(np.nanargmin(values)) if np.isfinite(values).any() else None
    return [
        name,
        OUTCOMES[run.ending][1].lower() if run.ending in OUTCOMES else "not ended",
        "" if best is None else f"{label_of(run)} {number(float(values[best]))}",
        "" if best is None else steps_text(run.evaluations[best]["step"]),
        number(float(values[-1])) if len(values) else "",
        f"{run.last_step:,}",
        cell(last.get("images")),
        duration(number_or(last.get("seconds"))) if "seconds" in last else "",
    ]


def _differences(runs: Sequence[RunRecords], names: Sequence[str]) -> Table | None:
    found = differing([run.settings for run in runs])
    rows = [[name, *map(cell, values)] for name, values in found.items() if name not in _PLACES]
    return Table("Settings that differ", ["setting", *names], rows) if rows else None


def _charts(runs: Sequence[RunRecords], names: Sequence[str]) -> list[Chart]:
    made = []
    if measured := [run for run in runs if run.evaluations]:
        label = label_of(measured[0])
        about = f"{about_judge(measured[0].judge)} Less is better."
        curves = _curves(runs, names, distance_line)
        made.append(Chart(label[0].upper() + label[1:], curves, may_be_log=True, about=about))
    for name, title, may_be_log in _CHARTS:
        ideal_player = name.removesuffix("_loss") if name.endswith("_loss") else ""
        curves = _curves(runs, names, functools.partial(metric_line, name=name), ideal_player)
        made.append(Chart(title, curves, may_be_log=may_be_log))
    span = 0.0, float(max(1, *(run.last_step for run in runs)))
    return [replace(chart, span=span) for chart in made if chart.curves]


def _curves(
    runs: Sequence[RunRecords], names: Sequence[str], line: Callable[[RunRecords], Line], ideal_player: str = ""
) -> list[Curve]:
    """A curve for each run that has the numbers; the ideal, where all share one, beside the first."""
    ideals = {ideal_of(run, ideal_player) for run in runs} if ideal_player else {None}
    shared = next(iter(ideals)) if len({None if each is None else round(each, 6) for each in ideals}) == 1 else None
    lines = ((name, look, line(run)) for name, look, run in zip(names, LOOKS, runs, strict=False))
    drawn = [Curve(name, each, look) for name, look, each in lines if len(each.finite)]
    return [replace(drawn[0], ideal=shared, ideal_label="ideal"), *drawn[1:]] if drawn else []


def _last_samples(runs: Sequence[RunRecords], names: Sequence[str]) -> list[Still]:
    """The newest samples of every run."""
    budget, found = BUDGET // len(runs), []
    for run, name in zip(runs, names, strict=True):
        newest = frames(run.samples[-1:], budget)
        found += [Still(frame.step, f"{name}, {steps_text(frame.step)}", frame.picture) for frame in newest]
    return found
