"""Trackers by name, found before a run begins."""

import importlib
import importlib.metadata
from pathlib import Path
from typing import NamedTuple

from equipoise.config import RunSettings
from equipoise.core.errors import UserError
from equipoise.training.observer import Observer, Several, Silence
from equipoise.training.trackers.unfailing import Unfailing


class Tracker(NamedTuple):
    """Where a tracker is found.

    Attributes:
        module: of ours.
        kind: its class there, made with the path of the run.
        package: that it needs.
    """

    module: str
    kind: str
    package: str


TRACKERS = {
    "tensorboard": Tracker("equipoise.training.trackers.tensorboard", "TensorBoard", "tensorboard"),
    "wandb": Tracker("equipoise.training.trackers.wandb", "WeightsAndBiases", "wandb"),
}


def with_trackers(settings: RunSettings, path: Path, observer: Observer | None) -> Observer:
    """``observer``, and beside it the trackers that the settings ask for.

    Args:
        settings: of the run.
        path: of its folder, which need not be there yet.
        observer: who watches besides.

    Raises:
        UserError: a package is not installed.
    """
    observers = [observer] if observer else []
    observers += [Unfailing(_built(name, path), name) for name in settings.track]
    return Several(observers) if len(observers) > 1 else observers[0] if observers else Silence()


def _built(name: str, path: Path) -> Observer:
    module, kind, package = TRACKERS[name]
    try:  # not by looking for a module: a folder called wandb, as an earlier run may have left one here, would pass
        importlib.metadata.distribution(package)
    except importlib.metadata.PackageNotFoundError:
        raise UserError(
            f"Tracking by {name!r} needs the package {package!r}, which is not installed; run "
            f"'pip install equipoise[{name}]', or leave out --track {name}."
        ) from None
    tracker: Observer = getattr(importlib.import_module(module), kind)(path)
    return tracker
