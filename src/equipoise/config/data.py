"""Settings of the data that the discriminator takes for real."""

from typing import Annotated, Literal

from pydantic import Field

from equipoise.config.base import AllBut, OnlyWith, Settings

SourceName = Literal["digits", "ring", "grid", "moons", "folder", "table", "text"]
_STORED = ("folder", "table")
_READ = (*_STORED, "text")
_IMAGES = ("digits", *_STORED)


class DataSettings(Settings):
    """Where real examples come from, and how images and lines are brought to one size."""

    source: SourceName = "digits"
    """digits: scikit-learn's 1,797 handwritten digits, 8 x 8. ring, grid: 8 or 25 Gaussians in the plane.
    moons: two interleaved half circles, each a class. folder: images below a folder, or in a zip or tar archive.
    table: parquet files in a folder, or a data set of the Hugging Face hub. text: lines of a file, of a
    folder's train.txt and test.txt, or of a hub data set; without a path, sentences of a small grammar."""
    path: Annotated[str | None, OnlyWith("source", _READ)] = None
    """The folder, archive or text file, or the hub data set's name."""
    split: Annotated[str, OnlyWith("source", ("table", "text"))] = "train"
    """Split of the data set to train on. A single text file is split into train and test by held_out."""
    subset: Annotated[str | None, OnlyWith("source", ("table", "text"))] = None
    """Which of the configurations of a hub data set that has several."""
    text_column: Annotated[str | None, OnlyWith("source", ("text",))] = None
    """Column of a table that holds the text (default: the only column of strings, or the one called text)."""
    length: Annotated[int, Field(gt=1), OnlyWith("source", ("text",))] = 32
    """Symbols of a line: longer lines are cut, shorter ones padded."""
    units: Annotated[Literal["characters", "bytes"], OnlyWith("source", ("text",))] = "characters"
    """What the symbols of a line are; bytes need no encoding to be known."""
    max_symbols: Annotated[int, Field(gt=0, le=30_000), OnlyWith("source", ("text",))] = 2048
    """Size of the vocabulary: the most common symbols; all others become one symbol for the unknown."""
    max_lines: Annotated[int, Field(gt=1), OnlyWith("source", ("text",))] = 10_000_000
    """Lines to read at most, from the first on."""
    distinct: Annotated[bool, OnlyWith("source", ("text",))] = False
    """Leave out lines that were read before."""
    held_out: Annotated[float, Field(gt=0, lt=1), OnlyWith("source", ("text",))] = 0.1
    """Part of the lines of a single file that is its split test: chosen by content, so that no line is in both."""
    image_column: Annotated[str | None, OnlyWith("source", ("table",))] = None
    """Column that holds the images (default: the only image column)."""
    label_column: Annotated[str | None, OnlyWith("source", ("table",))] = None
    """Column that holds the classes (default: the only class column, if any)."""
    resolution: Annotated[int | None, Field(gt=0, le=2**14), OnlyWith("source", _IMAGES)] = None
    """Height and width in pixels (default: that of the images, which must then agree). Digits are always scaled."""
    resize: Annotated[Literal["none", "crop", "squash"], OnlyWith("source", _STORED)] = "none"
    """How images of another size reach the resolution: not at all (an error), by scaling the shorter side and cropping
    the centre, or by scaling both sides."""
    channels: Annotated[Literal[1, 3] | None, OnlyWith("source", _IMAGES)] = None
    """Convert to grey (1) or colour (3) (default: grey if every image is grey and there is no texture)."""
    flip: Annotated[bool, OnlyWith("source", _IMAGES)] = False
    """Mirror each image left to right with probability 1/2."""
    texture: Annotated[str, OnlyWith("source", _IMAGES)] = "none"
    """What each image is blended with, |image - patch|, as MNIST-M was made from MNIST. smooth: a smooth pattern of
    random colours; or photographs to cut patches from: a folder, an archive, or parquet files in a folder."""
    texture_seed: Annotated[int, Field(ge=0), OnlyWith("texture", AllBut("none"))] = 0
    """Seed of the patches."""
    texture_strength: Annotated[float, Field(gt=0, le=1), OnlyWith("texture", AllBut("none"))] = 1.0
    """What the patches are multiplied by first; 1 is the published rule."""
    max_unreadable: Annotated[float, Field(ge=0, lt=1), OnlyWith("source", _READ)] = 0.01
    """Fraction of images or lines that may be unreadable; they are named, counted and skipped. More is an error."""
    memory_limit: Annotated[int, Field(ge=0), OnlyWith("source", _READ)] = 2048
    """Largest set, in MiB of uint8 pixels or of codes of text, that is held in memory on the training device; larger
    ones are streamed."""
    workers: Annotated[int, Field(ge=0, le=1024), OnlyWith("source", _STORED)] = 2
    """Processes that decode a streamed set, or threads that decode a set into memory."""
    std: Annotated[float, Field(gt=0), OnlyWith("source", ("ring", "grid", "moons"))] = 0.05
    """Standard deviation of each Gaussian (the ring has radius 2, the grid a spacing of 2), or of the moons' noise."""
    num_points: Annotated[int, Field(ge=4, le=10**7), OnlyWith("source", ("moons",))] = 2000
    """Points of both moons together."""
    rotation: Annotated[float, Field(ge=-360, le=360), OnlyWith("source", ("moons",))] = 0.0
    """Degrees by which the moons are turned, counter-clockwise about their centre."""


class DivisionSettings(Settings):
    """How the examples of either domain are divided into parts for training, validation and test."""

    held_out: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """Part of the examples that is not trained on; half of it is for validation, half for the test."""
    test_split: str | None = None
    """Split of tables whose halves are for validation and test instead, so that the training split is used whole.
    Sources without splits are divided as above."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Which examples are held out. Two sources of equally many examples hold out the same ones."""
