"""The disturbance study: images are made worse step by step, and the Frechet distance is taken at each step.

The reference is the whole data set; what is disturbed is a random part of it, in one `walk`. Level 0 is the undisturbed
part, measured once.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import torch

from equipoise.config.disturb import DisturbSettings
from equipoise.core.devices import resolve_device
from equipoise.core.errors import UserError
from equipoise.metrics import FeatureNetwork, Moments, Protocol, build_features, frechet_distance
from equipoise.studies.disturbance.disturbances import DISTURBANCES, Disturbance, contaminating
from equipoise.studies.disturbance.results import DisturbanceResult, DisturbanceStudy, verdict, write_study
from equipoise.studies.disturbance.walk import OnProgress, Walk
from equipoise.training.measuring.example_sets import ExampleSet
from equipoise.training.measuring.named_sets import Reading, holds_points, open_set, require_there
from equipoise.training.measuring.observation_cache import cached_observation
from equipoise.training.measuring.observing import Needs, comparison_protocol, observe

MOST_CONTAMINANTS = 5000
"""Different images that are mixed in, as many as in the paper."""


def study_disturbances(settings: DisturbSettings, on_progress: OnProgress | None = None) -> DisturbanceStudy:
    """Run the study and write its folder, whole or not at all.

    Args:
        settings: which images, disturbed how, measured in which features.
        on_progress: told how far it is.

    Raises:
        UserError: the folder exists already, the data cannot be had or are no images, or they do not fit the features.
    """
    folder = out_folder(settings)
    if folder.exists():
        raise UserError(f"'{folder}' exists already; choose another --out, or remove it.")
    if holds_points(settings.data):
        raise UserError(f"{settings.data!r} holds points, and only images can be disturbed; give a set of images.")
    require_there(settings.data)
    network = build_features(features_name(settings), resolve_device(settings.device), settings.resize)
    reading = Reading(fit=settings.fit, seed=settings.seed, max_unreadable=settings.max_unreadable)
    whole = open_set(settings.data, network, reading)
    part = open_set(settings.data, network, replace(reading, max_samples=settings.num_samples))
    shape = _shape(part)
    disturbances = [*DISTURBANCES.values(), *_contamination(settings, network, shape)]
    reference = _reference(whole, network, settings, on_progress)
    walk = Walk(network, disturbances, settings, part.num_examples)
    walk.over(part, on_progress)
    study = _finished(folder, settings, walk, reference)
    write_study(study, settings, walk.examples)
    return study


def features_name(settings: DisturbSettings) -> str:
    """The features to measure in: those asked for; otherwise digits for the digits, and Inception."""
    return settings.features or ("digits" if settings.data == "digits" else "inception")


def out_folder(settings: DisturbSettings) -> Path:
    """The folder to make.

    >>> out_folder(DisturbSettings())
    PosixPath('studies/disturb-digits-digits')
    """
    name = Path(settings.data.partition(":")[0]).name or "data"
    return Path(settings.out or f"studies/disturb-{name}-{features_name(settings)}")


def _shape(images: ExampleSet) -> tuple[int, int, int]:
    """Shape of the first image."""
    first = next(images.batches(1))[0]
    if first.ndim != 3:
        raise UserError(f"{images.name!r} holds points, but only images can be disturbed; choose a set of images.")
    return (first.shape[0], first.shape[1], first.shape[2])


def _reference(
    whole: ExampleSet, network: FeatureNetwork, settings: DisturbSettings, on_progress: OnProgress | None
) -> Moments:
    def note(what: str) -> Callable[[int, int], None] | None:
        return None if on_progress is None else (lambda done, total: on_progress(what, done, total))

    protocol = Protocol.of(network, data=whole.fingerprint(note("checking the data")), split=whole.split)

    def look() -> Any:
        batches = whole.batches(settings.batch_size, note("looking at all of the data"))
        return observe(batches, network, Needs(), protocol, whole.num_examples)

    return cached_observation(repr(protocol), Needs(), look).moments


def _contamination(
    settings: DisturbSettings, network: FeatureNetwork, shape: tuple[int, int, int]
) -> list[Disturbance]:
    if settings.contaminate is None:
        return []
    channels: Literal[1, 3] = 1 if shape[0] == 1 else 3
    reading = Reading(fit="crop", channels=channels, max_samples=MOST_CONTAMINANTS, seed=settings.seed, shape=shape)
    others = torch.cat(list(open_set(settings.contaminate, network, reading).batches(settings.batch_size)))
    if others.shape[1:] != shape:
        raise UserError(
            f"The images of {settings.contaminate!r} have shape {tuple(others.shape[1:])} and are not resized, but "
            f"those of {settings.data!r} have {shape}; give a folder or a data set of pictures to --contaminate."
        )
    return [contaminating(others)]


def _finished(folder: Path, settings: DisturbSettings, walk: Walk, reference: Moments) -> DisturbanceStudy:
    results = []
    for disturbance in walk.disturbances:
        moments = [walk.moments(disturbance.name, place) for place in range(len(disturbance.levels))]
        distances = tuple(frechet_distance(each, reference) for each in moments)
        judged = verdict(disturbance.levels, distances)
        results.append(DisturbanceResult(disturbance.name, disturbance.meaning, disturbance.levels, distances, judged))
    undisturbed = walk.moments("none", 0)
    return DisturbanceStudy(
        folder,
        tuple(results),
        comparison_protocol(undisturbed, reference),
        tuple(_remarks(settings, undisturbed, reference)),
    )


def _remarks(settings: DisturbSettings, undisturbed: Moments, reference: Moments) -> list[str]:
    remarks = []
    if settings.contaminate is None:
        remarks.append("No other images were named (--contaminate), so contamination is left out: five disturbances.")
    if undisturbed.count == reference.count:
        remarks.append("All images of the reference are disturbed, so the distance of the undisturbed ones is 0.")
    return remarks
