"""Which curves a run has: distance, losses, gaps, rates, noise, and whatever else its records hold."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from equipoise.core.judges import JUDGES, RISKS
from equipoise.reports.pages.adaptation_charts import DRAWN, charts_of_evaluations, charts_of_metrics
from equipoise.reports.pages.charts import Chart, Curve
from equipoise.reports.pages.findings import label_of, radii
from equipoise.reports.pages.ideals import goal_of, ideal_of, is_tuned
from equipoise.reports.pages.records import Record, RunRecords, column, nested, number_or
from equipoise.reports.pages.thinning import Line, thinned
from equipoise.reports.pages.words import number

PLAYERS = ("disc", "gen")
_NUM_COLUMNS = 400
_MOST_PATH_POINTS = 1500
_KNOWN = (
    *("step", "images", "seconds", "images_per_second", "rate_ratio"),
    *(
        f"{player}_{name}"
        for player in PLAYERS
        for name in (
            *("loss", "gap", "rate", "penalty", "gradients", "point", "noise", "signal", "noise_scale"),
            *("ideal_loss", "average_loss", "gap_factor", "ideal"),
        )
    ),
)
_SHARES = ("precision", "recall", "density", "coverage", "high_quality", "distinct")
_COUNTS = ("modes", "classes")
_LOOKS = ("disc", "gen", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


def run_charts(run: RunRecords) -> list[Chart]:
    """Every chart that the records of a run allow, the most telling first."""
    made = (
        *_distance(run),
        *_points(run),
        *_losses(run),
        *_gaps(run),
        *_rates(run),
        *_values(run),
        *_noise(run),
        *_penalties(run),
        *_factors(run),
        *_others(run),
    )
    span = 0.0, float(max(run.last_step, 1))
    drawn = [chart for chart in made if any(len(curve.line.finite) for curve in chart.curves)]
    return [chart if chart.is_path else replace(chart, span=span) for chart in drawn]


def not_drawn(run: RunRecords) -> list[str]:
    """Losses that were recorded without any finite value, which is what a divergence leaves."""
    names = [f"{player}_loss" for player in PLAYERS]
    recorded = [name for name in names if any(name in record for record in run.metrics)]
    return [name.replace("_", " ") for name in recorded if not len(metric_line(run, name).finite)]


def about_judge(judge: str) -> str:
    """What the value says that judges the checkpoints of a run."""
    if judge in RISKS.values():
        return "What the rule minimises that chooses the checkpoint, without labels of the target."
    return "How far generated examples are from real ones."


def distance_line(run: RunRecords) -> Line:
    """The distance that judges the run's checkpoints, with its intervals where they were recorded."""
    steps, values = column(run.evaluations, "step"), column(run.evaluations, "values", run.judge)
    line = thinned(steps, values, _NUM_COLUMNS)
    if len(steps) > _NUM_COLUMNS:
        return line
    low, high = (column(run.evaluations, "intervals", run.judge, end) for end in ("low", "high"))
    told = np.isfinite(low) & np.isfinite(high) & np.isfinite(line.values)
    return Line(
        steps,
        line.values,
        np.where(told, low, line.low),
        np.where(told, high, line.high),
        line.num_missing,
        line.first_missing,
    )


def metric_line(run: RunRecords, name: str) -> Line:
    """One number of ``metrics.jsonl`` over the steps."""
    return thinned(run.metric("step"), run.metric(name), _NUM_COLUMNS)


def _marks(run: RunRecords) -> list[float]:
    steps = {number_or(event.get("step")) for event in run.events}
    return sorted(step for step in steps if step == step)[:50]


def _distance(run: RunRecords) -> Iterator[Chart]:
    if not run.evaluations:
        return
    label, line = label_of(run), distance_line(run)
    floor = number_or(nested(run.evaluations[-1], "protocol", "floor", run.judge))
    has_interval = any(nested(each, "intervals", run.judge) for each in run.evaluations)
    curve = Curve(
        label, line, "third", floor if floor == floor else None, "real examples get", has_interval=has_interval
    )
    title = f"{label[0].upper()}{label[1:]}"
    about = f"{about_judge(run.judge)} Less is better." + (
        " The band is the 95 % interval over other samples of this size." if has_interval else ""
    )
    yield Chart(title, [curve], may_be_log=True, marks=_marks(run), about=about)


