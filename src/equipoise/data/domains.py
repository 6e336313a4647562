"""Two domains of one task: a labelled source and a target whose labels training must not see.

Either domain is divided into three parts. What `build_domains` returns holds no label of the target and no way to one:
a training loop that is given it alone cannot learn from them, nor choose a checkpoint by them. Whoever reports the
final accuracy, or the accuracy of an oracle, asks for the labels in so many words: by `build_domains_and_labels`, which
decodes the target once for both, or by `build_parts` of the target.

The parts are drawn by a seed from the number of examples. A target that was made of the source's own images, such as
digits blended with texture, is therefore divided as the source is, and no image of its test is trained on in either
domain.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor

from equipoise.config.data import DataSettings, DivisionSettings
from equipoise.core.errors import UserError
from equipoise.core.seeding import derived_seed
from equipoise.data.build import build_source
from equipoise.data.reading import Progress
from equipoise.data.source import Source

_SETTING = re.compile(rf"\bdata\.(?=(?:{'|'.join(DataSettings.model_fields)})\b)")


class Parts(NamedTuple):
    """The disjoint parts of a domain.

    Attributes:
        train: to train on.
        validation: to choose a checkpoint or a setting by.
        test: for the final numbers alone.
    """

    train: Source
    validation: Source
    test: Source


class Domains(NamedTuple):
    """What training may see.

    Attributes:
        source: with labels.
        target: without.
        num_classes: K; labels are 0 to K - 1.
        classes: the names of the classes, where they are known.
    """

    source: Parts
    target: Parts
    num_classes: int
    classes: tuple[str, ...] | None


def build_domains(
    source: DataSettings,
    target: DataSettings,
    device: torch.device,
    division: DivisionSettings | None = None,
    on_progress: Progress | None = None,
) -> Domains:
    """Both domains, the target without labels.

    Args:
        source: the labelled domain.
        target: the other one, with or without labels.
        device: holds what is kept in memory.
        division: how either is divided.
        on_progress: called with images done and images in all while many are decoded.

    Raises:
        UserError: the source has no labels, shapes or classes differ, or a domain cannot be had or divided.

    >>> moons = DataSettings(source="moons")
    >>> domains = build_domains(moons, moons.model_copy(update={"rotation": 35.0}), torch.device("cpu"))
    >>> domains.num_classes, [part.num_examples for part in domains.target]
    (2, [1600, 200, 200])
    >>> next(domains.target.test.ordered(5, torch.device("cpu"))).labels is None
    True
    """
    return build_domains_and_labels(source, target, device, division, on_progress)[0]


def build_domains_and_labels(
    source: DataSettings,
    target: DataSettings,
    device: torch.device,
    division: DivisionSettings | None = None,
    on_progress: Progress | None = None,
) -> tuple[Domains, Parts]:
    """What `build_domains` gives for training, and the target's parts with the labels that it has.

    The second is for final numbers, bounds and oracles alone; both share the examples in memory.

    Raises:
        UserError: as `build_domains`.
    """
    division = division or DivisionSettings()
    labelled = build_parts(source, device, division, on_progress)
    with _about_the_target():
        other = build_parts(target, device, division, on_progress)
    require_same_shape(labelled.train, other.train)
    require_same_classes(labelled.train, other.train)
    num_classes = _num_classes(labelled)
    _require_known_labels(other, num_classes)
    return Domains(labelled, Parts(*map(unlabelled, other)), num_classes, labelled.train.classes), other


@contextmanager
def _about_the_target() -> Iterator[None]:
    """Inside, a sentence about a setting of data is one about the same setting of target."""
    try:
        yield
    except UserError as error:
        raise type(error)(_SETTING.sub("target.", str(error))) from error


def build_parts(
    settings: DataSettings,
    device: torch.device,
    division: DivisionSettings | None = None,
    on_progress: Progress | None = None,
) -> Parts:
    """The parts of one domain, with its labels: of a target, for final numbers, bounds and oracles alone.

    Raises:
        UserError: the data cannot be had or divided.
    """
    division = division or DivisionSettings()
    has_test_split = division.test_split is not None and settings.source == "table"
    if has_test_split and division.test_split == settings.split:
        raise UserError(
            f"The split {settings.split!r} of {settings.path!r} is both for training and for the test; set test_split "
            f"to another one."
        )
    whole = build_source(settings, device, on_progress=on_progress)
    if not has_test_split:
        train, *held = _rows(whole, division.held_out, division.seed)
        return Parts(whole.part(train), *(whole.part(rows) for rows in held))
    test = build_source(settings, device, division.test_split, on_progress)
    _, *held = _rows(test, 1.0, division.seed)
    return Parts(whole.part(None), *(test.part(rows) for rows in held))


def unlabelled(source: Source) -> Source:
    """The same examples without labels, nor a way back to them.

    Raises:
        UserError: the source draws its examples afresh.

    >>> source = build_source(DataSettings(), torch.device("cpu"))
    >>> next(unlabelled(source).ordered(5, torch.device("cpu"))).labels is None
    True
    """
    return source.part(None, labelled=False)


def require_same_shape(source: Source, target: Source) -> None:
    """Refuse two domains whose examples have different shapes.

    Raises:
        UserError: with both shapes, and what would make them one.
    """
    ours, theirs = source.example_shape, target.example_shape
    if ours == theirs:
        return
    remedy = "give two sets of the same kind"
    if len(ours) == len(theirs) == 3:
        wanted = []
        if ours[0] != theirs[0]:
            wanted.append(f"channels to {max(ours[0], theirs[0])}")
        if ours[1:] != theirs[1:]:
            wanted.append(f"resolution to one size, such as {max(*ours[1:], *theirs[1:])}")
        remedy = f"set {' and '.join(wanted)} in both"
    raise UserError(f"The source has {_said(ours)}, but the target has {_said(theirs)}; {remedy}.")


def require_same_classes(source: Source, target: Source) -> None:
    """Refuse two domains that are known to number different classes: the same number would mean two things.

    Raises:
        UserError: with a class that only one of them has.
    """
    if source.classes is None or target.classes is None or source.classes == target.classes:
        return
    different = sorted(set(source.classes) ^ set(target.classes))
    said = f"{different[0]!r} is a class of one only" if different else "their classes come in another order"
    raise UserError(
        f"The source {source.name!r} has {len(source.classes)} classes and the target {target.name!r} has "
        f"{len(target.classes)}, and {said}; give both the same classes, or the target none."
    )


def _said(shape: tuple[int, ...]) -> str:
    if len(shape) != 3:
        return f"examples of shape {shape}"
    channels, height, width = shape
    return f"images of {height} x {width} pixels in {channels} channel{'s' if channels > 1 else ''}"


def _rows(whole: Source, held_out: float, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Places of the examples of the parts for training, validation and test, each in rising order."""
    count = whole.num_examples
    if count is None:
        whole.part(None)  # says that it cannot be divided
    assert count is not None
    num_held = round(count * held_out)
    num_test = num_held // 2
    if num_test < 1 or (held_out < 1 and num_held >= count):
        raise UserError(
            f"Data {whole.name!r} has {count} examples, too few for parts for training, validation and test with "
            f"held_out {held_out:g}; give more, or change held_out."
        )
    generator = torch.Generator().manual_seed(derived_seed(seed, "division"))
    order = torch.randperm(count, generator=generator)
    test, validation, train = torch.split(order, [num_test, num_held - num_test, count - num_held])
    return train.sort().values, validation.sort().values, test.sort().values


def _num_classes(labelled: Parts) -> int:
    """How many classes the source has.

    Raises:
        UserError: it has no labels, or some examples have none.
    """
    name, classes = labelled.train.name, labelled.train.classes
    labels = [part.labels for part in labelled if part.labels is not None]
    if not labels:
        raise UserError(
            f"The source {name!r} has no classes, from which alone a classifier can learn; set data.label_column, or "
            f"put the images of each class into a folder of their own."
        )
    if min(int(each.min()) for each in labels) < 0:
        raise UserError(f"Some examples of the source {name!r} have no class; remove them.")
    return max(len(classes or ()), *(int(each.max()) + 1 for each in labels))


def _require_known_labels(target: Parts, num_classes: int) -> None:
    """Refuse labels of the target that no classifier of the source could give: the final numbers would mislead.

    Raises:
        UserError: there is one.
    """
    for part in target:
        if part.labels is not None and not 0 <= int(part.labels.min()) <= int(part.labels.max()) < num_classes:
            raise UserError(
                f"The target {part.name!r} has classes {int(part.labels.min())} to {int(part.labels.max())}, but the "
                f"source has 0 to {num_classes - 1}; give both the same classes, or the target none."
            )
