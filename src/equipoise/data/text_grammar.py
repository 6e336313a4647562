"""The embedded default for text: English sentences of a small grammar, the same on every machine.

Four sentences of five have at most 32 characters, so that a generator has to learn spelling, agreement of number and
where a line ends; of a fresh set of 3,000, five of six different ones are new, so that learning by heart is no help.
Text that ships with Python or with a dependency differs from version to version, and so would numbers measured on it.
"""

import random
from collections.abc import Iterator
from functools import cached_property

from equipoise.core.errors import unknown

NUM_SENTENCES = {"train": 30_000, "test": 3_000}
"""Sentences of each split, drawn from the same law with different seeds."""

_RULES: dict[str, list[str]] = {
    "line": ["ONE", "ONE", "MANY", "MANY", "ASK", "SAY"],
    "ONE": ["NP VP1 END", "NP VP1 END", "he VP1 END", "she VP1 END", "it VP1 END"],
    "MANY": ["NPS VPS END", "NPS VPS END", "they VPS END", "we VPS END", "you VPS END"],
    "ASK": ["does NP VPS ?", "do NPS VPS ?", "where is NP ?", "where are NPS ?", "who VP1 ?", "why ?"],
    "SAY": ['" WORD , " said NP END', "yes , ONE", "no , MANY", "well , MANY"],
    "WORD": ["yes", "no", "come", "look", "go on", "never", "good day", "my dear"],
    "VP1": ["SEES NP", "SEES NPS", "GOES PLACE", "GOES PLACE", "is BOTH", "was very QUALITY", "has NPS", "had NP"],
    "VPS": ["SEE NP", "SEE NPS", "GO PLACE", "GO PLACE", "are BOTH", "were very QUALITY", "have NP", "had NPS"],
    "BOTH": ["QUALITY and QUALITY"],
    "NP": ["DET1 NOUN", "DET1 QUALITY NOUN"],
    "NPS": ["DETS NOUNs", "DETS QUALITY NOUNs", "NOUNs"],
    "PLACE": ["in NP", "near NP", "with NP", "to NPS", "under NP", "by NPS"],
    "DET1": ["the", "the", "the", "this", "that", "my", "his", "her", "one", "every"],
    "DETS": ["the", "the", "the", "these", "those", "my", "his", "her", "two", "many"],
    "NOUN": [
        *("bird", "dog", "king", "girl", "boy", "river", "house", "tree"),
        *("book", "ship", "road", "letter", "friend", "sister", "garden", "stone"),
    ],
    "QUALITY": [
        *("old", "good", "small", "young", "dark", "kind", "poor"),
        *("great", "cold", "happy", "red", "quiet", "strange", "long"),
    ],
    "SEE": ["see", "know", "find", "like", "want", "hear", "love", "fear", "keep", "meet", "follow"],
    "GO": ["go", "run", "sleep", "sing", "wait", "walk", "rest", "speak", "fall"],
    "END": [".", ".", ".", "!"],
}


class GrammarLines:
    """The sentences of one split, in the order in which they were drawn.

    Args:
        split: train or test.

    Raises:
        UserError: there is no such split.

    >>> first = next(iter(GrammarLines("train")))
    >>> first == next(iter(GrammarLines("train"))) != next(iter(GrammarLines("test")))
    True
    """

    def __init__(self, split: str) -> None:
        if split not in NUM_SENTENCES:
            raise unknown("split", split, NUM_SENTENCES)
        self.name, self._split = "sentences of a small grammar", split

    @cached_property
    def _sentences(self) -> list[bytes]:
        coins = random.Random(f"equipoise/{self._split}")
        return [expand("line", coins).encode() for _ in range(NUM_SENTENCES[self._split])]

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._sentences)


def expand(symbol: str, coins: random.Random) -> str:
    """One string that ``symbol`` can become, each of its rules being equally likely.

    >>> expand("NPS", random.Random(0)) == expand("NPS", random.Random(0))
    True
    """
    if symbol == "NOUNs":
        return expand("NOUN", coins) + "s"
    if symbol in ("SEES", "GOES"):
        verb = expand({"SEES": "SEE", "GOES": "GO"}[symbol], coins)
        return verb + ("es" if verb.endswith("o") else "s")
    if symbol not in _RULES:
        return symbol
    rules = _RULES[symbol]
    # `Random.random` is promised to stay as it is in all versions of Python; `choice` is not.
    return " ".join(expand(part, coins) for part in rules[int(coins.random() * len(rules))].split(" "))
