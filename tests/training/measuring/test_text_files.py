"""Any two text files compared by their n-grams."""

import math
from collections import Counter

import pytest

from equipoise.core.errors import UserError
from equipoise.training import compare_text

OURS = ["one two", "three", "one two three four"]
THEIRS = ["two one", "four", "", "  three  ", "one two"]


def by_dictionaries(ours, theirs, order, length):
    """The straightforward way: counts in dictionaries, logarithms one by one."""

    def frequencies(lines):
        padded = [line.strip()[:length].ljust(length, "\0") for line in lines if line.strip()]
        counts = Counter(line[k : k + order] for line in padded for k in range(length - order + 1))
        total = sum(counts.values())
        return {gram: count / total for gram, count in counts.items()}

    p, q = frequencies(ours), frequencies(theirs)
    middle = {gram: (p.get(gram, 0) + q.get(gram, 0)) / 2 for gram in p.keys() | q.keys()}
    return sum(each[gram] * math.log2(each[gram] / middle[gram]) for each in (p, q) for gram in each) / 2


@pytest.fixture
def write(tmp_path):
    def make(name, lines):
        (tmp_path / name).write_text("\n".join(lines), encoding="utf-8")
        return tmp_path / name

    return make


@pytest.mark.parametrize("length", [5, 12, 32])
def test_equal_to_dictionaries(write, length):
    found = compare_text(write("a", OURS), write("b", THEIRS), length)
    for order in range(1, min(6, length) + 1):
        expected = by_dictionaries(OURS, THEIRS, order, length)
        assert found["values"][f"jsd{order}"] == pytest.approx(expected, abs=1e-12)
    assert (found["num_samples"], found["num_reference"]) == (3, 4)


def test_orders_beyond_the_length_are_left_out(write):
    assert list(compare_text(write("a", OURS), write("b", THEIRS), 2)["values"]) == ["jsd1", "jsd2"]


def test_a_file_that_is_no_text_is_one_sentence(write, tmp_path):
    (tmp_path / "c").write_bytes(b"\0\1\2")
    with pytest.raises(UserError, match="not a text file"):
        compare_text(write("a", OURS), tmp_path / "c")
    with pytest.raises(UserError, match="cannot be read"):
        compare_text(tmp_path / "missing", write("b", THEIRS))
