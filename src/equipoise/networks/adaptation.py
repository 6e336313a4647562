"""Settings to the players of a domain-adversarial game: a classifier and a discriminator of its features.

Weights depend on the given generator alone, each player's on a draw of its own: see `equipoise.networks.build`.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import torch
from torch import nn

from equipoise.config import NetworkSettings
from equipoise.networks import dann, dann_svhn, lenet, mlp
from equipoise.networks.build import drawing_from, require_architecture
from equipoise.networks.classifiers import Classifier, num_features
from equipoise.networks.normalization import normalize_spectrally
from equipoise.networks.players import Discriminator, Networks
from equipoise.networks.shapes import Makes, check_shape


class AdaptationArchitecture(NamedTuple):
    """How to build both players.

    Attributes:
        features: the feature extractor from the settings and the shape of an example.
        head: the label head from the settings, the number of features, and that of classes.
        disc: the discriminator from the settings and the number of its inputs.
        takes: the examples that it can classify.
    """

    features: Callable[[NetworkSettings, tuple[int, ...]], nn.Module]
    head: Callable[[NetworkSettings, int, int], nn.Module]
    disc: Callable[[NetworkSettings, int], Discriminator]
    takes: Makes


CLASSIFIERS: Mapping[str, AdaptationArchitecture] = MappingProxyType(
    {
        "dann": AdaptationArchitecture(dann.features, dann.head, dann.disc, Makes("images", dann.SIZES)),
        "dann-svhn": AdaptationArchitecture(
            dann_svhn.features, dann_svhn.head, dann_svhn.disc, Makes("images", dann_svhn.SIZES)
        ),
        "lenet": AdaptationArchitecture(lenet.features, lenet.head, lenet.disc, Makes("images", lenet.SIZES)),
        "mlp": AdaptationArchitecture(mlp.features, mlp.head, mlp.disc, Makes("points")),
    }
)
"""The architectures of domain-adversarial games, by the name that settings call them."""


def build_adaptation_networks(
    settings: NetworkSettings,
    example_shape: tuple[int, ...],
    num_classes: int,
    generator: torch.Generator,
    *,
    conditioned: bool = False,
) -> Networks:
    """Both players, in training mode on the CPU, float32.

    Args:
        settings: the architecture, the normalisation of either player, and dropout.
        example_shape: (D,) for points, (C, H, W) for images.
        num_classes: K.
        generator: where the first weights come from; two numbers are drawn from it.
        conditioned: whether the discriminator sees the outer product of features and class probabilities, (N, F K).

    Returns:
        ``disc``, features to logits (N,), and ``gen``, a `Classifier`.

    Raises:
        UserError: the architecture does not classify, or not such examples.

    >>> settings, seed = NetworkSettings(architecture="dann"), torch.Generator().manual_seed(0)
    >>> disc, gen = build_adaptation_networks(settings, (3, 28, 28), 10, seed)
    >>> features, logits = gen(torch.randn(5, 3, 28, 28, generator=seed))
    >>> features.shape, logits.shape, disc(features).shape
    (torch.Size([5, 768]), torch.Size([5, 10]), torch.Size([5]))
    """
    require_architecture(settings.architecture, CLASSIFIERS, "classify")
    takes = {name: each.takes for name, each in CLASSIFIERS.items()}
    check_shape(settings.architecture, takes, example_shape, "takes")
    architecture = CLASSIFIERS[settings.architecture]
    with drawing_from(generator):
        extractor = architecture.features(settings, example_shape)
        count = num_features(extractor, example_shape)
        gen = Classifier(extractor, architecture.head(settings, count, num_classes))
    with drawing_from(generator):
        disc = architecture.disc(settings, count * num_classes if conditioned else count)
        if settings.disc_norm == "spectral":
            normalize_spectrally(disc)
    return Networks(disc, gen)
