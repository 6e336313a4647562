"""The cache of reference moments: computed once, never trusted when damaged, never in the way."""

import numpy as np
import pytest

from equipoise.core.errors import DataWarning
from equipoise.core.files import cache_folder
from equipoise.metrics import Moments, Protocol, cached_moments


class Counting:
    """Computes moments and counts how often."""

    def __init__(self, seed=0):
        self.calls, self.seed = 0, seed

    def __call__(self):
        self.calls += 1
        return Moments.from_features(
            np.random.default_rng(self.seed).standard_normal((9, 3)), Protocol("points", "none")
        )


def kept_files():
    return sorted((cache_folder() / "moments").iterdir())


def test_computed_once_and_read_back_whole():
    compute = Counting()
    first, second = cached_moments("abc points", compute), cached_moments("abc points", compute)
    assert compute.calls == 1
    assert np.array_equal(first.covariance, second.covariance)
    assert (second.count, second.protocol) == (9, Protocol("points", "none"))


def test_another_key_is_another_entry():
    first, second = Counting(seed=0), Counting(seed=1)
    a, b = cached_moments("abc digits 3f2a", first), cached_moments("abc digits 77c0", second)
    assert not np.array_equal(a.mean, b.mean)
    assert len(kept_files()) == 2


def test_a_damaged_file_is_computed_again_with_a_warning():
    compute = Counting()
    cached_moments("abc", compute)
    kept_files()[0].write_bytes(b"cut sho")
    with pytest.warns(DataWarning, match="computed again"):
        cached_moments("abc", compute)
    cached_moments("abc", compute)
    assert compute.calls == 2


def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way of a folder")
    monkeypatch.setenv("EQUIPOISE_CACHE", str(tmp_path / "file"))
    compute = Counting()
    with pytest.warns(DataWarning, match="cannot be kept"):
        assert cached_moments("abc", compute).count == 9
    with pytest.warns(DataWarning, match="cannot be kept"):
        cached_moments("abc", compute)
    assert compute.calls == 2


def test_errors_of_the_computation_keep_nothing():
    def fail():
        raise KeyError("broken source")

    with pytest.raises(KeyError):
        cached_moments("abc", fail)
    assert not (cache_folder() / "moments").exists()
