"""Decoded images are kept for the next run of a study, and only there."""

import torch

from equipoise.config import DataSettings
from equipoise.data import build_source
from equipoise.data.kept import MOST_KEPT, sources_kept

CPU = torch.device("cpu")


def test_sources_are_kept_inside_and_forgotten_outside():
    digits = DataSettings(source="digits")
    assert build_source(digits, CPU) is not build_source(digits, CPU)
    with sources_kept():
        one = build_source(digits, CPU)
        assert build_source(digits, CPU) is one
        with sources_kept():
            assert build_source(digits, CPU) is one
        assert build_source(digits, CPU) is one
        assert build_source(DataSettings(source="digits", flip=True), CPU) is not one
    assert build_source(digits, CPU) is not one


def test_a_kept_source_deals_the_same_batches():
    settings = DataSettings(source="digits", flip=True)

    def first_batches():
        loader = build_source(settings, CPU).batches(16, torch.Generator().manual_seed(3))
        return torch.stack([next(loader).examples for _ in range(3)])

    fresh = first_batches()
    with sources_kept():
        assert all(torch.equal(first_batches(), fresh) for _ in range(2))


def test_the_oldest_goes_when_there_are_too_many(monkeypatch):
    assert MOST_KEPT == 2
    monkeypatch.setattr("equipoise.data.kept.MOST_KEPT", 1)
    one, other = DataSettings(source="digits"), DataSettings(source="digits", flip=True)
    with sources_kept():
        first = build_source(one, CPU)
        build_source(other, CPU)
        assert build_source(one, CPU) is not first


def test_what_is_drawn_afresh_is_not_kept():
    ring = DataSettings(source="ring")
    with sources_kept():
        assert build_source(ring, CPU) is not build_source(ring, CPU)
