"""Real examples: where they come from, and the seeded, resumable order in which a game is fed with them.

`build_source` turns settings into a `Source`; a source gives an endless `Loader` for training and an ordered pass for
reference statistics. `build_domains` gives the two domains of an adaptation. This room knows
nothing of games, and draws no fake example.
"""

from equipoise.data.build import SOURCES, build_source
from equipoise.data.domains import (
    Domains,
    Parts,
    build_domains,
    build_domains_and_labels,
    build_parts,
    require_same_shape,
    unlabelled,
)
from equipoise.data.memory import InMemoryImages
from equipoise.data.mixtures import Mixture
from equipoise.data.opening import open_records
from equipoise.data.pairs import PairLoader
from equipoise.data.points import InMemoryPoints
from equipoise.data.reading import Reader as ImageReader
from equipoise.data.source import Loader, Source
from equipoise.data.stream import StreamedImages
from equipoise.data.text import TextSource
from equipoise.data.text_loading import load_text
from equipoise.data.text_vocabulary import Vocabulary

__all__ = [
    "SOURCES",
    "Domains",
    "ImageReader",
    "InMemoryImages",
    "InMemoryPoints",
    "Loader",
    "Mixture",
    "PairLoader",
    "Parts",
    "Source",
    "StreamedImages",
    "TextSource",
    "Vocabulary",
    "build_domains",
    "build_domains_and_labels",
    "build_parts",
    "build_source",
    "load_text",
    "open_records",
    "require_same_shape",
    "unlabelled",
]
