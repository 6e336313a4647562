"""Real examples: where they come from, and the seeded, resumable order in which a game is fed with them.

`build_source` turns settings into a `Source`; a source gives an endless `Loader` for training and an ordered pass for
reference statistics. `build_domains` gives the two domains of an adaptation. This room knows
nothing of games, and draws no fake example.
"""

from equipoise.data.build import SOURCES, build_source
from equipoise.data.domains import Domains, Parts, build_domains, build_parts, require_same_shape, unlabelled
from equipoise.data.memory import InMemoryImages
from equipoise.data.mixtures import Mixture
from equipoise.data.points import InMemoryPoints
from equipoise.data.source import Loader, Source
from equipoise.data.stream import StreamedImages
from equipoise.data.text import TextSource
from equipoise.data.text_loading import load_text
from equipoise.data.text_vocabulary import Vocabulary

__all__ = [
    "SOURCES",
    "Domains",
    "InMemoryImages",
    "InMemoryPoints",
    "Loader",
    "Mixture",
    "Parts",
    "Source",
    "StreamedImages",
    "TextSource",
    "Vocabulary",
    "build_domains",
    "build_parts",
    "build_source",
    "load_text",
    "require_same_shape",
    "unlabelled",
]
