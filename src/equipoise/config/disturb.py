"""Settings of the disturbance study."""

from typing import Annotated, Literal

from pydantic import Field

from equipoise.config.base import Settings
from equipoise.config.evaluation import ResizeName


class DisturbSettings(Settings):
    """Does a distance rise when images get worse? Six disturbances at four levels (Heusel et al. 2017)."""

    data: str = "digits"
    """What is disturbed, and measured against all of it: a folder of images, a zip or tar archive, a parquet folder or
    hub data set (:split may follow), or digits."""
    features: str | None = None
    """Feature network: inception, digits, mnist, cifar10, or an import path (default: digits for the digits, inception
    for all others)."""
    resize: ResizeName | None = None
    """Rule by which inception and dinov2 resize images (default: the network's own)."""
    fit: Literal["none", "crop", "squash"] = "none"
    """How images of another size reach features of a fixed size: not at all (an error), by scaling the shorter side and
    cropping the centre, or by scaling both sides."""
    num_samples: Annotated[int, Field(gt=1)] = 10_000
    """Images that are disturbed, drawn at random (at most all there are; 50,000 in the paper)."""
    contaminate: str | None = None
    """Images that are mixed in, named like the data and brought to their size by cropping (default: this disturbance
    is left out)."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Of all that is drawn."""
    max_unreadable: Annotated[float, Field(ge=0, lt=1)] = 0.01
    """Fraction of images that may be unreadable; they are named, counted and left out. More is an error."""
    batch_size: Annotated[int, Field(gt=0)] = 250
    """Images in memory at once."""
    num_examples: Annotated[int, Field(gt=0)] = 4
    """Images shown at each level in the figure."""
    device: str = "auto"
    """Where the feature network computes."""
    out: str | None = None
    """Folder to make for tables and figure (default: studies/disturb-NAME-FEATURES)."""
