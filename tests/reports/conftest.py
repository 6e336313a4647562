"""Runs for the tests of pages."""

import functools

import pagelab
import pytest


@pytest.fixture
def write_run(tmp_path):
    """Writes a run folder from records and settings."""
    return functools.partial(pagelab.write_run, tmp_path)


@pytest.fixture
def whole_run(tmp_path):
    """A run in which all went well."""
    return pagelab.whole_run(tmp_path)


@pytest.fixture
def hostile_run(tmp_path):
    """A run in whose every text something tries to break out of the page."""
    return pagelab.hostile_run(tmp_path)
