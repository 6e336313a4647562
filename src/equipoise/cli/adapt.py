"""``equipoise adapt [RECIPE|RUN] [--baselines|--no-baselines] [--field value ...]``.

Trains a classifier on one domain for another, plays the two bounds that it lies between, and shows what every rule of
choosing a checkpoint without labels would take. `equipoise train` plays the same recipes, the first run alone.

Bounds cost two more runs. They are played where they are asked for, where one of them has been begun, and for recipes
that take seconds.
"""

import json
import shlex
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
from equipoise.recipes import RECIPES

PROG = "equipoise adapt [RECIPE|RUN] [--config FILE] [--baselines|--no-baselines]"
DEFAULT = "adapt-digits"
ANALYSIS, PICTURE = "analysis.json", "features.png"
CHEAP = ("adapt-digits", "moons")
"""Recipes whose bounds are played without being asked for, as they are named or taken for want of another."""


def _description(name: str) -> str:
    """The help, with the recipes that this command plays."""
    adapting = [recipe for recipe in RECIPES.values() if recipe.settings().game.adapts]
    width = max(len(recipe.name) for recipe in adapting)
    listed = "\n".join(f"  {recipe.name:<{width}}  {recipe.summary}" for recipe in adapting)
    return (
        f"Adapt a classifier from a labelled domain (--data) to an unlabelled one (--target). Settings come from a "
        f"recipe, then from a YAML file (--config), then from the options below, whose defaults are those of the "
        f"recipe {name!r}. A RUN is gone on with.\n\n--baselines also trains the bounds that the classifier lies "
        f"between, source-only and target-only; --no-baselines does not. By default they are played for "
        f"{' and '.join(CHEAP)}, and for a RUN of which one has been begun.\n\nRecipes:\n{listed}"
    )


def main(arguments: list[str]) -> int:
    """Adapt a classifier; returns the exit code."""
    rest, wanted = _take_baselines(arguments)
    if rest and not rest[0].startswith("-") and (Path(rest[0]) / "config.yaml").is_file():
        if len(rest) > 1:
            raise UserError(f"{rest[0]!r} is a run, which has its settings; leave out {rest[1]!r}, or give a recipe.")
        return _go_on(Path(rest[0]), wanted)
    settings = parse_settings(rest, DEFAULT, PROG, _description)
    _require_adaptation(settings)
    baselines = _is_cheap(rest) if wanted is None else wanted
    from equipoise.training import RunFolder

    _refuse_foreign(rules_folder(Path(settings.root) / settings.name))
    for planned in [settings, *(_bound(settings, name) for name in _bounds(with_baselines=baselines))]:
        RunFolder.refuse_existing(planned)
    return _play(settings, with_baselines=baselines)


def _is_cheap(arguments: list[str]) -> bool:
    """Whether a cheap recipe is asked for; a file of settings may be of any size."""
    if arguments and not arguments[0].startswith("-"):
        return arguments[0].partition(":")[0] in CHEAP
    return not any(argument.partition("=")[0] == "--config" for argument in arguments)


def _take_baselines(arguments: list[str]) -> tuple[list[str], bool | None]:
    """The arguments without the switch, and what it says; None where it is not given."""
    said = {"--baselines": True, "--no-baselines": False}
    given = [said[argument] for argument in arguments if argument in said]
    return [argument for argument in arguments if argument not in said], given[-1] if given else None


def _require_adaptation(settings: RunSettings, path: Path | None = None) -> None:
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
    if settings.adaptation.baseline != "none" and path:
        raise UserError(
            f"'{path}' is a {settings.adaptation.baseline} bound, which adapts nothing; give the run that it is a "
            f"bound of, or go on with it by 'equipoise resume'."
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
    from equipoise.studies.adaptation.choices import BASELINES

    return BASELINES if with_baselines else ()


def _bound(settings: RunSettings, name: BaselineName) -> RunSettings:
    from equipoise.studies.adaptation.choices import baseline_settings

    return baseline_settings(settings, name)


def _go_on(path: Path, wanted: bool | None) -> int:
    from equipoise.training import RunFolder

    settings = RunFolder.open(path).settings
    _require_adaptation(settings, path)
    begun = any((path.parent / f"{path.name}-{name}").exists() for name in _bounds(with_baselines=True))
    return _play(settings, with_baselines=begun if wanted is None else wanted, path=path)


def _play(settings: RunSettings, *, with_baselines: bool, path: Path | None = None) -> int:
    path = path or Path(settings.root) / settings.name
    again = f"equipoise adapt {shlex.quote(str(path))}{' --baselines' if with_baselines else ''}"
    code = _finish(settings, path)
    if code or not _is_complete(path):
        print(f"The rest of the comparison too: {again}")
        return code
    code = _play_bounds(settings, path, again) if with_baselines else 0
    _show(path, settings)
    return code


def _play_bounds(settings: RunSettings, path: Path, again: str) -> int:
    """Play the bounds of a complete run until one does not end well; returns that one's code."""
    for name in _bounds(with_baselines=True):
        bound = _bound(settings.model_copy(update={"name": path.name, "root": str(path.parent)}), name)
        if name == "target-only" and not _has_oracle(path):
            print("The target has no labels, so there is no target-only bound.")
            continue
        print(f"\n{name}, to compare with")
        folder = path.parent / bound.name
        _refuse_another(bound, folder)
        code = _finish(bound, folder)
        if code or not _is_complete(folder):
            print(f"Go on with: {again}")
            return code
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
    from equipoise.studies.adaptation.choices import last_target_accuracy

    return last_target_accuracy(path) is not None


def _show(path: Path, settings: RunSettings) -> None:
    """Print the rules side by side, and keep them in a folder beside the run, with its features and a page."""
    from equipoise.reports.features import described_features, draw_features
    from equipoise.studies.adaptation.analysis import analysis

    found, folder = analysis(path, settings), rules_folder(path)
    folder.mkdir(exist_ok=True)
    found["figures"] = [{"file": PICTURE, "alternative": described_features(path)}]
    write_json(folder / ANALYSIS, found)
    console = Console()
    for table in found["tables"]:
        shown = Table(title=table["title"], box=None, pad_edge=False, title_justify="left")
        for place, name in enumerate(table["columns"]):
            shown.add_column(name, no_wrap=place == 0)
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
