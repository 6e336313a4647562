"""Small named architectures for both players; no loss, no optimiser.

`build_networks` makes the pair that settings ask for. Every generator maps latents (N, Z) to examples, every
discriminator maps examples to logits (N,); both also accept class labels, which no architecture reads so far.
`build_adaptation_networks` makes a classifier and a discriminator of its features, for games between two domains.
"""

from equipoise.networks.adaptation import CLASSIFIERS, AdaptationArchitecture, build_adaptation_networks
from equipoise.networks.build import ARCHITECTURES, Architecture, build_networks
from equipoise.networks.classifiers import Adapted, Classifier
from equipoise.networks.dropout import dropouts
from equipoise.networks.players import Discriminator, Generator, Networks

__all__ = [
    "ARCHITECTURES",
    "CLASSIFIERS",
    "AdaptationArchitecture",
    "Adapted",
    "Architecture",
    "Classifier",
    "Discriminator",
    "Generator",
    "Networks",
    "build_adaptation_networks",
    "build_networks",
    "dropouts",
]
