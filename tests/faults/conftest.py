"""A server of killable runs, and one whole small run, shared by the tests of faults."""

import shutil

import pytest
from faultlab.lab import Lab, small

from equipoise.training import train


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setenv("EQUIPOISE_CACHE", str(tmp_path_factory.mktemp("cache")))
    with Lab() as server:
        yield server
    patch.undo()


@pytest.fixture(scope="session")
def _whole_run(tmp_path_factory):
    root = tmp_path_factory.mktemp("whole")
    train(small("ring", root))
    return root / "run"


@pytest.fixture
def run(_whole_run, tmp_path):
    """A copy of a whole run of 16 steps."""
    return shutil.copytree(_whole_run, tmp_path / "run")
