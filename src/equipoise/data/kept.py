"""Decoded images kept for the next run of the same process, which would decode the same files again.

A study plays hundreds of short runs on one set of images; decoding CIFAR-10 takes seconds. Only sets in memory are
kept, which nothing writes to, and the newest few of them.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from equipoise.config.data import DataSettings
from equipoise.data.memory import InMemoryImages
from equipoise.data.source import Source

MOST_KEPT = 2
"""A training split and a reference split."""

_kept: dict[str, Source] | None = None


def keep_sources() -> None:
    """From now on, keep what this process decodes: for worker processes, which end with their study."""
    global _kept
    _kept = {} if _kept is None else _kept


@contextmanager
def sources_kept() -> Iterator[None]:
    """Inside, what this process decodes is kept; files that change meanwhile are not read again."""
    global _kept
    before, _kept = _kept, {} if _kept is None else _kept
    try:
        yield
    finally:
        _kept = before


def kept(settings: DataSettings, device: torch.device, build: Callable[[], Source]) -> Source:
    """The source of ``settings`` on ``device``: the one kept, or the one that ``build`` makes."""
    if _kept is None:
        return build()
    key = f"{device} {settings.model_dump_json()}"
    source = _kept.pop(key, None) or build()
    if isinstance(source, InMemoryImages):
        _kept[key] = source
        while len(_kept) > MOST_KEPT:
            del _kept[next(iter(_kept))]
    return source
