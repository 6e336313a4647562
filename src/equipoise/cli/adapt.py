"""``equipoise adapt [RECIPE|RUN] [--baselines|--no-baselines] [--field value ...]``.

Trains a classifier on one domain for another, plays the two bounds that it lies between, and shows what every rule of
choosing a checkpoint without labels would take. `equipoise train` plays the same recipes, the first run alone.
"""

import json
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from equipoise.cli.pages import say_page
from equipoise.cli.settings import parse_settings
from equipoise.config import RunSettings
from equipoise.config.adaptation import BaselineName
from equipoise.core.errors import UserError
from equipoise.core.files import write_json

PROG = "equipoise adapt [RECIPE|RUN] [--config FILE] [--no-baselines]"
DEFAULT = "adapt-digits"
ANALYSIS, PICTURE = "analysis.json", "features.png"
CHEAP = ("adapt-digits", "moons")
"""Recipes whose bounds are played without being asked for."""


def main(arguments: list[str]) -> int:
    """Adapt a classifier; returns the exit code."""
    rest, wanted = _take_baselines(arguments)
    if rest and not rest[0].startswith("-") and (Path(rest[0]) / "config.yaml").is_file():
        if len(rest) > 1:
            raise UserError(f"{rest[0]!r} is a run, which has its settings; leave out {rest[1]!r}, or give a recipe.")
        return _go_on(Path(rest[0]), with_baselines=wanted is not False)
    settings = parse_settings(rest, DEFAULT, PROG)
    _require_adaptation(settings)
    recipe = rest[0] if rest and not rest[0].startswith("-") else DEFAULT
    baselines = recipe.partition(":")[0] in CHEAP if wanted is None else wanted
    from equipoise.training import RunFolder

    _refuse_foreign(rules_folder(Path(settings.root) / settings.name))
    for planned in [settings, *(_bound(settings, name) for name in _bounds(with_baselines=baselines))]:
        RunFolder.refuse_existing(planned)
    return _play(settings, with_baselines=baselines)


def _take_baselines(arguments: list[str]) -> tuple[list[str], bool | None]:
    """The arguments without the switch, and what it says; None where it is not given."""
    said = {"--baselines": True, "--no-baselines": False}
    given = [said[argument] for argument in arguments if argument in said]
    return [argument for argument in arguments if argument not in said], given[-1] if given else None


def _require_adaptation(settings: RunSettings) -> None:
    if not settings.game.adapts:
        raise UserError(
            f"'equipoise adapt' plays domain-adversarial games, but game.kind is {settings.game.kind!r}; take a recipe "
            f"such as {DEFAULT}, or 'equipoise train'."
        )
    if settings.evaluation.features != "classifier":
        raise UserError(
            "'equipoise adapt' compares rules by their evaluations, but evaluation.features is none; set it to "
            "classifier, or take 'equipoise train'."
        )
    if settings.adaptation.baseline != "none":
        raise UserError(
            "'equipoise adapt' plays the baselines itself; leave out --adaptation.baseline, and give --baselines."
        )


def rules_folder(run: Path) -> Path:
    """Where the table of rules of a run lies: a folder of its own, since the run's page shows the run."""
    return run.parent / f"{run.name}-rules"


def _refuse_foreign(folder: Path) -> None:
    if folder.exists() and not (folder / ANALYSIS).is_file():
        raise UserError(f"'{folder}' exists already and holds something else; choose another --name, or remove it.")


def _bounds(*, with_baselines: bool) -> tuple[BaselineName, ...]:
    from equipoise.studies.adaptation import BASELINES

    return BASELINES if with_baselines else ()


def _bound(settings: RunSettings, name: BaselineName) -> RunSettings:
    from equipoise.studies.adaptation import baseline_settings

    return baseline_settings(settings, name)


def _go_on(path: Path, *, with_baselines: bool) -> int:
    from equipoise.training import RunFolder

    settings = RunFolder.open(path).settings
    _require_adaptation(settings)
    return _play(settings, with_baselines=with_baselines, path=path)


def _play(settings: RunSettings, *, with_baselines: bool, path: Path | None = None) -> int:
    path = path or Path(settings.root) / settings.name
    code = _finish(settings, path)
    if code or not _is_complete(path):
        print(f"The rest of the comparison too: equipoise adapt {path}")
        return code
    for name in _bounds(with_baselines=with_baselines):
        bound = _bound(settings.model_copy(update={"name": path.name, "root": str(path.parent)}), name)
        if name == "target-only" and not _has_oracle(path):
            print("The target has no labels, so there is no target-only bound.")
            continue
        print(f"\n{name}, to compare with")
        folder = path.parent / bound.name
        _refuse_another(bound, folder)
        if code := _finish(bound, folder):
            return code
        if not _is_complete(folder):
            print(f"Go on with: equipoise adapt {path}")
            return 0
    _show(path, settings)
    return 0


def _refuse_another(bound: RunSettings, folder: Path) -> None:
    """Raise a `UserError` where the run that lies in ``folder`` is not the one that is to be compared with."""
    from equipoise.training import RunFolder

    if not folder.exists():
        return
    elsewhere = {name: getattr(bound, name) for name in ("name", "root", "device", "threads")}
    if RunFolder.open(folder).settings.model_copy(update=elsewhere) != bound:
        raise UserError(
            f"'{folder}' is a run under other settings than this one's bound; remove or rename it, then type the same "
            f"again."
        )


def _finish(settings: RunSettings, path: Path) -> int:
    """Start the run at ``path``, or go on with it, or leave it where it is complete."""
    from equipoise.cli.watching import watched
    from equipoise.training import RunFolder, resume, train

    if _is_complete(path):
        return 0
    if not path.exists():
        return watched(lambda observer, stop, on_load: train(settings, observer, stop, on_load), path)
    settings = RunFolder.open(path).settings
    return watched(lambda observer, stop, on_load: resume(path, observer, stop, on_load, settings), path)


def _is_complete(path: Path) -> bool:
    ending = path / "outcome.json"
    try:
        return bool(json.loads(ending.read_text(encoding="utf-8"))["outcome"] == "complete")
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _has_oracle(path: Path) -> bool:
    from equipoise.studies.adaptation import last_target_accuracy

    return last_target_accuracy(path) is not None


def _show(path: Path, settings: RunSettings) -> None:
    """Print the rules side by side, and keep them in a folder beside the run, with its features and a page."""
    from equipoise.reports.features import described_features, draw_features
    from equipoise.studies.adaptation import analysis

    found, folder = analysis(path, settings), rules_folder(path)
    folder.mkdir(exist_ok=True)
    found["figures"] = [{"file": PICTURE, "alternative": described_features(path)}]
    write_json(folder / ANALYSIS, found)
    console = Console()
    for table in found["tables"]:
        shown = Table(*table["columns"], title=table["title"], box=None, pad_edge=False, title_justify="left")
        for row in table["rows"]:
            shown.add_row(*("" if cell is None else str(cell) for cell in row))
        console.print()
        console.print(shown)
    print("\n" + "\n".join(found["sentences"]))
    try:
        print(f"Features in {draw_features(path, folder / PICTURE)}")
    except OSError as error:
        print(f"warning: the features were not drawn ({error.strerror or error}).", file=sys.stderr)
    say_page(folder)
