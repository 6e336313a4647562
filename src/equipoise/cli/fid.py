"""``equipoise fid A B [--features NAME] [--measures fd kid ...]``."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tyro.conf import Positional

from equipoise.cli.output import number
from equipoise.cli.parsing import parse
from equipoise.cli.passes import PassView
from equipoise.config.evaluation import MeasureName, ResizeName
from equipoise.core.errors import UserError
from equipoise.core.files import without_nan

if TYPE_CHECKING:
    from equipoise.training import Comparison

DESCRIPTION = """Measure how far two sets of images are apart.

A and B are folders of images, zip or tar archives, parquet folders or hub data sets (owner/name, :split may follow),
'digits', run folders (whose best generator is sampled), or .npz files of moments, in any mix."""


_TITLES = {
    "fd": ("FID", "FD"),
    "fd_infinity": ("FID infinity", "FD infinity"),
    "kid": ("KID", "kernel distance"),
    "is": ("Inception Score", "score"),
    "is_std": ("Inception Score, std of splits", "score, std of splits"),
}
"""What a value is called in Inception features, and in others."""


@dataclass(frozen=True)
class Arguments:
    """Which sets, and how they are measured."""

    a: Positional[str]
    """The samples."""
    b: Positional[str]
    """The reference."""
    features: str | None = None
    """Feature network: inception (then the distance is called FID), dinov2, digits, mnist, cifar10, points, or an
    import path such as package.module:net (default: that of given moments, otherwise points for ring, grid and runs
    on them, and inception)."""
    measures: tuple[MeasureName, ...] = ("fd",)
    """What to measure. fd: Frechet distance. fd-infinity: the same, extrapolated to endless samples. kid: kernel
    distance. is: Inception Score of A. prdc: precision, recall, density, coverage. All but fd keep the features of
    every example in memory, 400 MB for 50,000 in 2,048 features."""
    intervals: bool = True
    """Give intervals with the values."""
    resize: ResizeName | None = None
    """Rule by which a network that resizes images does so (default: the network's own)."""
    fit: Literal["none", "crop", "squash"] = "none"
    """How images of another size reach features of a fixed size (digits 8, mnist 28, cifar10 32): not at all (an
    error), by scaling the shorter side and cropping the centre, or by scaling both sides."""
    channels: Literal[1, 3] | None = None
    """Convert images to grey (1) or colour (3) (default: grey where the features are grey and every image is)."""
    split_a: str | None = None
    """Split of A, where it is a data set (default: train)."""
    split_b: str | None = None
    """Split of B."""
    image_column: str | None = None
    """Column that holds the images of a data set (default: the only image column)."""
    max_samples: int | None = None
    """Examples to take of a set that has more, drawn at random (default: all)."""
    num_generated: int = 10_000
    """Examples that a run folder's generator makes."""
    seed: int = 0
    """Seed of that draw, of latents, and of whatever a measure draws."""
    max_unreadable: float = 0.01
    """Fraction of images that may be unreadable; they are named, counted and left out. More is an error."""
    batch_size: int = 250
    """Images in memory at once."""
    threads: int = 2
    """Threads that decode."""
    device: str = "auto"
    """Where the network computes: auto, cpu, cuda, ..."""
    save_moments: Path | None = None
    """File (.npz) to write the moments of A to, for later comparisons."""
    json: bool = False
    """Print one JSON object with values, protocol and remarks, and nothing else."""


def main(arguments: list[str]) -> int:
    """Measure two sets; returns the exit code."""
    given = parse(Arguments, arguments, prog="equipoise fid", description=DESCRIPTION)
    _check(given)
    comparison = _compared(given)
    if given.save_moments:
        comparison.moments[0].save(given.save_moments)
    if given.json:
        print(json.dumps(without_nan(comparison.as_json()), indent=2))
    else:
        print("\n".join(lines(comparison)))
    return 0


def _check(given: Arguments) -> None:
    for name, least in (("max_samples", 2), ("num_generated", 2), ("batch_size", 1), ("threads", 1)):
        value = getattr(given, name)
        if value is not None and value < least:
            raise UserError(f"--{name.replace('_', '-')} was given as {value}, but must be at least {least}.")
    if not 0 <= given.max_unreadable < 1:
        raise UserError(f"--max-unreadable was given as {given.max_unreadable:g}, but must be in [0, 1).")
    target = given.save_moments
    if target and target.suffix != ".npz":
        raise UserError(f"--save-moments was given as '{target}', but the file must end in .npz.")
    if target and target.exists():
        raise UserError(f"'{target}' exists already; choose another --save-moments, or remove it.")
    if target and not target.parent.is_dir():
        raise UserError(f"There is no folder '{target.parent}' for --save-moments; make it first.")


def _compared(given: Arguments) -> "Comparison":
    from equipoise.core.devices import keep_freed_memory, resolve_device
    from equipoise.training import Reading, compare

    reading = Reading(
        fit=given.fit,
        channels=given.channels,
        max_samples=given.max_samples,
        num_generated=given.num_generated,
        seed=given.seed,
        max_unreadable=given.max_unreadable,
        image_column=given.image_column,
        num_threads=given.threads,
    )
    keep_freed_memory()
    with PassView() as view:
        return compare(
            given.a,
            given.b,
            given.features,
            given.measures,
            splits=(given.split_a, given.split_b),
            reading=reading,
            intervals=given.intervals,
            resize=given.resize,
            device=resolve_device(given.device),
            batch_size=given.batch_size,
            on_progress=view,
        )


def lines(comparison: "Comparison") -> list[str]:
    """What a person reads: values, protocol, remarks."""
    features = comparison.protocol["features"]
    text = [_value_line(name, value, comparison) for name, value in comparison.values.items()]
    for side in ("samples", "reference"):
        described = comparison.protocol[side]
        count = "unknown number" if described["count"] is None else f"{described['count']:,}"
        details = [
            described["kind"],
            *(f"{key} {described[key]}" for key in ("split", "step", "seed") if described.get(key) is not None),
        ]
        text.append(f"{side:<28} {described.get('name') or ''} ({', '.join(details)}): {count}")
    weights = comparison.protocol["weights_hash"]
    conditions = [features or "unknown", *([f"weights {weights[:12]}"] if weights else [])]
    conditions += [
        f"{name} {comparison.protocol[name]}" for name in ("resize", "precision") if name in comparison.protocol
    ]
    text.append(f"{'features':<28} {', '.join(conditions)}")
    return [*text, *(f"note: {remark}" for remark in comparison.remarks)]


def _value_line(name: str, value: float, comparison: "Comparison") -> str:
    text = f"{title(name, comparison.protocol['features']):<28} {number(value)}"
    found = comparison.intervals.get(name)
    if found is None:
        return text
    text += (
        f"   {found.level:.0%} interval {found.low:.6g} to {found.high:.6g}, standard error {found.standard_error:.2g}"
    )
    return text + (f", bias about {found.bias:+.2g}" if found.bias else "")


def title(name: str, features: str | None) -> str:
    """What a value is called in print: FID and KID are said of Inception features only.

    >>> title("fd", "inception"), title("fd", "cifar10"), title("recall", "inception")
    ('FID', 'FD (cifar10)', 'recall (inception)')
    """
    of_inception, elsewhere = _TITLES.get(name, (None, name.replace("_", " ")))
    if of_inception and features == "inception":
        return of_inception
    return f"{elsewhere} ({features or 'unknown features'})"
