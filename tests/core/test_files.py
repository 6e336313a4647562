"""Files are whole or absent, and records survive a kill."""

import json

import pytest

from equipoise.core import files


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path):
    target = tmp_path / "record.json"
    files.write_json(target, {"a": 1})

    def fail():
        with files.replacing(target) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert json.loads(target.read_text()) == {"a": 1}
    assert list(tmp_path.iterdir()) == [target]


def test_json_holds_no_nan(tmp_path):
    files.write_json(tmp_path / "x.json", {"a": float("nan"), "b": [float("inf"), 1.0], "c": {"d": (float("-inf"),)}})
    assert json.loads((tmp_path / "x.json").read_text()) == {"a": None, "b": [None, 1.0], "c": {"d": [None]}}


def test_a_line_cut_off_by_a_kill_is_left_out(tmp_path):
    path = tmp_path / "metrics.jsonl"
    for step in range(3):
        files.append_json_line(path, {"step": step})
    with path.open("a") as file:
        file.write('{"step": 3, "los')
    assert [record["step"] for record in files.read_json_lines(path)] == [0, 1, 2]
    assert files.read_json_lines(tmp_path / "missing.jsonl") == []


def test_cache_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("EQUIPOISE_CACHE", str(tmp_path / "own"))
    assert files.cache_folder() == tmp_path / "own"
    monkeypatch.delenv("EQUIPOISE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert files.cache_folder() == tmp_path / "equipoise"