def _points(run: RunRecords) -> Iterator[Chart]:
    if not run.is_between_points:
        return
    away = thinned(run.metric("step"), radii(run.metrics), _NUM_COLUMNS)
    yield Chart(
        "Distance from the equilibrium",
        [Curve("distance", away, "third")],
        may_be_log=True,
        about="The equilibrium is the origin.",
    )
    chosen = run.metrics[:: max(1, len(run.metrics) // _MOST_PATH_POINTS)]
    gen, disc = (np.array([_first(record, player) for record in chosen]) for player in ("gen", "disc"))
    kept = np.isfinite(gen)
    line = Line(gen[kept], disc[kept], disc[kept], disc[kept])
    yield Chart(
        "Path of the two players",
        [Curve("disc over gen", line, "third", 0.0, "equilibrium")],
        name="gen",
        is_path=True,
        about="First coordinates; the dotted line is disc at the equilibrium, where gen is 0 too.",
    )


def _first(record: Record, player: str) -> float:
    point = record.get(f"{player}_point")
    return number_or(point[0] if isinstance(point, list) and point else point)


def _losses(run: RunRecords) -> Iterator[Chart]:
    curves = [
        Curve(player, metric_line(run, f"{player}_loss"), player, ideal_of(run, player), "ideal") for player in PLAYERS
    ]
    alike = "the domains" if run.adapts else "generated and real examples"
    about = f"Adversarial terms. Dotted: what each is when {alike} cannot be told apart."
    if run.is_between_points:
        about = "What either player makes small. Dotted: its value at the equilibrium."
    yield Chart("Losses", curves, marks=_marks(run), about=about)


def _gaps(run: RunRecords) -> Iterator[Chart]:
    curves = [Curve(player, metric_line(run, f"{player}_gap"), player) for player in PLAYERS]
    curves = [curve for curve in curves if len(curve.line.finite)]
    if curves:
        first = replace(curves[0], ideal=0.0, ideal_label="balance")
        title = "Gap to V*" if any(is_tuned(run, player) for player in PLAYERS) else "Gap to the ideal"
        yield Chart(title, [first, *curves[1:]], marks=_marks(run), about=_about_gaps(run))


def _about_gaps(run: RunRecords) -> str:
    tuned = [player for player in PLAYERS if is_tuned(run, player)]
    if tuned:
        goals = " and ".join(f"{number(goal_of(run, player) or 0.0)} for {player}" for player in tuned)
        return f"Loss minus V*, which was set by hand to {goals}: what the gap-aware rate follows, and no ideal."
    if run.adapts:
        return "Loss minus ideal. At 0 the discriminator cannot tell the domains apart, which is the aim."
    return "Loss minus ideal. A discriminator far below 0 wins; at 0 it can tell nothing."


def _rates(run: RunRecords) -> Iterator[Chart]:
    curves = [Curve(player, metric_line(run, f"{player}_rate"), player) for player in PLAYERS]
    yield Chart("Learning rates in force", curves, may_be_log=True, about="Base rate times decay times gap factor.")


def _values(run: RunRecords) -> Iterator[Chart]:
    """What evaluations measured beside the distance."""
    if run.adapts:
        yield from charts_of_evaluations(run)
    told = dict.fromkeys(name for each in run.evaluations for name in each["values"])
    names = [name for name in told if name != run.judge and not (run.adapts and name in DRAWN)]
    orders = [name for name in names if name.startswith("jsd")]
    shares = [name for name in names if name in _SHARES]
    counts = [name for name in names if name in _COUNTS]
    accuracies = [name for name in names if name.endswith("accuracy")]
    alone = [[name] for name in names if name not in (*orders, *shares, *counts, *accuracies)]
    titles = {"fd": "Fréchet distance", "kid": "Kernel distance (KID)", "is": "Inception Score"}
    for group, title in (
        (counts, f"{' and '.join(counts).capitalize()} found"),
        (shares, "Shares"),
        (accuracies, "Accuracies"),
        (orders, "Divergence of n-grams"),
        *((one, titles.get(one[0]) or _named(one[0])) for one in alone),
    ):
        if group:
            curves = [_value_curve(run, name, _LOOKS[place % len(_LOOKS)]) for place, name in enumerate(group)]
            yield Chart(title, curves, may_be_log=group in alone, from_zero=group not in alone)


def _named(name: str) -> str:
    words = JUDGES.get(name, name.replace("_", " "))
    return words[0].upper() + words[1:]


def _value_curve(run: RunRecords, name: str, look: str) -> Curve:
    steps, values = column(run.evaluations, "step"), column(run.evaluations, "values", name)
    return Curve(name, thinned(steps, values, _NUM_COLUMNS), look)


def _noise(run: RunRecords) -> Iterator[Chart]:
    curves = [Curve(player, metric_line(run, f"{player}_noise_scale"), player) for player in PLAYERS]
    batch = number_or(run.setting("training.batch_size"))
    first = Curve("disc", curves[0].line, "disc", batch if batch == batch else None, "batch size")
    about = "Far above the batch size (dotted) a batch is mostly noise, far below mostly waste."
    yield Chart("Gradient noise scale", [first, curves[1]], may_be_log=True, about=about)


def _penalties(run: RunRecords) -> Iterator[Chart]:
    curves = [Curve(player, metric_line(run, f"{player}_penalty"), player) for player in PLAYERS]
    curves = [curve for curve in curves if np.any(curve.line.finite)]
    if curves:
        yield Chart("Penalties", curves, may_be_log=True, about="Weighted, as they enter the losses.")


def _factors(run: RunRecords) -> Iterator[Chart]:
    curves = [Curve(player, metric_line(run, f"{player}_gap_factor"), player) for player in PLAYERS]
    yield Chart("Gap-aware factor of the rate", [curve for curve in curves if len(curve.line.finite)] or curves[:1])


def _others(run: RunRecords) -> Iterator[Chart]:
    """Numbers that this page does not know: each in a chart of its own, the same of both players in one."""
    if run.adapts:
        yield from charts_of_metrics(run)
    names = dict.fromkeys(
        name for record in _few(run.metrics) for name, value in record.items() if isinstance(value, int | float)
    )
    groups: dict[str, list[str]] = {}
    for name in names:
        if name not in _KNOWN and not (run.adapts and name in DRAWN):
            groups.setdefault(name.removeprefix("disc_").removeprefix("gen_"), []).append(name)
    for title, members in groups.items():
        yield Chart(
            title.replace("_", " "),
            [Curve(name, metric_line(run, name), _LOOKS[place % 8]) for place, name in enumerate(members)],
        )


def _few(records: Sequence[Record]) -> list[Record]:
    return [*records[:20], *records[-20:]]
