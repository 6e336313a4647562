"""Two sets of examples compared: values, the protocol they were measured under, and what to bear in mind.

    from equipoise.training import compare
    comparison = compare("generated", "photographs", features="inception")
    print(comparison.values["fd"], comparison.remarks)

is what ``equipoise fid generated photographs`` does.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from equipoise.core.errors import UserError
from equipoise.metrics import FeatureNetwork, Interval, Moments, Protocol, build_features
from equipoise.metrics.features.build import FEATURES
from equipoise.metrics.uncertainty import size_notes
from equipoise.training.measuring.example_sets import ExampleSet, TensorExamples
from equipoise.training.measuring.measures import (
    Measure,
    Side,
    estimated,
    find_measures,
    intervals_of,
    needs_of,
    values_of,
)
from equipoise.training.measuring.named_sets import Reading, holds_points, open_set, require_there
from equipoise.training.measuring.observation_cache import cached_observation
from equipoise.training.measuring.observing import Observed, comparison_protocol, observe

Given = str | Tensor | Moments
OnProgress = Callable[[str, int, int], None]
"""Called with what is being done, examples done, and examples in all."""
IMAGE_FEATURES = frozenset(FEATURES) - {"points"}
SIDES: tuple[Side, Side] = ("samples", "reference")


@dataclass(frozen=True)
class Comparison:
    """Two sets compared.

    Attributes:
        values: by name, such as ``fd``; squared units of the features for Frechet distances.
        intervals: of the values that have one, by name: what other samples of the same sizes would give, and the bias.
        protocol: what must agree before two comparisons are compared, as JSON.
        remarks: what the values do not say by themselves: bias, few samples, images left out.
        moments: of the samples and of the reference.
    """

    values: dict[str, float]
    intervals: dict[str, Interval]
    protocol: dict[str, Any]
    remarks: tuple[str, ...]
    moments: tuple[Moments, Moments]

    def as_json(self) -> dict[str, Any]:
        """Everything but the moments."""
        return {
            "values": self.values,
            "intervals": {name: asdict(found) for name, found in self.intervals.items()},
            "protocol": self.protocol,
            "remarks": list(self.remarks),
        }


def compare(
    samples: Given,
    reference: Given,
    features: str | FeatureNetwork | None = None,
    measures: Sequence[str] = ("fd",),
    *,
    splits: tuple[str | None, str | None] = (None, None),
    reading: Reading | None = None,
    intervals: bool = True,
    resize: str | None = None,
    device: torch.device | str = "cpu",
    batch_size: int = 250,
    on_progress: OnProgress | None = None,
) -> Comparison:
    """Measure ``samples`` against ``reference``.

    Args:
        samples: a path or a name (see `equipoise.training.measuring.named_sets`), images (N, C, H, W) in [-1, 1] or
            points (N, D) as a tensor, or moments.
        reference: likewise.
        features: a network or its name; by default that of given moments, otherwise ``points`` where a side holds
            points, and ``inception``.
        measures: names in `equipoise.training.measuring.measures.MEASURES`.
        splits: of either side, where it is a data set.
        reading: how examples are read, and how many.
        intervals: whether to give intervals; they cost an eigenproblem more for ``fd``, more for others.
        resize: rule by which a network that is named resizes images, where it does.
        device: where a network that is named computes.
        batch_size: examples a pass holds at once.
        on_progress: told how far it is.

    Raises:
        UserError: a side cannot be had, does not fit the features, or lacks what a measure needs.

    >>> generator = torch.Generator().manual_seed(0)
    >>> here, there = (torch.randn(1000, 2, generator=generator) + shift for shift in (0, 1))
    >>> round(compare(here, there, features="points").values["fd"])
    2
    """
    reading, chosen = reading or Reading(), find_measures(measures)
    sides = [_loaded(each) for each in (samples, reference)]
    network = _Network(features, resize, device, sides)
    given = [_opened(each, network, reading, split) for each, split in zip(sides, splits, strict=True)]
    for each, side in zip(given, SIDES, strict=True):
        _require_examples(each, side, chosen)
    look = _Look(network, chosen, intervals, batch_size, on_progress)
    observed = [look(each, side) for each, side in zip(given, SIDES, strict=True)]
    found = estimated(chosen, observed[0], observed[1], reading.seed, intervals=intervals)
    moments = (observed[0].moments, observed[1].moments)
    protocol = _protocol(given, moments, chosen, reading)
    remarks = dict.fromkeys([*_left_out(given, moments), *_notes(moments, intervals_of(found))])
    return Comparison(values_of(found), intervals_of(found), protocol, tuple(remarks), moments)


class _Network:
    """The feature network, built when the first example needs it: two files of moments need none."""

    def __init__(
        self,
        given: str | FeatureNetwork | None,
        resize: str | None,
        device: torch.device | str,
        sides: Sequence[Given],
    ) -> None:
        self._given, self._resize, self._device, self._sides = given, resize, device, sides

    @cached_property
    def built(self) -> FeatureNetwork:
        """The network that was given or named; otherwise that of given moments, the points, or Inception."""
        if isinstance(self._given, FeatureNetwork):
            return self._given
        known = [side.protocol.features for side in self._sides if isinstance(side, Moments) and side.protocol]
        points = [side for side in self._sides if _is_of_points(side)]
        name = self._given or (known or ["points" if points else "inception"])[0]
        if points and name in IMAGE_FEATURES:  # said here, before weights are fetched
            what = repr(points[0]) if isinstance(points[0], str) else "a tensor of two dimensions"
            raise UserError(f"The features {name!r} take images, but {what} holds points; choose features 'points'.")
        return build_features(name, self._device, self._resize)


def _is_of_points(given: Given) -> bool:
    return holds_points(given) if isinstance(given, str) else isinstance(given, Tensor) and given.ndim == 2


def _loaded(given: Given) -> Given:
    if not isinstance(given, str):
        return given
    if given.lower().endswith(".npz"):
        return Moments.load(Path(given).expanduser())
    require_there(given)
    return given


def _opened(given: Given, network: _Network, reading: Reading, split: str | None) -> ExampleSet | Moments:
    if isinstance(given, Moments):
        return given
    if isinstance(given, Tensor):
        return TensorExamples(given, reading.max_samples, reading.seed)
    return open_set(given, network.built, reading, split)


def _require_examples(given: ExampleSet | Moments, side: Side, measures: Sequence[Measure]) -> None:
    names = ", ".join(repr(measure.name) for measure in measures if measure.needs(side, intervals=False).whole_set)
    if names and isinstance(given, Moments):
        raise UserError(f"The {side} are moments alone, but {names} needs the examples; give a folder or a data set.")


@dataclass(frozen=True)
class _Look:
    """A pass over one side, or what is kept of an earlier one."""

    network: _Network
    measures: Sequence[Measure]
    intervals: bool
    batch_size: int
    on_progress: OnProgress | None

    def __call__(self, given: ExampleSet | Moments, side: Side) -> Observed:
        if isinstance(given, Moments):
            return Observed(given)
        network, needs = self.network.built, needs_of(self.measures, side, intervals=self.intervals)
        fingerprint = given.fingerprint(self._note(f"checking {side}"))
        protocol = Protocol.of(network, data=fingerprint, split=given.split, seed=given.seed)

        def look() -> Observed:
            batches = given.batches(self.batch_size, self._note(f"looking at {side}"))
            return observe(batches, network, needs, protocol, given.num_examples)

        if needs.whole_set:
            return look()
        seen = cached_observation(repr(protocol), needs, look)
        # What is kept may be of an earlier command that allowed more; looking again says which cannot be read.
        return seen if _num_missing(given, seen.moments) <= given.most_unreadable else look()

    def _note(self, what: str) -> Callable[[int, int], None] | None:
        tell = self.on_progress
        return None if tell is None else (lambda done, total: tell(what, done, total))


def _protocol(
    given: Sequence[ExampleSet | Moments],
    moments: tuple[Moments, Moments],
    measures: Sequence[Measure],
    reading: Reading,
) -> dict[str, Any]:
    sides: dict[str, Any] = {
        side: {**_described(each), "count": seen.count, "data": seen.protocol.data if seen.protocol else None}
        for side, each, seen in zip(SIDES, given, moments, strict=True)
    }
    return {
        **comparison_protocol(*moments),
        "measures": [measure.name for measure in measures],
        "seed": reading.seed,
        "fit": reading.fit,
        **sides,
    }


def _described(given: ExampleSet | Moments) -> dict[str, Any]:
    return {"kind": "moments"} if isinstance(given, Moments) else given.describe()


def _notes(moments: tuple[Moments, Moments], intervals: dict[str, Interval]) -> Iterator[str]:
    """What limits the numbers; without intervals at least that of the sizes."""
    yield from size_notes(moments[0].count, moments[1].count, moments[0].dimension)
    for found in intervals.values():
        yield from found.notes


def _left_out(given: Sequence[ExampleSet | Moments], moments: tuple[Moments, Moments]) -> Iterator[str]:
    """What a warning said when the set was looked at, which may have been in an earlier command."""
    for each, seen, side in zip(given, moments, SIDES, strict=True):
        if isinstance(each, ExampleSet) and (missing := _num_missing(each, seen)):
            yield f"{missing} of the {each.num_examples:,} {side} cannot be read and are left out."


def _num_missing(given: ExampleSet, seen: Moments) -> int:
    return given.num_examples - (seen.count or 0)
