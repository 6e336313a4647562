"""Small named architectures for both players; no loss, no optimiser.

`build_networks` makes the pair that settings ask for. Every generator maps latents (N, Z) to examples, every
discriminator maps examples to logits (N,); both also accept class labels, which no architecture reads so far.
"""

from equipoise.networks.build import ARCHITECTURES, Architecture, build_networks
from equipoise.networks.dropout import dropouts
from equipoise.networks.players import Discriminator, Generator, Networks

__all__ = ["ARCHITECTURES", "Architecture", "Discriminator", "Generator", "Networks", "build_networks", "dropouts"]
