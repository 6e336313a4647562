"""Plays what `equipoise flow` was asked for: progress on standard error, records in a folder, a table, figures."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from equipoise.config import GameSettings, RunSettings
from equipoise.config.flows import FlowSettings, LaboratorySettings, LimitSettings, PortraitSettings
from equipoise.core.errors import unknown
from equipoise.core.outcomes import Ending, Outcome
from equipoise.flows import Flow, Result, laboratory, portrait
from equipoise.flows.portrait import Line
from equipoise.flows.records import FlowFolder
from equipoise.games import ANALYTIC_GAMES
from equipoise.recipes import RECIPES
from equipoise.reports.laboratory import animate_laboratory, draw_laboratory
from equipoise.reports.portrait import draw_portrait
from equipoise.reports.training_limit import draw_training_limit
from equipoise.studies.training_limit import record_limit
from equipoise.training.run_folder import environment

Say = Callable[[str], None]


def flow(settings: FlowSettings) -> int:
    """Play, record and draw; returns the exit code: 1 where nothing reached its end."""
    torch.set_num_threads(1)  # two numbers, or a few hundred particles: threads only wait for one another
    player = {PortraitSettings: _portrait, LaboratorySettings: _laboratory, LimitSettings: _limit}[type(settings)]
    with FlowFolder.create(settings, environment()) as folder:
        table, ending, pictures = player(settings, folder)  # type: ignore[operator]
    console = Console()
    console.print(table)
    console.print(ending.sentence, highlight=False)
    for path in pictures:
        console.print(f"Picture in {path}", highlight=False, soft_wrap=True)
    return 1 if ending.outcome is Outcome.DIVERGED else 0


class _Steps:
    """Progress over a known number of steps: a bar in a terminal, a line now and then elsewhere."""

    def __init__(self, total: int) -> None:
        console = Console(stderr=True)
        columns = [TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TextColumn("left")]
        self._bar = Progress(*columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal)
        self._task = self._bar.add_task("", total=total)
        self._console, self._done, self._total, self._said_at = console, 0, total, time.monotonic()

    def __enter__(self) -> Say:
        self._bar.start()
        return self._did

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def _did(self, what: str) -> None:
        self._done += 1
        self._bar.update(self._task, completed=self._done, description=what)
        if not self._console.is_terminal and time.monotonic() - self._said_at > 10:
            self._said_at = time.monotonic()
            self._console.print(f"{self._done} of {self._total}: {what}", highlight=False)


def _portrait(settings: PortraitSettings, folder: FlowFolder) -> tuple[Table, Ending, list[Path]]:
    titles = ["game", "scheme", "end/start", "turns", "order", "95 %", "result"]
    table, results = Table(*titles, box=None, pad_edge=False), list[Result]()
    num_games = len(portrait.portrait_games(settings))
    with _Steps(num_games * (len(set(settings.schemes) - {portrait.REFERENCE}) + 1)) as did:

        def on_line(game: str, flow: Flow, line: Line) -> None:
            found = portrait.finding(game, line)
            folder.add_metrics(portrait.records(game, flow, line))
            folder.add_evaluation(found)
            results.append(line.trajectory.result)
            table.add_row(*_portrait_row(found, line))
            did(f"{game}: {line.scheme}")

        folder.write_arrays(portrait.sketch(settings, on_line))
    picture = draw_portrait(folder.path)
    return table, _ending(folder, results, "schemes", settings.time), [picture]


def _portrait_row(found: dict[str, Any], line: Line) -> tuple[str, ...]:
    values = found["values"]
    order = (f"{line.order.slope:.2f}", f"{line.order.low:.2f}-{line.order.high:.2f}") if line.order else ("", "")
    turns = "" if line.num_turns is None else f"{line.num_turns:+.2f}"
    scheme = "the flow itself" if line.scheme == portrait.REFERENCE else line.scheme
    distance = f"{values['relative_distance']:.4g}"
    return found["game"], scheme, distance, turns, *order, _result(line.trajectory.result)


def _result(result: Result) -> str:
    return result.name.replace("_", " ").lower()


def _ending(folder: FlowFolder, results: list[Result], what: str, until: float) -> Ending:
    reached = sum(result is Result.REACHED for result in results)
    sentence = f"Complete: {reached} of {len(results)} {what} reached the time {until:g}."
    if reached < len(results):
        first = next(result for result in results if result is not Result.REACHED)
        sentence += f" {_result(first).capitalize()}: {first}"
    outcome = Outcome.COMPLETE if reached else Outcome.DIVERGED
    return folder.end(outcome, sentence.replace("Complete", outcome.capitalize()), values={"reached": reached})


def _laboratory(settings: LaboratorySettings, folder: FlowFolder) -> tuple[Table, Ending, list[Path]]:
    seeds = f"{settings.num_seeds} seed{'s' if settings.num_seeds > 1 else ''}"
    table = Table("treatment", "modes served, late", f"all {seeds}", "result", box=None, pad_edge=False)
    played: dict[str, list[laboratory.Course]] = {}
    with _Steps(len(settings.cures) * settings.num_seeds) as did:
        for cure, seed, course in laboratory.courses(settings):
            played.setdefault(cure, []).append(course)
            folder.add_metrics(laboratory.records(settings, cure, seed, course))
            folder.add_evaluation(laboratory.finding(settings, cure, seed, course))
            did(f"{settings.illness}: {cure}, seed {seed}")
    for cure, courses in played.items():
        table.add_row(*_laboratory_row(cure, courses))
    folder.write_arrays(laboratory.arrays(settings, {cure: courses[0] for cure, courses in played.items()}))
    pictures = [draw_laboratory(folder.path)]
    if settings.animate:
        pictures.append(animate_laboratory(folder.path))
    results = [course.trajectory.result for courses in played.values() for course in courses]
    return table, _ending(folder, results, "courses", settings.time), pictures


def _laboratory_row(cure: str, courses: list[laboratory.Course]) -> tuple[str, ...]:
    late, modes = [course.late() for course in courses], courses[0].coverage[0].num_modes
    results = sorted({course.trajectory.result for course in courses} - {Result.REACHED})
    words = ", ".join(map(_result, results)) or "reached"
    if results:
        return cure, "", "", words
    each = " ".join(f"{value:.1f}" for value in late)
    name = "the illness itself" if cure == "none" else cure
    return name, f"{sum(late) / len(late):.1f} of {modes}", each, words


def recipe_settings(name: str) -> RunSettings:
    """Of a recipe, or of an analytic game.

    Raises:
        UserError: there is none of the name.
    """
    if name in ANALYTIC_GAMES:
        return RunSettings(game=GameSettings.model_validate({"kind": name}))
    if name not in RECIPES:
        raise unknown("recipe or game", name, list(dict.fromkeys([*RECIPES, *ANALYTIC_GAMES])))
    return RECIPES[name].settings()


def _limit(settings: LimitSettings, folder: FlowFolder) -> tuple[Table, Ending, list[Path]]:
    table = Table("rate", "batch", "seed", "largest distance to the flow", "order so far", box=None, pad_edge=False)
    num_arms = settings.halvings + 1 + len(settings.batch_sizes) * settings.num_seeds
    with _Steps(num_arms + 1) as did:
        for finding in record_limit(settings, recipe_settings(settings.recipe), folder, did):
            values, size = finding["values"], finding["batch_size"]
            order = "" if values.get("order") is None else f"{values['order']:.3f}"
            who = (f"{finding['rate']:.4g}", "whole sample" if size is None else str(size))
            table.add_row(*who, "" if size is None else str(finding["seed"]), f"{values['largest']:.4g}", order)
    ending = folder.end(Outcome.COMPLETE, f"Complete: {num_arms} training runs were compared with the flow.")
    return table, ending, [draw_training_limit(folder.path)]
