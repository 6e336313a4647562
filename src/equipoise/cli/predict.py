"""``equipoise predict RUN IMAGES [--out FILE]``: apply an adapted classifier to images without labels."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tyro.conf import Positional

from equipoise.cli.parsing import parse


@dataclass(frozen=True)
class Arguments:
    """Which classifier, which images, and where the answers go."""

    run: Positional[Path]
    """The run's folder, such as runs/adapt-images."""
    images: Positional[str]
    """A folder of images, a zip or tar archive, or a folder of parquet files."""
    out: Path | None = None
    """CSV file to write: file, class, confidence (default: RUN/predictions.csv)."""
    step: int | None = None
    """Checkpoint to take (default: the one that the run's rule chose)."""
    resize: Literal["none", "crop", "squash"] | None = None
    """How images of another size reach the classifier's (default: as the run's target)."""


def main(arguments: list[str]) -> int:
    """Write the class of every image; returns the exit code."""
    given = parse(Arguments, arguments, prog="equipoise predict", description="Apply an adapted classifier to images.")
    from equipoise.training import TrainedClassifier
    from equipoise.training.adapting.trained import write_predictions

    trained = TrainedClassifier.load(given.run, given.step)
    out = given.out or given.run / "predictions.csv"
    counts = write_predictions(out, trained.predict(given.images, given.resize))
    unreadable = counts.pop("", 0)
    print(f"Wrote the classes of {sum(counts.values()):,} images by step {trained.state['step']:,} to {out}")
    for name, number in sorted(counts.items(), key=lambda item: -item[1]):
        print(f"  {name:<18} {number:,}")
    if unreadable:
        print(f"  {unreadable:,} images cannot be read; their class is empty.")
    return 0
