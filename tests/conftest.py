"""What all tests share: where real data lie, and a cache folder that no user's run can see."""

import os
import threading
from pathlib import Path

import pytest
import torch

from equipoise.training.observer import Silence

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _private_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("EQUIPOISE_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def shared_data():
    """Path of a real data set by name; skips where the machine has none."""
    folder = Path(os.environ.get("EQUIPOISE_TEST_DATA", ROOT.parent / "shared" / "data"))

    def find(name: str) -> Path:
        if not (folder / name).exists():
            pytest.skip(f"real data set {name!r} not found; set EQUIPOISE_TEST_DATA to the folder that holds it")
        return folder / name

    return find


class StopAt(Silence):
    """An observer that asks for a stop after a given round, by setting its event."""

    def __init__(self, step):
        self.step, self.event = step, threading.Event()

    def on_progress(self, step):
        if step == self.step:
            self.event.set()


@pytest.fixture(scope="session")
def stopper():
    """Makes a `StopAt`."""
    return StopAt
