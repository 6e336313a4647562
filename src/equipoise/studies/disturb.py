"""The disturbance study: images are made worse step by step, and the Frechet distance is taken at each step.

The reference is the whole data set; what is disturbed is a random part of it, in one walk: each batch is disturbed in
every way at every level, looked at, and forgotten. Level 0 is the undisturbed part, measured once.

The folder:
  study.json      settings, protocol, and for each disturbance its levels, distances and verdict; the same in words
  distances.csv   disturbance, level, distance
  examples/       noise-0.png ...: the same images at every level
"""

import csv
import io
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from equipoise.config.disturb import DisturbSettings
from equipoise.core.devices import resolve_device
from equipoise.core.errors import UserError
from equipoise.core.files import write_json, write_text
from equipoise.core.seeding import derived_seed
from equipoise.metrics import FeatureNetwork, Moments, Protocol, build_features, frechet_distance
from equipoise.studies.disturbances import DISTURBANCES, Disturbance, contaminating
from equipoise.training.measuring.example_sets import ExampleSet, as_seen
from equipoise.training.measuring.named_sets import Reading, holds_points, open_set, require_there
from equipoise.training.measuring.observation_cache import cached_observation
from equipoise.training.measuring.observing import Needs, Observation, comparison_protocol, observe
from equipoise.training.pictures import image_grid

OnProgress = Callable[[str, int, int], None]
"""Called with what is being done, images done, and images in all."""
FIGURE = "disturbances.png"
"""What the study is drawn into, which this module does not do."""
MOST_CONTAMINANTS = 5000
"""Different images that are mixed in, as many as in the paper."""


@dataclass(frozen=True)
class DisturbanceResult:
    """What one disturbance does to the distance.

    Attributes:
        name: of the disturbance.
        meaning: what its levels are.
        levels: ascending, the first 0.
        distances: at each level, in squared units of the features.
        verdict: whether the distance rises at every level, as found.
    """

    name: str
    meaning: str
    levels: tuple[float, ...]
    distances: tuple[float, ...]
    verdict: str


@dataclass(frozen=True)
class DisturbanceStudy:
    """A finished study.

    Attributes:
        folder: where its tables and examples lie.
        results: one for each disturbance.
        protocol: what must agree before two distances are compared.
        remarks: what a reader should bear in mind.
    """

    folder: Path
    results: tuple[DisturbanceResult, ...]
    protocol: dict[str, Any]
    remarks: tuple[str, ...]


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
    walk = _Walk(network, disturbances, settings, part.num_examples)
    walk.over(part, on_progress)
    study = _finished(folder, settings, walk, reference)
    _write(study, settings, walk.examples)
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


def verdict(levels: tuple[float, ...], distances: tuple[float, ...]) -> str:
    """Whether the distance rises at every level, as found.

    >>> verdict((0.0, 0.1, 0.2), (0.0, 3.0, 2.0))
    'falls from level 0.1 to 0.2'
    """
    steps = list(zip(levels, levels[1:], distances, distances[1:], strict=False))
    falls = [f"{low:g} to {high:g}" for low, high, before, after in steps if not after > before]
    return f"falls from level {', '.join(falls)}" if falls else "rises at every level"


def _shape(images: ExampleSet) -> tuple[int, int, int]:
    """Shape of the first image."""
    first = next(images.batches(1))[0]
    if first.ndim != 3:
        raise UserError(f"{images.name!r} holds points, but only images can be disturbed; choose a set of images.")
    return (first.shape[0], first.shape[1], first.shape[2])


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


class _Walk:
    """One walk over the images, and all that is gathered on it.

    Attributes:
        observations: by disturbance and place of the level; of the undisturbed images under ("none", 0).
        examples: the first images at every level, under the same keys and those of each level 0.
    """

    def __init__(
        self, network: FeatureNetwork, disturbances: list[Disturbance], settings: DisturbSettings, total: int
    ) -> None:
        self.disturbances, self._settings = disturbances, settings
        protocol = Protocol.of(network, seed=settings.seed)
        keys = [(each.name, place) for each in disturbances for place in range(1, len(each.levels))]
        self.observations = {key: Observation(network, Needs(), protocol, total) for key in [("none", 0), *keys]}
        self._generators = {
            (name, place): torch.Generator().manual_seed(derived_seed(settings.seed, f"{name}/{place}"))
            for name, place in keys
        }
        self.examples: dict[tuple[str, int], Tensor] = {}

    def over(self, images: ExampleSet, on_progress: OnProgress | None) -> None:
        """Disturb and look at every image."""
        done = 0
        for batch in images.batches(self._settings.batch_size):
            self._keep_examples(("none", 0), batch)
            self.observations["none", 0].add(batch)
            for disturbance in self.disturbances:
                self._disturb(disturbance, batch)
            done += len(batch)
            if on_progress:
                on_progress("disturbing", done, images.num_examples)

    def _disturb(self, disturbance: Disturbance, batch: Tensor) -> None:
        for place, level in enumerate(disturbance.levels[1:], start=1):
            key = (disturbance.name, place)
            disturbed = as_seen(disturbance(batch, level, self._generators[key]))
            self._keep_examples(key, disturbed)
            self.observations[key].add(disturbed)

    def _keep_examples(self, key: tuple[str, int], batch: Tensor) -> None:
        self.examples.setdefault(key, batch[: self._settings.num_examples])

    def moments(self, name: str, place: int) -> Moments:
        """Of the images at a level."""
        return self.observations[(name, place) if place else ("none", 0)].finish().moments


def _finished(folder: Path, settings: DisturbSettings, walk: _Walk, reference: Moments) -> DisturbanceStudy:
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


def _write(study: DisturbanceStudy, settings: DisturbSettings, examples: dict[tuple[str, int], Tensor]) -> None:
    temporary = study.folder.with_name(f".{study.folder.name}.{os.getpid()}.tmp")
    try:
        (temporary / "examples").mkdir(parents=True)
        write_json(temporary / "study.json", as_json(study, settings))
        write_text(temporary / "distances.csv", as_csv(study))
        for (name, place), images in examples.items():
            image_grid(images).save(temporary / "examples" / f"{name}-{place}.png")
        temporary.rename(study.folder)
    except OSError as error:
        raise UserError(f"'{study.folder}' cannot be made ({error.strerror}); choose another --out.") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def as_json(study: DisturbanceStudy, settings: DisturbSettings) -> dict[str, Any]:
    """The whole study but its pictures."""
    return {
        "study": "disturb",
        "title": "Does the distance rise when images get worse?",
        "sentences": [f"{each.name.capitalize()}: it {each.verdict}." for each in study.results] + list(study.remarks),
        "tables": [_table(each) for each in study.results],
        "figures": [{"file": FIGURE, "alternative": "The same images at every level, and the distance beside them."}],
        "settings": settings.model_dump(mode="json"),
        "protocol": study.protocol,
        "results": [asdict(result) for result in study.results],
        "remarks": list(study.remarks),
    }


def _table(result: DisturbanceResult) -> dict[str, Any]:
    """The distances of one disturbance as any page can show them."""
    rows = [[level, distance] for level, distance in zip(result.levels, result.distances, strict=True)]
    return {"title": f"{result.name}: {result.meaning}", "columns": ["level", "distance"], "rows": rows}


def as_csv(study: DisturbanceStudy) -> str:
    """One line for each disturbance and level."""
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    table.writerow(["disturbance", "level", "distance"])
    for result in study.results:
        table.writerows(
            [result.name, level, value] for level, value in zip(result.levels, result.distances, strict=True)
        )
    return file.getvalue()
