"""A long run's process does not grow. (benchmarks/faults.py plays 20,000 steps.)"""

from faultlab.longrun import growth, measure


def test_memory_open_files_and_threads_stay_flat(tmp_path):
    found = measure(tmp_path, 1500)
    assert len(found["files"]) == 16
    assert growth(found["files"]) == 0
    assert growth(found["threads"]) == 0
    assert growth(found["rss_mib"]) < 8
