"""What a recipe is: a function that returns whole settings, with where they come from and what to expect of them."""

from collections.abc import Callable
from dataclasses import dataclass

from equipoise.config import RunSettings


@dataclass(frozen=True)
class Recipe:
    """Settings worth starting from.

    Attributes:
        name: what `equipoise train NAME` takes; also the default name of the run.
        summary: what it trains on what, in a line.
        source: where the settings come from.
        expected: what it reached where it was measured: seeds, machine, minutes.
        settings: makes the settings; takes one of the variants, if there are any.
        variants: optimisers or schedules that the recipe has settings for, the first by default; named as in
            `NAME:VARIANT`.
    """

    name: str
    summary: str
    source: str
    expected: str
    settings: Callable[..., RunSettings]
    variants: tuple[str, ...] = ()
