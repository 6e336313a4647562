"""``equipoise study disturb [DATA] [--features NAME] [--contaminate PATH]``."""

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from equipoise.cli.pages import say_page
from equipoise.cli.parsing import parse
from equipoise.cli.passes import PassView
from equipoise.config.disturb import DisturbSettings
from equipoise.core.errors import UserError

if TYPE_CHECKING:
    from equipoise.studies.disturbance.results import DisturbanceStudy

PROG = "equipoise study disturb [DATA]"
DESCRIPTION = """Does a distance rise when images get worse? Noise, blur, rectangles, swirl, salt and pepper, and
contamination by other images, at four levels each, measured against all images."""


def main(arguments: list[str]) -> int:
    """Run the study, print its table and draw its figure; returns the exit code."""
    settings = parse_settings(arguments)
    from equipoise.core.devices import keep_freed_memory
    from equipoise.reports.disturbances import draw_disturbances
    from equipoise.studies.disturbance.study import study_disturbances

    keep_freed_memory()
    with PassView() as view:
        study = study_disturbances(settings, view)
    picture = draw_disturbances(study.folder)
    Console().print(table(study))
    for remark in study.remarks:
        print(f"note: {remark}")
    print(f"Tables in {study.folder}, figure in {picture}")
    say_page(study.folder)
    return 0


def parse_settings(arguments: list[str]) -> DisturbSettings:
    """The data set may come first, without its option."""
    default = DisturbSettings()
    if arguments and not arguments[0].startswith("-"):
        if any(argument == "--data" or argument.startswith("--data=") for argument in arguments):
            raise UserError(f"The data were given as {arguments[0]!r} and by --data too; give them once.")
        default, arguments = DisturbSettings(data=arguments[0]), arguments[1:]
    return parse(DisturbSettings, arguments, prog=PROG, description=DESCRIPTION, default=default)


def table(study: "DisturbanceStudy") -> Table:
    """Distances by disturbance and level, with the verdicts."""
    features = study.protocol["features"]
    title = "FID" if features == "inception" else f"FD ({features})"
    count, total = study.protocol["num_samples"], study.protocol["num_reference"]
    made = Table(title=f"{title} of {count:,} disturbed images to all {total:,}", title_justify="left")
    made.add_column("disturbance")
    for word in ("none", "weak", "medium", "strong"):
        made.add_column(word, justify="right")
    made.add_column("verdict")
    for result in study.results:
        made.add_row(result.name, *(_number(value) for value in result.distances), result.verdict)
    return made


def _number(value: float) -> str:
    """Four digits; what is rounding alone is zero."""
    return f"{value:.4g}" if value > 1e-9 else "0"
