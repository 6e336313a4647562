"""Settings of the two networks."""

from typing import Annotated, Literal

from pydantic import Field

from equipoise.config.base import AllBut, OnlyWith, Settings

ArchitectureName = Literal["mlp", "dcgan", "dcgan-5x5", "sngan", "wgan-gp", "text", "dann", "dann-svhn", "lenet"]
DiscNormalization = Literal["none", "batch", "layer", "spectral"]
GenNormalization = Literal["none", "batch", "layer"]
_CLASSIFIERS = ("dann", "dann-svhn", "lenet")


class NetworkSettings(Settings):
    """The architecture of both players. Image size and channels follow from the data."""

    architecture: ArchitectureName = "dcgan"
    """mlp for points; dcgan for 8, 16, 28, 32 or 64 pixels; dcgan-5x5, TensorFlow's tutorial pair, for 28 or 32 pixels;
    the residual pairs of SNGAN and WGAN-GP for 32 pixels; text for lines of characters. In a domain-adversarial game:
    mlp for points; dann for 16, 20, 24, 28 or 32 pixels, lenet for 16, 28 or 32, dann-svhn for 28 or 32."""
    width: Annotated[int, Field(gt=0, le=2**15), OnlyWith("architecture", AllBut(*_CLASSIFIERS))] = 64
    """Channels of the layer next to the image (both dcgans; doubled per level inwards), of every block (sngan,
    wgan-gp, text), or units of a layer (mlp)."""
    depth: Annotated[int, Field(gt=0, le=1000), OnlyWith("architecture", ("mlp", "text"))] = 3
    """Hidden layers of the mlp, residual blocks of text (5 in the paper)."""
    dropout: Annotated[float, Field(ge=0, lt=1), OnlyWith("architecture", ("dcgan-5x5", *_CLASSIFIERS))] = 0.0
    """Fraction of features set to zero: of the discriminator's after each convolution (dcgan-5x5), or of those that a
    classifier has extracted (the paper: 0.3 in either)."""
    disc_norm: DiscNormalization = "batch"
    """Normalisation in the discriminator."""
    gen_norm: GenNormalization = "batch"
    """Normalisation in the generator; of a classifier, in its feature extractor."""
