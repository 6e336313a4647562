"""The page of one run: what happened, in words and pictures, and how to make it again."""

from equipoise.reports.pages.analyses import diagnoses
from equipoise.reports.pages.differences import flattened
from equipoise.reports.pages.findings import findings, next_steps, verdict
from equipoise.reports.pages.page import rendered
from equipoise.reports.pages.records import Record, RunRecords
from equipoise.reports.pages.run_charts import not_drawn, run_charts
from equipoise.reports.pages.run_samples import features, interpolation, neighbours, stills
from equipoise.reports.pages.run_summary import in_short, tiles
from equipoise.reports.pages.tables import Table, cell

_PROTOCOL_WORDS = {
    "features": "features",
    "weights_hash": "SHA-256 of their weights",
    "num_samples": "generated examples",
    "num_reference": "real examples",
    "data": "fingerprint of the data",
    "reference": "fingerprint of the reference",
    "split": "split compared with",
    "seed": "seed of the latents",
    "resize": "resize rule",
    "length": "symbols of a line",
    "num_symbols": "symbols known",
    "num_floor": "real lines for the floor",
    "floor": "what real text gets",
}


def run_page(run: RunRecords, command: str) -> str:
    """The HTML of one run.

    Args:
        run: its records.
        command: what makes it again.
    """
    found = findings(run)
    tone, headline = verdict(found)
    return rendered(
        "run.html",
        title=run.name,
        subtitle=in_short(run),
        tone=tone,
        headline=headline,
        findings=found,
        steps=next_steps(found),
        tiles=tiles(run),
        stills=stills(run),
        charts=run_charts(run),
        not_drawn=not_drawn(run),
        interpolation=interpolation(run),
        neighbours=neighbours(run),
        features=features(run),
        diagnoses=diagnoses(run),
        events=_events(run),
        protocol=_protocol(run),
        command=command,
        settings=Table(
            "Settings", ["setting", "value"], [[name, cell(value)] for name, value in flattened(run.settings).items()]
        ),
        environment=Table(
            "Environment", ["what", "value"], [[name, cell(value)] for name, value in run.environment.items()]
        ),
    )


def _events(run: RunRecords) -> Table | None:
    rows = [
        [cell(event.get("step")), cell(event.get("found")), cell(event.get("done")), cell(event.get("sentence"))]
        for event in run.events
    ]
    return Table("What the guard saw", ["step", "found", "done", "sentence"], rows[:200]) if rows else None


def _protocol(run: RunRecords) -> Table | None:
    told: Record = next(
        (each["protocol"] for each in reversed(run.evaluations) if isinstance(each.get("protocol"), dict)), {}
    )
    rows = [[_PROTOCOL_WORDS.get(name, name.replace("_", " ")), cell(value)] for name, value in told.items()]
    return Table(f"Protocol of the {'risk' if run.adapts else 'distance'}", ["what", "value"], rows) if rows else None
